// intake.hh -- commit 1: from the queue into the database before any Scheme runs.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "database.hh"
#include "queue.hh"

namespace sheepdog {

struct Intake {
  std::int64_t claimed = 0;     // entries taken from the queue
  std::int64_t stored = 0;      // rows that are new
  std::int64_t duplicates = 0;  // known already
};

/// Commit the bytes of `entries`, claimed from `queue`, under their identity, and acknowledge them. A
/// known identity with the same bytes changes nothing; with others it becomes the next `variant`.
/// Where the queue may lose something, what stands above a missing number of its sender is held
/// back. Tables: scheme/sheepdog/sql/ (sender, message, waiting, held, hole, clone).
Intake store(std::span<const Entry> entries, Queue& queue, Database& db);

/// Claim at most `limit` messages, waiting at most `patience` for the first, and store them.
Intake take_in(Queue& queue, Database& db, int limit, Seconds patience);

}  // namespace sheepdog
