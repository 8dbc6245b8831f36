// manager.hh -- what the service manager hears of a supervised worker (sd_notify(3)).
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "page.hh"

namespace sheepdog {

/// Tells $NOTIFY_SOCKET what the page says, and feeds the watchdog ($WATCHDOG_USEC) while the
/// worker moves: a worker that hangs, or that never gets so far as to serve, feeds it no more.
class Manager {
 public:
  Manager();

  /// Tell what is new; `moves`: there is a worker, and its deadline is not past.
  void relay(const Page& page, bool moves, std::int64_t now);

  /// When the watchdog wants to be fed next, in ms.
  [[nodiscard]] std::int64_t next_feed() const { return next_feed_; }

  /// In the worker: the manager is the supervisor's.
  static void hide();

 private:
  std::int64_t period_ = 0;  // ms; 0: nobody watches
  std::int64_t next_feed_ = never;
  bool ready_ = false, reloading_ = false, stopping_ = false;
  std::uint32_t reloads_ = 0;
};

}  // namespace sheepdog
