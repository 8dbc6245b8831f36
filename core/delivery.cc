// delivery.cc -- the spool, then the queue or the child that drains.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "delivery.hh"

#include <fmt/format.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstdlib>

#include "descriptor.hh"
#include "error.hh"
#include "fit.hh"
#include "instant.hh"
#include "log.hh"
#include "phrase.hh"
#include "process.hh"
#include "queue.hh"
#include "spool_file.hh"
#include "text.hh"

namespace sheepdog {
namespace {

constexpr std::int64_t long_wait = 3600 * 1000;  // ms: then somebody should know
constexpr std::int64_t backlog = 500;  // messages: more take longer than a job should wait

/// Our sibling `sheepdog`, also when we are another of the programs.
std::string own_program() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  const std::string self{path, size > 0 ? static_cast<std::size_t>(size) : 0};
  const std::string sibling = self.substr(0, self.rfind('/') + 1) + "sheepdog";
  return access(sibling.c_str(), X_OK) == 0 ? sibling : "sheepdog";
}

/// `path` as people write it.
std::string with_tilde(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (!home || !*home || !path.starts_with(std::string{home} + "/")) return path;
  return "~" + path.substr(std::string_view{home}.size());
}

/// What a program of ours complains of in `file`, as the end of a sentence.
std::string complaint_in(const Descriptor& file) {
  std::array<char, 4096> bytes;
  const ssize_t size = file ? pread(file.get(), bytes.data(), bytes.size(), 0) : -1;
  const std::string_view text{bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  constexpr std::string_view mark = ": error: ";
  const auto at = text.find(mark);
  if (at == text.npos) return "";
  const auto begin = at + mark.size();
  return ": " + std::string{text.substr(begin, text.find('\n', begin) - begin)};
}

}  // namespace

const char* place_name(Place place) {
  switch (place) {
    case Place::queued:
      return "queued";
    case Place::stored:
      return "stored";
    case Place::kept:
      return "kept";
    case Place::printed:
      break;
  }
  return "printed";
}

Delivery::Delivery(const Settings& settings, bool hold_back)
    : settings_{settings},
      hold_back_{hold_back},
      spool_{settings.spool, settings.spool_limits, settings.name} {}

std::size_t Delivery::post(const Json& message) {
  Posted posted;
  try {
    posted.id = spool_.put(message);
  } catch (const std::exception& e) {
    complain(fmt::format("cannot keep a message: {}", e.what()), {}, "warning");
    try {
      posted.message = fit_message(message);
    } catch (const Error&) {
      posted.message = write_json(message);
    }
  }
  posted_.push_back(std::move(posted));
  return posted_.size() - 1;
}

std::string Delivery::id(std::size_t index) const {
  const auto& id = posted_.at(index).id;
  return id ? id->to_text() : "";
}

Place Delivery::place(std::size_t index) const { return posted_.at(index).place; }

bool Delivery::waits(const MessageId& id) const {
  const std::string file = fmt::format("{}/{}/{}", spool_.directory(), id.sender,
                                       spool_name({id.seq, SpoolState::waiting}));
  return access(file.c_str(), F_OK) == 0;
}

void Delivery::hand_over(Seconds patience) {
  if (posted_.empty()) return;
  push_directly();
  if (hold_back_) return;
  try {
    settings_.standalone() ? drain(patience) : hand_over_to_queue(patience);
  } catch (const std::exception& e) {
    trouble_ = e.what();
  }
}

/// What the spool did not take.
void Delivery::push_directly() {
  for (auto& posted : posted_) {
    if (posted.message.empty()) continue;
    const std::string message = std::exchange(posted.message, {});
    try {
      Outgoing outgoing;
      outgoing.message = message;
      outgoing.sent = epoch_ms();
      open_first_queue(settings_.queues)->push({&outgoing, 1});
      posted.place = Place::queued;
    } catch (const std::exception& e) {
      posted.place = Place::printed;
      complain(fmt::format("cannot send it either: {}", e.what()), {}, "warning");
      complain(printable(message), {}, "message");
      syslog(LOG_USER | LOG_ERR, "sheepdog: message: %s", message.c_str());
    }
  }
}

/// A child that goes on with what takes longer; `error` is its stderr, else nobody hears it.
Started Delivery::start_flush(int error) const {
  std::vector<std::string> argv{own_program(), "queue", "flush"};
  if (settings_.file) argv.insert(argv.begin() + 1, {"-c", *settings_.file});
  return start_detached(argv, error);
}

void Delivery::hand_over_to_queue(Seconds patience) {
  const auto queue = open_first_queue(settings_.queues);
  if (spool_.depth().waiting > backlog) {  // ours comes after them
    queue->end_at(std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(patience));
    queue->describe();  // if it is away the user hears of it
    if (!spool_.is_drained()) static_cast<void>(start_flush());
    return;
  }
  const auto place_all = [&] {
    for (auto& posted : posted_)
      if (posted.id && !waits(*posted.id)) posted.place = Place::queued;
  };
  try {
    spool_.hand_over(*queue, patience);
  } catch (...) {
    place_all();
    throw;
  }
  place_all();
  if (spool_.depth().waiting > 0 && !spool_.is_drained()) static_cast<void>(start_flush());
}

void Delivery::drain(Seconds patience) {
  const Descriptor said{memfd_create("flush", MFD_CLOEXEC)};  // its reader may be gone before it
  const Started child = start_flush(said.get());
  if (child.pid == 0) {
    trouble_ = fmt::format("cannot start {}", own_program());
    return;
  }
  const auto status = wait_for_child(child.pid, patience);
  for (auto& posted : posted_)
    if (posted.id && status == 0 && !waits(*posted.id)) posted.place = Place::stored;
  if (status && *status != 0)
    trouble_ = fmt::format("the local queue in {} was not drained{}", with_tilde(settings_.state),
                           complaint_in(said));
}

void Delivery::tell_of_kept() const {
  const bool kept = std::any_of(posted_.begin(), posted_.end(),
                                [](const Posted& p) { return p.id && p.place == Place::kept; });
  if (kept && !trouble_.empty()) complain(trouble_, {}, "warning");
  SpoolDepth depth;
  try {
    depth = spool_.depth();
  } catch (const Error&) {
    return;  // told of when it was put
  }
  const std::int64_t age = depth.oldest ? epoch_ms() - *depth.oldest : 0;
  if (depth.waiting == 0 || (!kept && age < long_wait)) return;
  complain(
      fmt::format(
          "{} in {}{}",
          depth.waiting == 1 ? "1 message waits" : fmt::format("{} messages wait", depth.waiting),
          with_tilde(spool_.directory()), age < 1000 ? "" : " since " + duration_text(age)),
      "they go with the next message; 'sheepdog queue flush' sends them now", "warning");
}

}  // namespace sheepdog
