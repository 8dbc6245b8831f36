// spool_room.hh -- which messages go when a spool is full.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>

#include "spool_change.hh"
#include "spool_loss.hh"

namespace sheepdog {

struct SpoolLimits;

/// Whether `bytes` more are too many.
bool is_full(const SpoolTally& tally, std::int64_t bytes, const SpoolLimits& limits);

/// Let go of about an eighth of what `change`'s sender may hold, so that this is seldom: of repeats
/// of one subject and state all but the first and the last, oldest first; if that is not enough the
/// oldest successes, then the oldest. `declare` is told what will go, and must have made that
/// durable when it returns; then it goes. It looks into files for a second at most: what it has not
/// seen by then counts as newest. What somebody may be handing over now is spared.
void make_room(SpoolChange& change, std::int64_t bytes, const SpoolLimits& limits,
               const std::function<void(const SpoolLosses&)>& declare);

}  // namespace sheepdog
