// spool.hh -- messages kept on the machine until the queue has them and the server says so.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json.hh"
#include "queue.hh"

namespace sheepdog {

class SpoolLosses;

/// `sender` is 32 hex digits; shown to people as `3f9c:44`.
struct MessageId {
  std::string sender;
  std::int64_t seq = 0;
  [[nodiscard]] std::string to_text() const;
};

struct SpoolLimits {
  std::int64_t bytes = 64LL << 20;
  std::int64_t messages = 100'000;
  Seconds resend{600};  // after which what was handed over and not acknowledged goes again
};

struct SpoolDepth {
  std::int64_t waiting = 0;                 // `.new`: the queue does not have them
  std::int64_t sent = 0;                    // `.sent`: not acknowledged yet
  std::int64_t bad = 0;                     // damaged, in `bad/`
  std::int64_t bytes = 0;                   // of both
  std::optional<std::int64_t> oldest = {};  // epoch ms of the oldest waiting
  void add(const SpoolDepth& other);
};

/// A directory of messages, one file each, no index: the listing is the state. Below it stands a
/// directory for each sender, named by its id; only those of our own user are touched. Several
/// processes may use it at once (flock). Errors: Error::spool_failed with path and errno's text.
///
/// What it has to say of itself -- how many messages a full spool let go of, which file was
/// damaged, that it has a new id -- are messages of the subject HOST/sheepdog spool. They have a
/// spool of their own inside, so that they go before what waits.
class Spool {
 public:
  /// Nothing is touched before the first put(). `host` is that of its own messages.
  explicit Spool(std::string directory, SpoolLimits limits = {}, std::string host = {});

  /// Give `message` (an object) its `sender` and `seq`, bound it to 256 KiB, and make it durable:
  /// at return it survives a power cut. A full spool makes room first (see spool_room.hh).
  /// Error::bad_message: no object, or too large without its output.
  MessageId put(Json message);

  /// Hand over what waits, in order, while `patience` lasts, as much as may be underway; what the
  /// server has is removed, what the queue seems to have lost goes again. How many new messages
  /// were handed over. Errors of the queue pass through; what was handed over until then stays so.
  /// When another process is handing over all this time: 0.
  std::int64_t hand_over(Queue& queue, Seconds patience);

  /// The same, at most 1000 a second, until nothing waits; gives up when nothing moves for
  /// `patience`, and after `limit`. When another process is draining: 0 at once, since that one
  /// sends what was put before.
  std::int64_t drain(Queue& queue, Seconds patience, Seconds limit);

  /// Whether another process is draining: it sends what was put before.
  [[nodiscard]] bool is_drained() const;

  [[nodiscard]] SpoolDepth depth() const;
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  [[nodiscard]] Spool notes_of(const std::string& sender) const;
  void note(const std::string& sender, const Json& words) const;
  void note_losses(const std::string& sender, SpoolLosses losses) const;
  template <typename Work>
  std::int64_t with_senders(Queue& queue, Seconds patience, Work work);

  std::string directory_;
  SpoolLimits limits_;
  std::string host_;
};

}  // namespace sheepdog
