// turn.cc -- numbers drawn, as at a counter.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "turn.hh"

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace sheepdog {
namespace {

struct Counter {
  std::mutex mutex;
  std::condition_variable next;
  std::uint64_t drawn = 0, served = 0;
};

/// Never destroyed: when the process ends, threads may still stand in line.
Counter& counter() {
  static auto* const only = new Counter;
  return *only;
}

struct Mine {
  bool mine = false;
  ~Mine() {
    if (mine) give_turn();
  }
};
thread_local Mine now;

}  // namespace

void take_turn() {
  if (now.mine) return;
  Counter& c = counter();
  std::unique_lock lock{c.mutex};
  const auto number = c.drawn++;
  c.next.wait(lock, [&] { return c.served == number; });
  now.mine = true;
}

void give_turn() {
  if (!now.mine) return;
  Counter& c = counter();
  {
    const std::lock_guard lock{c.mutex};
    ++c.served;
    now.mine = false;
  }
  c.next.notify_all();
}

bool have_turn() { return now.mine; }

TurnAway::TurnAway() : had_{now.mine} { give_turn(); }

TurnAway::~TurnAway() {
  if (had_) take_turn();
}

}  // namespace sheepdog
