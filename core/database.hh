// database.hh -- SQLite: one connection, prepared statements kept, values in and rows out.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace sheepdog {

using Blob = std::vector<unsigned char>;
using Null = std::monostate;
/// A column: NULL, INTEGER, REAL, TEXT (UTF-8) or BLOB.
using Value = std::variant<Null, std::int64_t, double, std::string, Blob>;
using Row = std::vector<Value>;

class Statement;

/// A connection to one SQLite file: WAL, synchronous=FULL, foreign keys on; it waits for a lock as
/// lock_patience.hh says. It belongs to one thread at a time and never crosses a fork. Errors of
/// SQLite are thrown as Error::database_failed, `FILE: WORDS`, with a hint where there is something
/// to do.
class Database {
 public:
  /// create: with its missing directory (0700) and file (0600). read_only: of a database that
  /// nobody has open, SQLite still wants to write beside it if it can.
  enum class Mode { read_only, read_write, create };

  Database(const std::string& file, Mode mode);
  ~Database();
  Database(Database&&) noexcept;
  Database(const Database&) = delete;

  /// A second connection to the same file, for another thread, with a small cache. From now on it
  /// is that one which empties the log: a COMMIT of this one seldom has to.
  [[nodiscard]] Database beside();

  /// Run one statement with `values` bound to its ?s; its rows. The compiled statement is kept.
  std::vector<Row> run(std::string_view sql, std::span<const Value> values = {});

  /// Run `sql` once for each row of `rows`, as one prepared statement; a transaction is the
  /// caller's to open.
  void run_many(std::string_view sql, std::span<const Row> rows);

  /// Run several statements without values, as of a schema file.
  void run_script(const std::string& sql);

  [[nodiscard]] std::int64_t last_insert_id() const;
  [[nodiscard]] std::int64_t changes() const;  // rows of the last statement
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] const std::string& file() const;
  [[nodiscard]] sqlite3* handle() const;  // for what adds words to its SQL

  /// Whether the file was removed or replaced since it was opened: what is written goes nowhere.
  [[nodiscard]] bool moved() const;

  /// The compiled statement of `sql`, at its beginning, for callers that bind and step themselves
  /// (the glue: SCM values without a detour; intake: bytes without a copy). Owned by the
  /// connection, which keeps the 250 statements last asked for here: do not hold it for long.
  Statement& prepare(std::string_view sql);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A prepared statement between reset and reset. Indexes of parameters are from 1, of columns from
/// 0. Errors as of Database.
class Statement {
 public:
  enum class Type { null, integer, real, text, blob };

  void bind_null(int index);
  void bind(int index, std::int64_t value);
  void bind(int index, double value);
  void bind_text(int index, std::string_view value);  // copied
  void bind_blob(int index, std::string_view value);  // copied
  void bind_text(int index, std::unique_ptr<char, decltype(&std::free)> text, std::size_t size);
  void bind_value(int index, const Value& value);     // not copied: it must outlive the reset
  [[nodiscard]] int parameters() const;

  bool step();  // true: a row is there
  [[nodiscard]] int columns() const;
  [[nodiscard]] Type type(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string_view text(int column) const;  // or blob; valid until the next step
  void reset();                                           // never throws; drops the bound values

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  Statement(sqlite3_stmt* handle, const std::string& file) : handle_{handle}, file_{&file} {}
  void check(int code) const;

  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  const std::string* file_;  // the connection's
  std::uint64_t asked_ = 0;  // when it was prepared last, as a count
};

}  // namespace sheepdog
