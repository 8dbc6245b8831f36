// spool.cc -- durable first, then handed over, then let go of.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "error.hh"
#include "fit.hh"
#include "paths.hh"
#include "spool_sender.hh"

namespace sheepdog {
namespace {

// What may be handed over and unacknowledged, and what goes in one call.
constexpr std::size_t max_sent = 1000;
constexpr std::int64_t max_sent_bytes = 8 << 20;
constexpr std::size_t chunk = 200;
constexpr std::size_t chunk_bytes = 1 << 20;
constexpr std::int64_t settling = 2000;  // ms that a server gets before an empty queue is a loss
constexpr std::int64_t long_queue = 10'000;  // entries: a server that is merely behind

using Clock = std::chrono::steady_clock;

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

bool is_sender_id(std::string_view name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == name.npos;
}

std::string new_sender_id() {
  std::array<unsigned char, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    spool_failed("find a random id");
  std::string id;
  for (const auto byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
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
  const FileLock lock{root, Clock::now() + std::chrono::seconds{5}};  // two that begin at once
  ids = own_senders(root);
  if (!ids.empty()) return ids.front();
  const auto id = new_sender_id();
  if (mkdirat(root.get(), id.c_str(), 0700)) spool_failed("make " + id);
  if (fsync(root.get())) spool_failed("flush it");
  return id;
}

std::int64_t bytes_of(const SpoolSender& sender, const std::vector<SpoolName>& names) {
  std::int64_t sum = 0;
  for (const auto& name : names)
    if (const auto status = sender.status(name)) sum += status->bytes;
  return sum;
}

void check_room(const SpoolSender& sender, const SpoolSender::Listing& listing,
                const SpoolLimits& limits) {
  const auto count = static_cast<std::int64_t>(listing.names.size());
  // Few messages cannot fill it: then the sizes need not be asked for.
  const bool may_be_full = count >= limits.bytes / static_cast<std::int64_t>(max_message);
  const auto bytes = may_be_full ? bytes_of(sender, listing.names) : 0;
  if (count < limits.messages && bytes < limits.bytes) return;
  throw Error{Error::Code::spool_failed,
              fmt::format("it is full: {} messages, {} KiB", count, bytes / 1024),
              "the queue must take them: 'sheepdog queue flush' sends them"};
}

/// `message` under its identity, as the bytes that are sent.
std::string identified(const Json& message, const std::string& sender, std::int64_t seq) {
  Json result = Json::object();
  result["sender"] = sender;
  result["seq"] = seq;
  for (const auto& [key, value] : message.items())
    if (key != "sender" && key != "seq") result[key] = value;
  return fit_message(std::move(result));
}

/// One sender's hand-over, under its lock.
class HandOver {
 public:
  HandOver(SpoolSender& sender, Queue& queue, const SpoolLimits& limits, Clock::time_point end)
      : sender_{sender}, queue_{queue}, limits_{limits}, end_{end} {}

  std::int64_t run() {
    auto listing = sender_.list();
    settle_old(listing);
    if (listing.in(SpoolState::sent).size() && settle_acknowledged(listing))
      listing = sender_.list();
    first_ = listing.first();
    const auto sent = listing.in(SpoolState::sent);
    if (!sent.empty() && seems_lost(sent)) send(sent);
    return send(within_window(sent, listing.in(SpoolState::waiting)));
  }

 private:
  /// What only kept its number, and no longer is the highest.
  void settle_old(const SpoolSender::Listing& listing) {
    auto done = listing.in(SpoolState::done);
    if (!done.empty() && done.back().number == listing.highest) done.pop_back();
    sender_.settle(done);
  }

  /// An acknowledgement above the highest number is not of this spool: it counts for nothing.
  bool settle_acknowledged(const SpoolSender::Listing& listing) {
    const auto upto = queue_.acknowledged(sender_.id()).value_or(0);
    auto names = listing.in(SpoolState::sent);
    std::erase_if(names, [&](const auto& name) { return name.number > upto; });
    if (upto > listing.highest || names.empty()) return false;
    sender_.settle(names);
    return true;
  }

  /// Whether the queue lost what it had: it is empty although nothing was acknowledged, or the
  /// time to send again has come. The file's own times serve: at worst a duplicate is sent.
  bool seems_lost(const std::vector<SpoolName>& sent) {
    const auto newest = sender_.status(sent.back());
    const auto oldest = sender_.status(sent.front());
    if (!newest || !oldest) return false;
    const auto now = now_ms();
    const auto resend = std::chrono::ceil<std::chrono::milliseconds>(limits_.resend).count();
    const bool settled = std::abs(now - newest->changed) >= settling;
    const bool overdue = std::abs(now - oldest->changed) >= resend;
    if (!settled && !overdue) return false;
    const auto depth = queue_.depth();
    const auto length = depth.waiting + depth.claimed;
    return (settled && length == 0) || (overdue && length < long_queue);
  }

  /// As many of `waiting` as may be underway beside `sent`.
  std::vector<SpoolName> within_window(const std::vector<SpoolName>& sent,
                                       std::vector<SpoolName> waiting) {
    if (queue_.durable()) return waiting;
    std::size_t count = sent.size();
    std::int64_t bytes = bytes_of(sender_, sent);
    std::size_t fit = 0;
    for (; fit < waiting.size() && count < max_sent && bytes < max_sent_bytes; ++fit, ++count)
      if (const auto status = sender_.status(waiting[fit])) bytes += status->bytes;
    waiting.resize(fit);
    return waiting;
  }

  std::int64_t send(const std::vector<SpoolName>& names) {
    std::int64_t count = 0;
    for (std::size_t at = 0; at < names.size() && Clock::now() < end_;) {
      std::vector<Outgoing> messages;
      std::vector<SpoolName> taken;
      for (std::size_t bytes = 0; at < names.size() && taken.size() < chunk && bytes < chunk_bytes;
           ++at)
        if (auto file = sender_.read(names[at]); file.trouble.empty()) {
          bytes += file.message.size();
          messages.push_back({std::move(file.message), now_ms(), first_});
          taken.push_back(names[at]);
        } else {
          sender_.put_aside(names[at], file.trouble);
        }
      if (taken.empty()) continue;
      queue_.push(messages);
      if (queue_.durable()) {
        sender_.settle(taken);
      } else {
        sender_.mark_sent(taken);
      }
      count += static_cast<std::int64_t>(taken.size());
    }
    return count;
  }

  SpoolSender& sender_;
  Queue& queue_;
  const SpoolLimits& limits_;
  Clock::time_point end_;
  std::int64_t first_ = 0;
};

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

/// The queue's calls end in time while this lives.
class QueueEnd {
 public:
  QueueEnd(Queue& queue, Clock::time_point end) : queue_{queue} { queue_.end_at(end); }
  ~QueueEnd() { queue_.end_at({}); }
  QueueEnd(const QueueEnd&) = delete;

 private:
  Queue& queue_;
};

}  // namespace

std::string MessageId::to_text() const { return fmt::format("{}:{}", sender.substr(0, 4), seq); }

Spool::Spool(std::string directory, SpoolLimits limits)
    : directory_{std::move(directory)}, limits_{limits} {}

MessageId Spool::put(Json message) {
  if (!message.is_object()) throw Error{Error::Code::bad_message, "a message is a JSON object"};
  return in_spool(directory_, [&] {
    try {
      make_directory(directory_, 0700U);
    } catch (const Error& e) {
      throw Error{Error::Code::spool_failed, e.what()};
    }
    const auto root = open_root(directory_);
    SpoolSender sender{root, sender_id(root)};
    const auto lock = sender.lock();
    const auto listing = sender.list();
    sender.clean(listing);
    check_room(sender, listing, limits_);
    const auto number = listing.highest + 1;
    sender.write(number, identified(message, sender.id(), number));
    return MessageId{sender.id(), number};
  });
}

std::int64_t Spool::hand_over(Queue& queue, Seconds patience) {
  if (access(directory_.c_str(), F_OK)) return 0;  // nothing was ever put
  return in_spool(directory_, [&] {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
    const QueueEnd ends{queue, end};
    const auto root = open_root(directory_);
    std::int64_t count = 0;
    for (const auto& id : own_senders(root)) {
      SpoolSender sender{root, id};
      const auto file = sender.hand_over_file();
      const FileLock lock{file, end};
      if (lock) count += HandOver{sender, queue, limits_, end}.run();
    }
    return count;
  });
}

SpoolDepth Spool::depth() const {
  SpoolDepth depth;
  if (access(directory_.c_str(), F_OK)) return depth;
  return in_spool(directory_, [&] {
    const auto root = open_root(directory_);
    for (const auto& id : own_senders(root)) {
      const SpoolSender sender{root, id};
      const auto listing = sender.list();
      const auto waiting = listing.in(SpoolState::waiting);
      const auto sent = listing.in(SpoolState::sent);
      depth.waiting += static_cast<std::int64_t>(waiting.size());
      depth.sent += static_cast<std::int64_t>(sent.size());
      depth.bytes += bytes_of(sender, waiting) + bytes_of(sender, sent);
      if (waiting.empty()) continue;
      const auto status = sender.status(waiting.front());
      if (status && (!depth.oldest || status->written < *depth.oldest))
        depth.oldest = status->written;
    }
    const Descriptor bad{openat(root.get(), "bad", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (bad)
      for (const auto& name : list_directory(bad)) depth.bad += !name.ends_with(".reason");
    return depth;
  });
}

}  // namespace sheepdog
