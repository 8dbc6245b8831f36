// live_relation.cc -- a virtual table (https://www.sqlite.org/vtab.html); no exception meets SQLite.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "live_relation.hh"

#include <sqlite3.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

#include "error.hh"

namespace sheepdog {

namespace {

struct Table : sqlite3_vtab {
  const LiveRelation* relation = nullptr;
};

struct Cursor : sqlite3_vtab_cursor {
  std::vector<Row> rows;
  std::size_t at = 0;
};

Value value_of(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_value_int64(value)};
    case SQLITE_FLOAT:
      return sqlite3_value_double(value);
    case SQLITE_TEXT:
      return std::string{reinterpret_cast<const char*>(sqlite3_value_text(value)),
                         static_cast<std::size_t>(sqlite3_value_bytes(value))};
    default:
      return Null{};
  }
}

std::string quoted(const std::string& name) { return '"' + name + '"'; }

int connect(sqlite3* db, void* relation, int /*argc*/, const char* const* /*argv*/, sqlite3_vtab** out,
            char** /*error*/) {
  const auto& live = *static_cast<const LiveRelation*>(relation);
  std::string sql;
  for (const auto& column : live.columns) sql += (sql.empty() ? "CREATE TABLE x(" : ", ") + quoted(column);
  if (const int code = sqlite3_declare_vtab(db, (sql + ")").c_str())) return code;
  auto table = std::make_unique<Table>();
  table->relation = &live;
  *out = table.release();
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

/// Take the inputs where they are known by `=`; a plan without one of them is none.
int best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
  const auto inputs = static_cast<const Table*>(table)->relation->inputs;
  std::vector<int> constraint(inputs, -1);
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& one = info->aConstraint[i];
    if (one.op == SQLITE_INDEX_CONSTRAINT_EQ && one.usable && one.iColumn >= 0 &&
        static_cast<std::size_t>(one.iColumn) < inputs)
      constraint[static_cast<std::size_t>(one.iColumn)] = i;
  }
  for (std::size_t column = 0; column < inputs; ++column) {
    if (constraint[column] < 0) return SQLITE_CONSTRAINT;
    info->aConstraintUsage[constraint[column]].argvIndex = static_cast<int>(column) + 1;
  }
  info->estimatedCost = 1e6;  // what is stored comes first
  info->estimatedRows = 5;
  return SQLITE_OK;
}

int open(sqlite3_vtab* /*table*/, sqlite3_vtab_cursor** out) {
  *out = new Cursor;
  return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

int fail(sqlite3_vtab* table, const char* text) {
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s", text);
  return SQLITE_ERROR;
}

int filter(sqlite3_vtab_cursor* base, int /*number*/, const char* /*name*/, int count,
           sqlite3_value** values) {
  auto& cursor = *static_cast<Cursor*>(base);
  const auto& relation = *static_cast<const Table*>(base->pVtab)->relation;
  cursor.at = 0;
  cursor.rows.clear();
  try {
    Row inputs;
    for (int i = 0; i < count; ++i) inputs.push_back(value_of(values[i]));
    auto rows = relation.rows(inputs);
    if (!rows) return fail(base->pVtab, (relation.name + " gave an error").c_str());
    cursor.rows = std::move(*rows);
    return SQLITE_OK;
  } catch (const std::exception& e) {
    return fail(base->pVtab, e.what());
  }
}

int next(sqlite3_vtab_cursor* cursor) {
  ++static_cast<Cursor*>(cursor)->at;
  return SQLITE_OK;
}

int eof(sqlite3_vtab_cursor* base) {
  const auto& cursor = *static_cast<const Cursor*>(base);
  return cursor.at >= cursor.rows.size();
}

int column(sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
  const auto& cursor = *static_cast<const Cursor*>(base);
  const Value& value = cursor.rows[cursor.at][static_cast<std::size_t>(index)];
  if (const auto* const integer = std::get_if<std::int64_t>(&value))
    sqlite3_result_int64(context, *integer);
  else if (const auto* const real = std::get_if<double>(&value))
    sqlite3_result_double(context, *real);
  else if (const auto* const text = std::get_if<std::string>(&value))
    sqlite3_result_text64(context, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  else
    sqlite3_result_null(context);
  return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
  *out = static_cast<sqlite3_int64>(static_cast<const Cursor*>(cursor)->at);
  return SQLITE_OK;
}

/// Without xCreate: the name itself is the table, and nothing is stored.
constexpr sqlite3_module module_without_create() {
  sqlite3_module module{};
  module.xConnect = connect;
  module.xDisconnect = disconnect;
  module.xBestIndex = best_index;
  module.xOpen = open;
  module.xClose = close;
  module.xFilter = filter;
  module.xNext = next;
  module.xEof = eof;
  module.xColumn = column;
  module.xRowid = rowid;
  return module;
}

constexpr sqlite3_module methods = module_without_create();

}  // namespace

void add_live_relation(Database& db, LiveRelation relation) {
  auto kept = std::make_unique<LiveRelation>(std::move(relation));
  const std::string name = kept->name;
  const int code =
      sqlite3_create_module_v2(db.handle(), name.c_str(), &methods, kept.release(), [](void* live) {
        delete static_cast<LiveRelation*>(live);
      });
  if (code != SQLITE_OK)
    throw Error{Error::Code::database_failed, db.file() + ": " + sqlite3_errmsg(db.handle())};
}

}  // namespace sheepdog
