// offspring.hh -- the descendants of this process: found, and ended with all theirs.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <vector>

#include "seconds.hh"

namespace sheepdog {

/// The children of this process, zombies too, in no order; none where /proc does not tell.
std::vector<pid_t> children();

/// End all descendants of this process, which must be their subreaper (prctl(2)), with SIGKILL, and
/// wait for them; for at most `patience`. Returns whether none is left.
bool end_descendants(Seconds patience);

}  // namespace sheepdog
