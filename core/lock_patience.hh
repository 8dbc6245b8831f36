// lock_patience.hh -- how long a lock of a database is waited for.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sheepdog {

/// Nap for a moment before the next try, the one after `tries` of this wait of this thread; false: it
/// has lasted 5 s, that is enough. By the clock: a nap on a busy machine is many times as long.
bool nap_for_lock(int tries);

/// From now on a second is enough: this process is to end. May be called by a signal handler.
void hurry_with_locks() noexcept;

}  // namespace sheepdog
