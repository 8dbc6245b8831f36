// manager.cc -- a change of phase is a datagram.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "manager.hh"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "service.hh"

namespace sheepdog {
namespace {

std::int64_t number(const char* name) {
  const char* text = std::getenv(name);
  return text ? std::atoll(text) : 0;
}

/// sd_notify(3) wants to know when the reload began.
std::string reloading_text() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                     std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

Manager::Manager() {
  const auto pid = number("WATCHDOG_PID");
  if (pid != 0 && pid != getpid()) return;
  const auto microseconds = number("WATCHDOG_USEC");
  if (microseconds <= 0) return;
  period_ = std::max<std::int64_t>(1, microseconds / 3000);  // a third of it: one may come late
  next_feed_ = monotonic_ms() + period_;
}

void Manager::relay(const Page& page, bool moves, std::int64_t now) {
  const Phase phase = page.phase.load();
  const auto reloads = page.reloads.load();
  if (!reloading_ && (phase == Phase::reloading || reloads != reloads_)) {
    reloading_ = true;
    notify_manager(reloading_text());
  }
  if (phase == Phase::serving && (!ready_ || reloading_)) {
    ready_ = true;
    reloading_ = false;
    reloads_ = reloads;
    notify_manager("READY=1");
  }
  if (phase == Phase::stopping && !stopping_) {
    stopping_ = true;
    notify_manager("STOPPING=1");
  }
  if (now < next_feed_) return;
  next_feed_ = now + period_;
  if (moves && phase != Phase::starting) notify_manager("WATCHDOG=1");
}

void Manager::hide() {
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
}

}  // namespace sheepdog
