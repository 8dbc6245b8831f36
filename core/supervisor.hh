// supervisor.hh -- keeps a worker running: ends the one that hangs, starts the next.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <functional>

#include "seconds.hh"

namespace sheepdog {

/// How to supervise; the defaults are those of the daemons.
struct Supervision {
  Seconds stop_limit{10};    // from TERM to KILL
  Seconds start_limit{600};  // a database may be upgraded at the start
  Seconds first_gap{0.1};    // between a death and the next start, doubled by each death ...
  Seconds longest_gap{30};   // ... of a worker whose loop did not come round
  std::size_t memory = 0;    // bytes of private memory, RLIMIT_DATA; 0: as much as ours
  int stopped = 0;           // our status when we were told to stop and the worker did not say one
  Seconds death_limit{5};    // from KILL until what cannot even die (a dead disk) is left behind
  // While the worker rests: is there something to do before its time? Asked so often.
  std::function<bool()> is_stirred = {};
  Seconds stir_gap{5};
};

/// Start a worker, a child that calls `become`, which execs, and another when it died, until one
/// leaves on purpose or we are told to stop; return the exit status. When the first cannot be
/// started (`become` throws or returns) that is 2, and the child has complained. Who leaves with 78
/// (sysexits.h: a bad configuration) after another has served is as good as dead: the next may
/// find it mended. One that rests is followed by the next at the time it said, or when something stirs,
/// or a signal comes. The worker is in a session of its own, dies with this thread, and finds the page
/// in $SHEEPDOG_SUPERVISOR. TERM, INT
/// and HUP are passed on; $NOTIFY_SOCKET is told what the worker tells, and the watchdog is fed
/// while it moves. To be called in the main thread of a process that has no other.
int supervise(const std::function<void()>& become, const Supervision& supervision = {});

}  // namespace sheepdog
