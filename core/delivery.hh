// delivery.hh -- from a message in hand to the queue, or as far as it goes.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json.hh"
#include "process.hh"
#include "seconds.hh"
#include "settings.hh"
#include "spool.hh"

namespace sheepdog {

/// How far a message came.
enum class Place {
  queued,   // the queue has it
  stored,   // standalone: the local queue has it and was drained
  kept,     // it waits in the spool
  printed,  // neither spool nor queue took it: it went to stderr and syslog
};
const char* place_name(Place place);

/// Spool first, queue afterwards. Nothing here throws: what went wrong is told on stderr.
class Delivery {
 public:
  /// `hold_back`: the configuration is broken and does not say which queue: messages wait in the
  /// spool for the next call with a good one.
  Delivery(const Settings& settings, bool hold_back);

  /// Make `message` durable; its index.
  std::size_t post(const Json& message);

  /// Give the queue what waits, for at most `patience`. Standalone a detached `sheepdog queue
  /// flush` does that and drains; it is waited for as long.
  void hand_over(Seconds patience);

  /// "3f9c:44"; "" where it has no number.
  [[nodiscard]] std::string id(std::size_t index) const;
  [[nodiscard]] Place place(std::size_t index) const;

  /// Tell why messages are kept, and how many wait since when.
  void tell_of_kept() const;

 private:
  struct Posted {
    std::string message;          // empty once it is in the spool
    std::optional<MessageId> id;  // in the spool
    Place place = Place::kept;
  };
  void push_directly();
  void hand_over_to_queue(Seconds patience);
  void drain(Seconds patience);
  [[nodiscard]] Started start_flush(int error = -1) const;
  [[nodiscard]] bool waits(const MessageId& id) const;

  const Settings& settings_;
  bool hold_back_;
  Spool spool_;
  std::vector<Posted> posted_;
  std::string trouble_;  // why something is kept
};

}  // namespace sheepdog
