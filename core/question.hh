// question.hh -- what questions want of a connection to the database: words of SQL, and an end.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "database.hh"
#include "seconds.hh"

namespace sheepdog {

/// Add to the SQL of `db`: the collation VERSION (version_order.hh), and the aggregates
/// argmax(e, x) and argmin(e, x), the x of where e is greatest or least, with argmax_version and
/// argmin_version, where e is a version. Of several such x it is the least. NULLs do not count.
void prepare_for_questions(Database& db);

/// What runs on `db` in `patience` from now fails with "interrupted"; without one, never.
void set_deadline(Database& db, std::optional<Seconds> patience);

}  // namespace sheepdog
