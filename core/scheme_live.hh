// scheme_live.hh -- live relations that a Scheme procedure answers.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libguile.h>

#include <string>
#include <vector>

#include "database.hh"

namespace sheepdog {

/// Whom all live relations ask, from now on: (NAME INPUT ...) -> a list of rows, each a list with a
/// string or number for every column, or #f: the statement ends with an error. It must not raise.
SCM live_answerer(SCM procedure);

/// Let statements of `db` speak of the relation `name` with `columns`, the first `inputs` of which
/// must be known.
void db_add_live(Database& db, const std::string& name, const std::vector<std::string>& columns,
                 std::size_t inputs);

}  // namespace sheepdog
