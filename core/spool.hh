// spool.hh -- messages kept on the machine until the queue has them (PROMISES R1-R3).
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json.hh"
#include "queue.hh"

namespace sheepdog {

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
};

/// A directory of messages, one file each, no index: the listing is the state. Below it stands a
/// directory for each sender, named by its id; only those of our own user are touched. Several
/// processes may use it at once (flock). Errors: Error::spool_failed with path and errno's text.
class Spool {
 public:
  /// Nothing is touched before the first put().
  explicit Spool(std::string directory, SpoolLimits limits = {});

  /// Give `message` (an object) its `sender` and `seq`, bound it to 256 KiB, and make it durable:
  /// at return it survives a power cut. Error::bad_message: no object, or too large without its
  /// output.
  MessageId put(Json message);

  /// Hand over what waits, in order, while `patience` lasts; what the queue has acknowledged is
  /// removed, what it seems to have lost goes again. How many new messages were handed over.
  /// Errors of the queue pass through; what was handed over until then stays so. When another
  /// process is handing over all this time: 0.
  std::int64_t hand_over(Queue& queue, Seconds patience);

  [[nodiscard]] SpoolDepth depth() const;
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  SpoolLimits limits_;
};

}  // namespace sheepdog
