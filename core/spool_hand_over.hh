// spool_hand_over.hh -- one sender's messages on their way to the queue, in order.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "file_lock.hh"
#include "json.hh"
#include "queue.hh"
#include "spool.hh"
#include "spool_change.hh"
#include "spool_sender.hh"

namespace sheepdog {

/// `message` under its identity, which comes first, as the bytes that are sent; see fit_message.
std::string identified(const Json& message, const std::string& sender, std::int64_t seq);

/// For how long, in ms, what is sent may be acknowledged before it goes again because the queue is
/// empty, after so many `resends` in vain: from 2 s on doubled, at most `overdue`.
std::int64_t resend_pause(std::int64_t resends, std::int64_t overdue);

/// Lists once, however many goes it takes: what others do meanwhile shows in the tally. At most
/// 1000 messages or 8 MiB are with a queue that has not acknowledged them, and no more than a
/// quarter of what the spool may hold: the rest is for what the queue does not have.
class SpoolHandOver {
 public:
  /// Hears what the server should know of `sender`'s directory: the fields `summary` and `fields`
  /// of a message.
  using Tell = std::function<void(const std::string& sender, const Json& words)>;

  SpoolHandOver(const Descriptor& spool, const std::string& id, Queue& queue,
                const SpoolLimits& limits, Tell tell);

  /// Let go of what is acknowledged, send again what seems lost, then at most `most` new messages,
  /// as many as may be underway. How many new ones went. Errors of the queue pass; 0 when another
  /// process is at it until `end`.
  std::int64_t go(std::int64_t most, Deadline end);

  [[nodiscard]] const SpoolSender& sender() const { return *sender_; }
  /// Whether something waited after the last go.
  [[nodiscard]] bool waits() const { return !waiting_.empty(); }
  /// Whether something waits now.
  [[nodiscard]] bool look() {
    refresh();
    return waits();
  }

 private:
  struct Sent {
    std::int64_t number = 0, bytes = 0;
    auto operator<=>(const Sent&) const = default;
  };
  struct Chunk {
    std::vector<Outgoing> messages;
    std::vector<SpoolName> names;
    std::int64_t bytes = 0;
    [[nodiscard]] bool full() const;
  };

  void refresh();
  void relist(SpoolChange& change);
  void take_acknowledgement();
  void become_another();
  void send_lost(Deadline end);
  std::int64_t send_waiting(std::int64_t most, Deadline end);
  void resend(std::int64_t age, Deadline end);
  [[nodiscard]] bool may_be_underway(const Chunk& chunk) const;
  void add(Chunk& chunk, const SpoolName& name);
  std::optional<std::string> message_of(const SpoolName& name);
  void push(const Chunk& chunk);
  [[nodiscard]] std::int64_t number_before(std::int64_t number, const Chunk& chunk) const;

  const Descriptor& spool_;
  Queue& queue_;
  SpoolLimits limits_;
  Tell tell_;
  std::optional<SpoolSender> sender_;
  bool listed_ = false;
  std::int64_t highest_ = 0, resends_ = 0;    // when we last looked
  std::optional<std::int64_t> acknowledged_;  // up to here, if that is known
  std::deque<Sent> sent_;                     // in order, as are
  std::deque<std::int64_t> waiting_;
};

}  // namespace sheepdog
