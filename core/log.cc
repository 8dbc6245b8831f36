// log.cc -- one line a call, wherever it goes.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "log.hh"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <system_error>
#include <utility>

#include "descriptor.hh"
#include "error.hh"
#include "text.hh"

namespace sheepdog {

namespace {

struct LevelName {
  std::string_view name;
  int priority;  // of syslog(3) and the journal
};

/// By Level.
constexpr std::array<LevelName, 5> levels{{{"error", LOG_ERR},
                                           {"warning", LOG_WARNING},
                                           {"notice", LOG_NOTICE},
                                           {"info", LOG_INFO},
                                           {"debug", LOG_DEBUG}}};

const LevelName& of(Level level) { return levels.at(static_cast<std::size_t>(level)); }

/// Does the journal read our stderr? It may have been redirected since $JOURNAL_STREAM was set
/// (systemd.exec(5)).
bool stderr_is_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (!stream || fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

/// Write all of `text`, or give up: a log must not keep anything waiting for good.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// Where the log of this process goes. There is one process and one log: the only state of its
/// kind in the house, behind a lock because queue and job threads log too.
struct Log {
  enum class Kind { standard_error, syslog, file };

  std::mutex mutex;
  std::string program = "sheepdog";  // syslog(3) keeps a pointer to it
  Kind kind = Kind::standard_error;
  Level most = Level::notice;
  Descriptor file;
  bool journal = stderr_is_journal();

  void write(Level level, std::string_view text) const;
};

void Log::write(Level level, std::string_view text) const {
  const auto& [name, priority] = of(level);
  const std::string line =
      fmt::format("{}{}", level == Level::notice ? "" : fmt::format("{}: ", name), printable(text));
  std::string whole = fmt::format("{}: {}\n", program, line);
  if (kind == Kind::file) {
    std::tm local{};
    const std::time_t now = std::time(nullptr);
    whole = fmt::format("{:%F %T} {}", *localtime_r(&now, &local), whole);
    if (write_all(file.get(), whole)) return;
  } else if (kind == Kind::standard_error) {
    if (journal) whole = fmt::format("<{}>{}", priority, whole);
    write_all(STDERR_FILENO, whole);
    return;
  }
  ::syslog(priority, "%s", line.c_str());  // also what a file did not take: a full disk
}

Log& the_log() {
  static Log log;
  return log;
}

Descriptor open_file(const std::string& file) {
  // Not blocking: a FIFO that nobody reads is an error, not a halt.
  Descriptor fd{
      open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)};
  if (!fd)
    throw Error{Error::Code::bad_configuration,
                fmt::format("cannot write the log '{}': {}", printable(file),
                            std::generic_category().message(errno))};
  return fd;
}

}  // namespace

void open_log(std::string_view program, const LogTarget& target) {
  const bool standard = target.where == "stderr", syslog = target.where == "syslog";
  Descriptor file = standard || syslog ? Descriptor{} : open_file(target.where);
  Log& log = the_log();
  const std::lock_guard lock{log.mutex};
  log.program = program;
  log.kind = standard ? Log::Kind::standard_error : syslog ? Log::Kind::syslog : Log::Kind::file;
  log.most = target.most;
  log.file = std::move(file);
  log.journal = stderr_is_journal();
  ::openlog(log.program.c_str(), LOG_PID, LOG_DAEMON);
}

void log(Level level, std::string_view text) {
  try {
    const Log& log = the_log();
    const std::lock_guard lock{the_log().mutex};
    if (level <= log.most) log.write(level, text);
  } catch (...) {
    // Out of memory, most likely: what is being done matters more than that it is told.
  }
}

void complain(std::string_view text, std::string_view hint, std::string_view kind) {
  std::string whole = fmt::format("{}: {}: {}\n", program_name(), kind, printable(text));
  if (!hint.empty()) whole += fmt::format("hint: {}\n", printable(hint));
  write_all(STDERR_FILENO, whole);
}

bool is_log_place(std::string_view where) {
  return where == "stderr" || where == "syslog" ||
         (where.find('/') != where.npos && !where.ends_with('/'));
}

const std::string& program_name() { return the_log().program; }

bool parse_level(std::string_view name, Level& level) {
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].name != name) continue;
    level = static_cast<Level>(i);
    return true;
  }
  return false;
}

}  // namespace sheepdog
