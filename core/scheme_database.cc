// scheme_database.cc -- SQL statements with Scheme values.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "scheme_database.hh"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>

#include "glue.hh"

namespace sheepdog {
namespace {

using glue::text_to_scm;

void bind_string(Statement& statement, int index, SCM value) {
  std::size_t size = 0;
  char* const text = scm_to_utf8_stringn(value, &size);
  statement.bind_text(index, {text, std::free}, size);
}

/// States, kinds and verdicts are symbols, a handful that come with every row: the text of the first
/// few is remembered, for good.
void bind_symbol(Statement& statement, int index, SCM symbol) {
  static std::unordered_map<scm_t_bits, std::string> known;
  const auto found = known.find(SCM_UNPACK(symbol));
  if (found != known.end()) return statement.bind_text(index, found->second);
  if (known.size() >= 50) return bind_string(statement, index, scm_symbol_to_string(symbol));
  const auto name = glue::scm_to_text(scm_symbol_to_string(symbol));
  known.emplace(SCM_UNPACK(scm_gc_protect_object(symbol)), name);
  statement.bind_text(index, name);
}

void bind(Statement& statement, int index, SCM value) {
  if (scm_is_string(value))
    bind_string(statement, index, value);
  else if (scm_is_signed_integer(value, INT64_MIN, INT64_MAX))
    statement.bind(index, std::int64_t{scm_to_int64(value)});
  else if (scm_is_false(value))
    statement.bind_null(index);
  else if (scm_is_symbol(value))
    bind_symbol(statement, index, value);
  else if (scm_is_real(value))
    statement.bind(index, scm_to_double(value));
  else if (scm_is_bytevector(value))
    statement.bind_blob(index, glue::bytes_of(value));
  else
    throw Error{Error::Code::usage,
                fmt::format("value {} of an SQL statement is neither number, text, bytes nor #f", index)};
}

/// `values` is a list as long as the statement has parameters; else an error, for a circle too.
void bind_all(Statement& statement, SCM values) {
  const int wanted = statement.parameters();
  int index = 0;
  for (; scm_is_pair(values) && index < wanted; values = SCM_CDR(values))
    bind(statement, ++index, SCM_CAR(values));
  if (index == wanted && scm_is_null(values)) return;
  throw Error{Error::Code::usage,
              scm_is_pair(values)
                  ? fmt::format("an SQL statement wants {} values, got more", wanted)
                  : fmt::format("an SQL statement wants {} values, got {}", wanted, index)};
}

SCM column_to_scm(const Statement& statement, int column) {
  switch (statement.type(column)) {
    case Statement::Type::null: return SCM_BOOL_F;
    case Statement::Type::integer: return scm_from_int64(statement.integer(column));
    case Statement::Type::real: return scm_from_double(statement.real(column));
    case Statement::Type::text: return text_to_scm(statement.text(column));
    case Statement::Type::blob: break;
  }
  const auto bytes = statement.text(column);
  const SCM blob = scm_c_make_bytevector(bytes.size());
  if (!bytes.empty()) std::memcpy(SCM_BYTEVECTOR_CONTENTS(blob), bytes.data(), bytes.size());
  return blob;
}

/// Brings a statement back to its beginning, whatever happened to it.
struct Reset {
  Statement& statement;
  ~Reset() { statement.reset(); }
};

}  // namespace

SCM db_run(Database& db, const std::string& sql, SCM values) {
  Statement& statement = db.prepare(sql);
  const Reset reset{statement};
  bind_all(statement, values);
  SCM rows = SCM_EOL;
  while (statement.step()) {
    const auto columns = statement.columns();
    const SCM row = scm_c_make_vector(static_cast<std::size_t>(columns), SCM_BOOL_F);
    for (int i = 0; i < columns; ++i)
      SCM_SIMPLE_VECTOR_SET(row, static_cast<std::size_t>(i), column_to_scm(statement, i));
    rows = scm_cons(row, rows);
  }
  return scm_reverse_x(rows, SCM_EOL);
}

void db_run_many(Database& db, const std::string& sql, SCM rows) {
  if (scm_ilength(rows) < 0) throw glue::WrongType{3, rows, "list of lists"};
  Statement& statement = db.prepare(sql);
  for (; scm_is_pair(rows); rows = SCM_CDR(rows)) {
    const Reset reset{statement};
    bind_all(statement, SCM_CAR(rows));
    while (statement.step()) {
    }
  }
}

}  // namespace sheepdog
