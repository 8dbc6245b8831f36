// scheme_database.hh -- SQL statements with Scheme values, without a detour through C++ ones.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libguile.h>

#include <string>

#include "database.hh"

namespace sheepdog {

/// Run one statement with `values`, a list (number, string, symbol as text, bytevector, #f = NULL),
/// bound to its ?s. A list of rows, each a vector.
SCM db_run(Database& db, const std::string& sql, SCM values);

/// Run it once for each list of values in the list `rows`.
void db_run_many(Database& db, const std::string& sql, SCM rows);

}  // namespace sheepdog
