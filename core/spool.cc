// spool.cc -- durable first, then handed over, then let go of.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "error.hh"
#include "instant.hh"
#include "paths.hh"
#include "spool_change.hh"
#include "spool_hand_over.hh"
#include "spool_loss.hh"
#include "spool_room.hh"
#include "spool_sender.hh"

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t chunk = 200;  // messages of a drain at once
constexpr double rate = 1000;        // messages of a drain a second
constexpr Seconds look{0.1};         // at a queue that has not acknowledged what is underway

Deadline after(Seconds duration) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(duration);
}

/// Open the spool. Who else may write into it could plant messages.
Descriptor open_root(const std::string& directory) {
  Descriptor root{open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat status {};
  if (!root || fstat(root.get(), &status)) spool_failed("open it");
  if (status.st_uid != geteuid() && status.st_uid != 0 && geteuid() != 0)
    throw Error{Error::Code::spool_failed, "it belongs to another user"};
  if (status.st_mode & S_IWOTH)
    throw Error{Error::Code::spool_failed,
                fmt::format("others can write it (mode {:o})", status.st_mode & 07777U)};
  return root;
}

/// The ids of our user's senders, sorted: another user's are closed to us.
std::vector<std::string> own_senders(const Descriptor& root) {
  std::vector<std::string> ids;
  for (auto& name : list_directory(root)) {
    struct stat status {};
    if (is_sender_id(name) && !fstatat(root.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) &&
        S_ISDIR(status.st_mode) && status.st_uid == geteuid())
      ids.push_back(std::move(name));
  }
  return ids;
}

/// The sender that we put under; made when there is none yet.
std::string sender_id(const Descriptor& root) {
  auto ids = own_senders(root);
  if (!ids.empty()) return ids.front();
  const FileLock lock{root, after(Seconds{5})};  // two that begin at once
  ids = own_senders(root);
  if (!ids.empty()) return ids.front();
  const auto id = new_sender_id();
  if (mkdirat(root.get(), id.c_str(), 0700)) spool_failed("make " + id);
  if (fsync(root.get())) spool_failed("flush it");
  return id;
}

/// Do `work`; its errors then say which spool.
template <typename Work>
auto in_spool(const std::string& directory, Work work) {
  try {
    return work();
  } catch (const Error& e) {
    if (e.code() != Error::Code::spool_failed) throw;
    throw Error{e.code(), fmt::format("spool {}: {}", directory, e.what()), e.hint()};
  }
}

/// When the oldest waiting message of `sender` was put, epoch ms.
std::optional<std::int64_t> since(const SpoolSender& sender, const SpoolTally& tally) {
  if (tally.waiting == 0) return {};
  const auto status = sender.status({tally.oldest, SpoolState::waiting});
  return status ? std::optional{status->written} : std::nullopt;
}

/// Hand over until nothing waits, nothing moves for `patience`, or `end`.
std::int64_t go_on(SpoolHandOver& sender, bool unbounded, Seconds patience, Deadline end) {
  std::int64_t count = 0;
  for (auto give_up = after(patience);;) {
    const auto began = Clock::now();
    const auto went = sender.go(chunk, std::min(end, after(patience)));
    count += went;
    if (went > 0) give_up = after(patience);
    if (!sender.waits() || Clock::now() >= std::min(give_up, end)) return count;
    const auto pace = std::max(look, Seconds{static_cast<double>(went) / rate});
    if (!unbounded)
      std::this_thread::sleep_until(began + std::chrono::duration_cast<Clock::duration>(pace));
  }
}

bool is_there(const std::string& directory) { return access(directory.c_str(), F_OK) == 0; }

}  // namespace

void SpoolDepth::add(const SpoolDepth& other) {
  waiting += other.waiting;
  sent += other.sent;
  bad += other.bad;
  bytes += other.bytes;
  if (other.oldest && (!oldest || *other.oldest < *oldest)) oldest = other.oldest;
}

std::string MessageId::to_text() const { return fmt::format("{}:{}", sender.substr(0, 4), seq); }

Spool::Spool(std::string directory, SpoolLimits limits, std::string host)
    : directory_{std::move(directory)},
      limits_{limits},
      host_{host.empty() ? short_host_name() : std::move(host)} {}

Spool Spool::notes_of(const std::string& sender) const {
  return Spool{fmt::format("{}/{}/{}", directory_, sender, SpoolSender::notes_name),
               SpoolLimits{.resend = limits_.resend}, host_};
}

/// Keep a message about `sender`'s directory. `words`: its fields `summary` and `fields`.
void Spool::note(const std::string& sender, const Json& words) const {
  Json message{{"host", host_}, {"monitor", "note"}, {"tag", "sheepdog spool"}, {"kind", "log"}};
  message["time"] = static_cast<double>(epoch_ms()) / 1000;
  message.update(words);
  notes_of(sender).put(std::move(message));
}

/// Keep a message about `losses`; earlier ones that still wait become a part of it, so that a long
/// outage does not fill the spool with counts.
void Spool::note_losses(const std::string& sender, SpoolLosses losses) const {
  const Spool notes = notes_of(sender);
  if (!is_there(notes.directory_)) return note(sender, losses.message());
  const auto root = open_root(notes.directory_);
  const SpoolSender inner{root, sender_id(root)};
  const auto file = inner.hand_over_file();
  const FileLock nobody_sends{file, {}};
  std::vector<SpoolName> earlier;
  if (nobody_sends) earlier = SpoolChange{inner}.list().in(SpoolState::waiting);
  std::erase_if(earlier, [&](const SpoolName& name) {
    try {
      return !losses.add(read_json(inner.read(name).message));
    } catch (const Error&) {
      return true;
    }
  });
  note(sender, losses.message());
  SpoolChange{inner}.settle(earlier);
}

MessageId Spool::put(Json message) {
  if (!message.is_object()) throw Error{Error::Code::bad_message, "a message is a JSON object"};
  return in_spool(directory_, [&] {
    try {
      make_directory(directory_, 0700U);
    } catch (const Error& e) {
      throw Error{Error::Code::spool_failed, e.what()};
    }
    const auto root = open_root(directory_);
    for (;;) {
      const SpoolSender sender{root, sender_id(root)};
      SpoolChange change{sender};
      if (!sender.in_place()) continue;  // it has got a new id
      const auto number = change.tally().highest + 1;
      const auto bytes = identified(message, sender.id(), number);
      const auto size = static_cast<std::int64_t>(bytes.size());
      if (is_full(change.tally(), size, limits_))
        make_room(change, size, limits_,
                  [&](const SpoolLosses& losses) { note_losses(sender.id(), losses); });
      change.write(bytes);
      return MessageId{sender.id(), number};
    }
  });
}

/// Do `work` with each of our senders; what it tells of itself goes before and after.
template <typename Work>
std::int64_t Spool::with_senders(Queue& queue, Seconds patience, Work work) {
  if (!is_there(directory_)) return 0;  // nothing was ever put
  return in_spool(directory_, [&] {
    const auto root = open_root(directory_);
    std::int64_t count = 0;
    for (const auto& id : own_senders(root)) {
      auto now = id;
      bool told = true;
      SpoolHandOver sender{root, id, queue, limits_,
                           [&](const std::string& sender_id, const Json& words) {
                             note(now = sender_id, words);
                             told = true;
                           }};
      const auto hand_over_notes = [&] {
        if (std::exchange(told, false)) notes_of(now).hand_over(queue, patience);
      };
      hand_over_notes();
      count += work(sender);
      hand_over_notes();
    }
    return count;
  });
}

std::int64_t Spool::hand_over(Queue& queue, Seconds patience) {
  const auto end = after(patience);
  return with_senders(queue, patience,
                      [&](SpoolHandOver& sender) { return sender.go(no_limit, end); });
}

std::int64_t Spool::drain(Queue& queue, Seconds patience, Seconds limit) {
  const auto end = after(limit);
  return with_senders(queue, patience, [&](SpoolHandOver& sender) {
    const auto file = sender.sender().drain_file();
    std::int64_t count = 0;
    do {
      // A queue of this machine has it soon: that is waited for.
      const FileLock alone{file, queue.durable() ? std::min(end, after(patience)) : Deadline{}};
      if (!alone) break;
      const auto went = go_on(sender, queue.durable(), patience, end);
      count += went;
      if (went == 0) break;
    } while (Clock::now() < end && sender.look());  // who was refused the lock relies on us
    return count;
  });
}

bool Spool::is_drained() const {
  if (!is_there(directory_)) return false;
  const auto root = open_root(directory_);
  const auto ids = own_senders(root);
  return std::any_of(ids.begin(), ids.end(), [&](const auto& id) {
    const auto file = SpoolSender{root, id}.drain_file();
    return !FileLock{file, {}};
  });
}

SpoolDepth Spool::depth() const {
  SpoolDepth depth;
  if (!is_there(directory_)) return depth;
  return in_spool(directory_, [&] {
    const auto root = open_root(directory_);
    for (const auto& id : own_senders(root)) {
      const SpoolSender sender{root, id};
      const auto tally = SpoolChange{sender}.tally();
      depth.add({.waiting = tally.waiting,
                 .sent = tally.sent,
                 .bytes = tally.bytes,
                 .oldest = since(sender, tally)});
      depth.add(notes_of(id).depth());
    }
    const Descriptor bad{openat(root.get(), "bad", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (bad)
      for (const auto& name : list_directory(bad)) depth.bad += !name.ends_with(".reason");
    return depth;
  });
}

}  // namespace sheepdog
