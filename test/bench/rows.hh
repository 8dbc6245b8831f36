// rows.hh -- rows into a database, many and fast: what the generators of data share.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace sheepdog {

[[noreturn]] inline void give_up(const std::string& what, const char* why) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), why);
  std::exit(1);
}

struct Free {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Free>;

inline void run(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    give_up(sql, sqlite3_errmsg(db));
}

/// Rows of one table, by the columns that are named.
class Table {
 public:
  Table(sqlite3* db, const std::string& name, const std::string& columns) : db_{db} {
    const auto count = std::count(columns.begin(), columns.end(), ',');
    std::string sql = "INSERT INTO " + name + " (" + columns + ") VALUES (?";
    for (auto i = count; i > 0; --i) sql += ",?";
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(db, (sql + ")").c_str(), -1, &prepared, nullptr) != SQLITE_OK)
      give_up(sql, sqlite3_errmsg(db));
    statement_.reset(prepared);
  }

  template <typename... Values>
  void add(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    if (sqlite3_step(statement_.get()) != SQLITE_DONE) give_up("a row", sqlite3_errmsg(db_));
    sqlite3_reset(statement_.get());
  }

 private:
  template <typename Value>
  void bind(int index, const Value& value) {
    if constexpr (std::is_integral_v<Value>)
      sqlite3_bind_int64(statement_.get(), index, static_cast<sqlite3_int64>(value));
    else if constexpr (std::is_same_v<Value, std::string>)
      sqlite3_bind_text(statement_.get(), index, value.data(), static_cast<int>(value.size()),
                        SQLITE_STATIC);
    else
      sqlite3_bind_text(statement_.get(), index, value, -1, SQLITE_STATIC);
  }

  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Free> statement_;
};

inline std::vector<std::string> column(sqlite3* db, const char* sql) {
  std::vector<std::string> rows;
  const auto row = [](void* into, int, char** values, char**) {
    static_cast<std::vector<std::string>*>(into)->emplace_back(values[0]);
    return 0;
  };
  if (sqlite3_exec(db, sql, row, &rows, nullptr) != SQLITE_OK) give_up(sql, sqlite3_errmsg(db));
  return rows;
}

/// Call `fill` with the database `file`, which has its tables; indexes are dropped meanwhile and
/// made anew.
template <typename Fill>
void fill_database(const char* file, Fill fill) {
  sqlite3* db = nullptr;
  const int status = sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, nullptr);
  const Database closed{db};
  if (status != SQLITE_OK) give_up(file, sqlite3_errmsg(db));
  run(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000");
  const auto indexes =
      column(db, "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL");
  run(db, "BEGIN IMMEDIATE");
  for (const auto& drop : column(db,
                                 "SELECT 'DROP INDEX \"' || name || '\"' FROM sqlite_master "
                                 "WHERE type = 'index' AND sql IS NOT NULL"))
    run(db, drop);
  fill(db);
  for (const auto& index : indexes) run(db, index);
  run(db, "COMMIT; PRAGMA journal_mode = WAL");
}

}  // namespace sheepdog
