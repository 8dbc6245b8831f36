// lock_patience.cc -- short naps, since another thread soon lets go.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "lock_patience.hh"

#include <unistd.h>

#include <atomic>
#include <chrono>

#include "seconds.hh"

namespace sheepdog {
namespace {

constexpr int nap = 500;  // µs
constexpr Seconds usual{5}, hurried{1};

std::atomic<Seconds> patience = usual;
static_assert(std::atomic<Seconds>::is_always_lock_free);

}  // namespace

bool nap_for_lock(int tries) {
  using Clock = std::chrono::steady_clock;
  static thread_local Clock::time_point began;
  if (tries == 0) began = Clock::now();
  return Clock::now() - began < patience.load() && (usleep(nap), true);
}

void hurry_with_locks() noexcept { patience = hurried; }

}  // namespace sheepdog
