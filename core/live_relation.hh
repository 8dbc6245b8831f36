// live_relation.hh -- a relation whose rows somebody is asked for, as a table of SQL.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "database.hh"

namespace sheepdog {

struct LiveRelation {
  std::string name;
  std::vector<std::string> columns;  // those that must be known first of all
  std::size_t inputs = 0;            // how many of them must be

  /// From the values of the inputs to the rows, each a value for every column; nothing ends the
  /// statement with an error. It may throw what is an Error.
  std::function<std::optional<std::vector<Row>>(const Row&)> rows;
};

/// Let statements of `db` speak of `relation`, in place of any of that name before.
void add_live_relation(Database& db, LiveRelation relation);

}  // namespace sheepdog
