// queue.hh -- the queue between machines and server: what every transport can do.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "seconds.hh"

namespace sheepdog {

/// One message on its way to the queue; `message` are the exact bytes, the same at every resend.
struct Outgoing {
  std::string message;
  std::int64_t sent = 0;   // epoch ms, the sender's clock at the hand-over
  std::int64_t first = 0;  // all its sender's numbers below this one are settled; 0: not said
  std::int64_t prior = -1;  // those between this one and its own are given up; -1: not said
  std::string key = {}, signature = {};  // empty: not signed
};

/// One message claimed from the queue.
struct Entry {
  std::string id = {};                    // the queue's own identity of the entry
  std::string message = {};               // the bytes; of a foreign entry its fields, as text
  std::int64_t length = 0;                // of the whole message; `message` has 256 KiB at most
  std::optional<std::int64_t> sent = {};  // epoch ms
  std::int64_t received = 0;              // epoch ms: when the queue took it
  std::int64_t first = 0, prior = -1;     // as in Outgoing
  std::string key = {}, signature = {};
  std::string trouble = {};  // not empty: no message of ours, and why ("no field 'message'")
};

/// The most bytes of a message that anyone keeps (MESSAGE.md), and of a batch of them about.
inline constexpr std::size_t max_message = 256 * 1024;
inline constexpr std::size_t max_batch = 8 * 1024 * 1024;

/// Note the `length` of an entry just read; of one over `max_message` keep the beginning, and say
/// so as `trouble`.
void bound(Entry& entry);

struct Depth {
  std::int64_t waiting = 0;                 // entries that nobody has claimed
  std::int64_t claimed = 0;                 // claimed and not acknowledged
  std::optional<std::int64_t> oldest = {};  // epoch ms of the oldest of them
};

/// Sender -> highest sequence number up to which everything is committed.
using Acknowledgements = std::map<std::string, std::int64_t>;

/// A transport. Whatever it cannot do throws Error::queue_unreachable (later may help) or
/// Error::queue_refused (the queue's own words are in the text); every call ends within its time
/// limit, name look-up included. After an error the next call connects anew.
class Queue {
 public:
  virtual ~Queue() = default;

  /// Let no call last beyond `end`, whatever its own limit is; nothing: no such end.
  void end_at(std::optional<std::chrono::steady_clock::time_point> end) { end_ = end; }

  /// Hand over all of `messages`, in order.
  virtual void push(std::span<const Outgoing> messages) = 0;

  /// Whether what push() took survives a power cut, so that a spool may let go of it at once
  /// (the local queue); else it keeps it until it is acknowledged.
  [[nodiscard]] virtual bool durable() const = 0;

  /// At most `limit` messages and about 8 MiB; waits at most `patience` for the first. Entries
  /// that this worker claimed and has not acknowledged come first, then those of dead workers.
  virtual std::vector<Entry> claim(int limit, Seconds patience) = 0;

  /// The entries `ids` are committed: forget them, and tell senders how far everything is.
  virtual void acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) = 0;

  /// How far everything of `sender` is committed, if that is known.
  virtual std::optional<std::int64_t> acknowledged(const std::string& sender) = 0;

  virtual Depth depth() = 0;

  /// Talk to it once; what it is: "redis 7.0.15 at localhost:7777", "local queue in DIR".
  virtual std::string describe() = 0;

  /// An identity that outlives reconnections, for messages without a sender:
  /// "redis:localhost:7777/0:sheepdog".
  [[nodiscard]] virtual std::string identity() const = 0;

 protected:
  /// When a call that may take `limit` and begins now has to be over.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline(Seconds limit) const;

 private:
  std::optional<std::chrono::steady_clock::time_point> end_;
};

/// Which queue, as the configuration says it.
struct QueueAddress {
  enum class Transport { local, redis };
  Transport transport = Transport::local;
  std::string host = "localhost";  // redis over TCP
  int port = 6379;
  std::string socket;     // redis over a Unix socket, when not empty
  int database = 0;       // of Redis
  std::string directory;  // of the local queue
  std::string channel = "sheepdog";
  std::string user, password;
  std::function<std::string()> secret;  // gives the password when it is needed; may throw Error
  Seconds timeout{2.0};
  std::vector<std::string> inboxes;  // more Redis lists to read (the server)

  /// For people: "localhost:7777", "/run/redis.sock", "DIR".
  [[nodiscard]] std::string place() const;
};

/// How a local queue is opened in this process: one that has SQLite says so by this. Until then it is
/// a LocalPush, to which messages only go.
using LocalOpener = std::unique_ptr<Queue> (*)(const std::string& directory);
void open_local_queues_by(LocalOpener opener);

/// Open the queue; connects at the first use, so this itself throws only for nonsense. `worker`
/// names who claims, HOST:PID:RANDOM; empty: such a name is made when it is needed.
std::unique_ptr<Queue> open_queue(const QueueAddress& address, const std::string& worker = {});

/// Several addresses: the first that answers, all of them together asked no longer than the first
/// one's time limit; if none does, the error of the first. A single one is not asked.
std::unique_ptr<Queue> open_first_queue(std::span<const QueueAddress> addresses,
                                        const std::string& worker = {});

}  // namespace sheepdog
