// settings.cc -- from the entries of a configuration and of what it includes.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "settings.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <map>

#include "log.hh"
#include "redact.hh"
#include "secret.hh"
#include "settings_queue.hh"
#include "settings_values.hh"
#include "text.hh"

namespace sheepdog {
namespace {

constexpr std::int64_t supported_version = 0;
constexpr std::size_t deepest_include = 4;
constexpr auto no_limit = std::numeric_limits<std::int64_t>::max();

/// `given` when there is something, else what was there: a wrong value changes nothing.
template <typename T, typename U>
void take(T& setting, std::optional<U> given) {
  if (given) setting = static_cast<T>(*std::move(given));
}

template <typename T>
void take(std::optional<T>& setting, std::optional<T> given) {
  if (given) setting = std::move(given);
}

template <typename T>
void append(std::vector<T>& list, std::vector<T> more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

std::string directory_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, std::max<std::size_t>(slash, 1));
}

/// `file` as seen from the configuration `from`.
std::string resolve(const std::string& file, const std::string& from) {
  if (file.starts_with('/') || directory_of(from) == ".") return file;
  return directory_of(from) + "/" + file;
}

class SettingsReader {
 public:
  explicit SettingsReader(Settings& settings) : settings_{settings} {}

  void read(const std::string& file, std::vector<std::string> above) {
    settings_.files.push_back(file);
    auto reading = read_data_file(file);
    append(settings_.problems, std::move(reading.problems));
    for (const auto& datum : reading.data) {
      if (!datum.is_list() || datum.items.empty() || !datum.items[0].is_symbol("config")) continue;
      for (std::size_t i = 1; i < datum.items.size(); ++i)
        take_entry({datum.items[i], file, settings_.problems}, file, above);
      break;  // a second (config ...) is an error, and not in force
    }
  }

  void finish(const Paths& paths) {
    auto& s = settings_;
    const auto errors = std::count_if(s.problems.begin(), s.problems.end(),
                                      [](const auto& problem) { return !problem.warning; });
    s.understood = errors == 0 && !misspelt_;
    s.queues = queues_.addresses(s.state);
    s.queue_named = !s.queues.empty();
    if (!s.queue_named) s.queues = {local_queue(s.state)};
    for (auto& queue : s.queues) queue.inboxes = inboxes_;
    // Two users who name one directory share its database too.
    const auto& first = s.queues.front();
    if (!s.database && first.transport == QueueAddress::Transport::local &&
        first.directory != s.state)
      s.database = first.directory + "/sheepdog.db";
    if (s.must_wait()) s.spool = paths.spool;
  }

 private:
  using Take = void (SettingsReader::*)(const EntryValues&);

  void take_entry(const EntryValues& entry, const std::string& file,
                  const std::vector<std::string>& above) {
    const auto& key = entry.key();
    file_ = file;
    if (key == "include") {
      for (const auto& name : entry.texts()) include(entry, resolve(name, file), file, above);
    } else if (queues_.take(entry, file)) {
      return;
    } else if (!take_job(entry) && !take_place(entry)) {
      misspelt_ = misspelt_ || queues_.resembles(key);
    }
  }

  void include(const EntryValues& entry, const std::string& name, const std::string& file,
               std::vector<std::string> above) {
    above.push_back(file);
    const auto circle = std::find(above.begin(), above.end(), name);
    if (circle != above.end()) {
      entry.complain(fmt::format("includes itself: {} -> {}", fmt::join(above, " -> "), name), {},
                     entry.plain().front());
    } else if (above.size() > deepest_include) {
      entry.complain(fmt::format("included more than {} deep", deepest_include), {},
                     entry.plain().front());
    } else {
      read(name, std::move(above));
    }
  }

  /// How a job is run and judged.
  bool take_job(const EntryValues& entry) {
    auto& s = settings_;
    const auto& key = entry.key();
    if (key == "monitor") {
      if (const auto name = entry.name()) s.monitor = monitor_name(*name);
    } else if (key == "always") {
      take(s.always, entry.yes_or_no());
    } else if (key == "quiet") {
      take(s.quiet, entry.yes_or_no());
    } else if (key == "start") {
      take(s.start, entry.yes_or_no());
    } else if (key == "lock") {
      take_lock(entry);
    } else if (key == "timeout") {
      take(s.timeout, entry.duration());
    } else if (key == "not-quicker") {
      take(s.not_quicker, entry.duration());
    } else if (key == "ok-status") {
      append(s.ok_status, entry.statuses());
    } else if (key == "warn-status") {
      append(s.warn_status, entry.statuses());
    } else if (key == "fail-pattern") {
      append(s.fail_pattern, entry.texts());
    } else if (key == "warn-pattern") {
      append(s.warn_pattern, entry.texts());
    } else if (key == "need-pattern") {
      append(s.need_pattern, entry.texts());
    } else {
      return false;
    }
    return true;
  }

  /// Who we are, where things lie, what is kept of output.
  bool take_place(const EntryValues& entry) {
    auto& s = settings_;
    const auto& key = entry.key();
    if (key == "version") {
      take_version(entry);
    } else if (key == "name") {
      take(s.name, entry.text());
    } else if (key == "spool") {
      take_spool(entry);
    } else if (key == "capture") {
      for (const auto& option : entry.options()) {
        if (option.key() == "head") take(s.head, option.size());
        if (option.key() == "tail") take(s.tail, option.size());
      }
    } else if (key == "redact") {
      take_redact(entry);
    } else if (key == "mailto") {
      for (auto& address : entry.texts())
        if (!address.empty()) s.mailto.push_back(std::move(address));
    } else if (key == "user") {
      take(s.user, entry.text());
    } else if (key == "log") {
      take_log(entry);
    } else if (key == "database") {
      if (auto file = entry.text()) s.database = resolve(*file, file_);
    } else if (key == "inbox") {
      append(inboxes_, entry.texts());
    } else {
      return false;
    }
    return true;
  }

  void take_version(const EntryValues& entry) {
    const auto version = entry.number(0, no_limit);
    if (version.value_or(0) > supported_version)
      entry.complain(fmt::format("version {} needs a newer sheepdog, this one reads {}", *version,
                                 supported_version),
                     {}, entry.plain().front());
  }

  void take_lock(const EntryValues& entry) {
    const bool is_text = entry.plain().size() == 1 && entry.plain()[0]->kind == Datum::Kind::string;
    if (is_text) {
      take(settings_.lock, entry.duration());
    } else if (const auto wanted = entry.yes_or_no()) {
      settings_.lock.reset();
      if (*wanted) settings_.lock = Seconds{0};
    }
  }

  void take_spool(const EntryValues& entry) {
    auto& limits = settings_.spool_limits;
    if (!entry.plain().empty())
      if (auto directory = entry.text()) settings_.spool = resolve(*directory, file_);
    for (const auto& option : entry.options()) {
      if (option.key() == "max-size") take(limits.bytes, option.size());
      if (option.key() == "max-messages") take(limits.messages, option.number(1, no_limit));
      if (option.key() == "resend") take(limits.resend, option.duration());
    }
  }

  void take_redact(const EntryValues& entry) {
    auto& expressions = settings_.redact;
    const auto& usual = default_redactions();
    if (entry.plain().size() == 1 && entry.plain()[0]->is_symbol("none")) {
      std::erase_if(expressions, [&](const auto& expression) {
        return std::find(usual.begin(), usual.end(), expression) != usual.end();
      });
    } else {
      append(expressions, entry.texts());
    }
  }

  void take_log(const EntryValues& entry) {
    const auto where = entry.name();
    if (!where) return;
    const bool is_word = *where == "stderr" || *where == "syslog";
    if (!is_log_place(*where) || (!is_word && entry.plain()[0]->kind == Datum::Kind::symbol)) {
      entry.wants("syslog, stderr or a FILE with a slash", *entry.plain()[0],
                  "such as \"./sheepdog.log\"");
      return;
    }
    settings_.log = {is_word ? *where : resolve(*where, file_)};
    for (const auto& option : entry.options())
      if (option.key() == "level")
        if (const auto level = option.name()) settings_.log.push_back(*level);
  }

  Settings& settings_;
  SettingsQueues queues_;
  std::vector<std::string> inboxes_;
  std::string file_;       // the one being read
  bool misspelt_ = false;  // a key that looks like one that names the queue
};

}  // namespace

bool Settings::standalone() const {
  return !must_wait() && queues.front().transport == QueueAddress::Transport::local;
}

std::string monitor_name(std::string_view name) {
  constexpr std::string_view prefix = "monitor-";
  if (name.starts_with(prefix) && name.size() > prefix.size()) name.remove_prefix(prefix.size());
  return std::string{name};
}

Settings read_settings(const std::optional<std::string>& file, const Paths& paths) {
  Settings settings;
  settings.file = file;
  settings.name = short_host_name();
  settings.spool = paths.spool;
  settings.state = paths.state;
  settings.redact = default_redactions();
  SettingsReader reader{settings};
  if (file) reader.read(*file, {});
  reader.finish(paths);
  return settings;
}

}  // namespace sheepdog
