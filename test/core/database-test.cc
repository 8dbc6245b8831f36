// database-test.cc -- values survive SQLite as they are, errors name the file and the remedy.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "database.hh"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "error.hh"
#include "lock_patience.hh"
#include "seconds.hh"
#include "support.hh"
#include "transaction.hh"

namespace sheepdog {
namespace {

using std::string_literals::operator""s;
using Mode = Database::Mode;

/// What `work` complains about, `TEXT | HINT` with `directory` as DIR; "" if it does not.
template <typename Work>
std::string complaint(const std::string& directory, Work work) {
  try {
    work();
    return "";
  } catch (const Error& e) {
    std::string text = e.what() + " | "s + e.hint();
    for (auto at = text.find(directory); at != text.npos; at = text.find(directory, at + 3))
      text.replace(at, directory.size(), "DIR");
    return e.code() == Error::Code::database_failed ? text : "another error: " + text;
  }
}

std::int64_t integer(Database& db, const std::string& sql) {
  return std::get<std::int64_t>(db.run(sql).at(0).at(0));
}

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"})
    ++count;
  return count;
}

unsigned mode_of(const std::string& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 ? status.st_mode & 0777u : 0;
}

TEST(database, every_kind_of_value_comes_back_as_it_was) {
  Database db{":memory:", Mode::create};
  const Row row{Null{}, std::int64_t{INT64_MIN}, 0.1,   "caf\u00E9 '; DROP--\0x"s,
                ""s,    Blob{0, 255, 10},        Blob{}};
  EXPECT_EQ(db.run("SELECT ?, ?, ?, ?, ?, ?, ?", row), (std::vector<Row>{row}));
}

TEST(database, a_statement_gives_every_row_and_takes_values_again) {
  Database db{":memory:", Mode::create};
  db.run_script("CREATE TABLE t (a INTEGER, b TEXT); CREATE INDEX i ON t (b);");
  const std::vector<Row> rows{{std::int64_t{1}, "x"s}, {std::int64_t{2}, Null{}}};
  db.run_many("INSERT INTO t VALUES (?, ?)", rows);
  EXPECT_EQ(db.changes(), 1);
  EXPECT_EQ(db.last_insert_id(), 2);
  EXPECT_EQ(db.run("SELECT a, b FROM t ORDER BY a"), rows);
  db.run("UPDATE t SET b = 'y'");
  EXPECT_EQ(db.changes(), 2);
  EXPECT_TRUE(db.run("SELECT a FROM t WHERE b = ?", Row{"x"s}).empty());
}

TEST(database, it_is_as_durable_as_promised) {
  const TemporaryDirectory directory;
  Database db{directory / "a/b/c.db", Mode::create};
  EXPECT_EQ(db.run("PRAGMA journal_mode"), (std::vector<Row>{{"wal"s}}));
  EXPECT_EQ(integer(db, "PRAGMA synchronous"), 2);
  EXPECT_EQ(integer(db, "PRAGMA foreign_keys"), 1);
}

TEST(database, a_new_file_and_its_directory_are_its_owners) {
  const TemporaryDirectory directory;
  const std::string file = directory / "a/b/c.db";
  Database db{file, Mode::create};
  db.run("CREATE TABLE t (a)");
  EXPECT_EQ(mode_of(file), 0600u);
  EXPECT_EQ(mode_of(file + "-wal"), 0600u);
  EXPECT_EQ(mode_of(directory / "a/b"), 0700u);
  EXPECT_EQ(db.file(), file);
}

TEST(database, what_is_committed_is_there_for_the_next_connection) {
  const TemporaryDirectory directory;
  {
    Database db{directory / "x.db", Mode::create};
    db.run_script("CREATE TABLE t (a); INSERT INTO t VALUES (42)");
  }
  Database reader{directory / "x.db", Mode::read_only};
  EXPECT_EQ(integer(reader, "SELECT a FROM t"), 42);
  EXPECT_EQ(complaint(directory.path(), [&] { reader.run("DELETE FROM t"); }),
            "DIR/x.db: attempt to write a readonly database | "
            "are the file and its directory there, and yours to write?");
}

TEST(database, a_transaction_is_all_or_nothing) {
  Database db{":memory:", Mode::create};
  db.run("CREATE TABLE t (a PRIMARY KEY)");
  {
    const Transaction abandoned{db};
    db.run("INSERT INTO t VALUES (1)");
    EXPECT_TRUE(db.in_transaction());
  }
  EXPECT_FALSE(db.in_transaction());
  EXPECT_EQ(integer(db, "SELECT count(*) FROM t"), 0);
  EXPECT_THROW(
      {
        const Transaction failing{db};
        db.run_many("INSERT INTO t VALUES (?)", std::vector<Row>{{"x"s}, {"y"s}, {"x"s}});
      },
      Error);
  EXPECT_EQ(integer(db, "SELECT count(*) FROM t"), 0);
  Transaction done{db};
  db.run("INSERT INTO t VALUES (1)");
  EXPECT_EQ(complaint("DIR", [&] { const Transaction inner{db}; }),
            ":memory:: cannot start a transaction within a transaction | ");
  done.commit();
  EXPECT_EQ(integer(db, "SELECT count(*) FROM t"), 1);
}

TEST(database, a_statement_left_in_the_middle_is_taken_up_from_the_start) {
  Database db{":memory:", Mode::create};
  const auto sql = "SELECT value FROM json_each('[1,2,3]') WHERE value >= ?";
  Statement& statement = db.prepare(sql);
  statement.bind(1, std::int64_t{2});
  ASSERT_TRUE(statement.step());
  EXPECT_EQ(statement.integer(0), 2);
  Statement& again = db.prepare(sql);
  EXPECT_EQ(&again, &statement);
  EXPECT_FALSE(again.step());  // the value bound before is gone: NULL
  again.reset();
  EXPECT_EQ(db.run(sql, Row{std::int64_t{1}}).size(), 3u);
}

TEST(database, a_statement_shows_its_columns_without_a_copy) {
  Database db{":memory:", Mode::create};
  Statement& statement = db.prepare("SELECT ?, ?, ?, 1.5, NULL");
  EXPECT_EQ(statement.parameters(), 3);
  statement.bind_text(1, {});
  statement.bind_blob(2, "a\0b"s);
  statement.bind_blob(3, {});
  ASSERT_TRUE(statement.step());
  EXPECT_EQ(statement.columns(), 5);
  EXPECT_EQ(statement.type(0), Statement::Type::text);
  EXPECT_EQ(statement.text(0), "");
  EXPECT_EQ(statement.type(1), Statement::Type::blob);
  EXPECT_EQ(statement.text(1), "a\0b"s);
  EXPECT_EQ(statement.type(2), Statement::Type::blob);
  EXPECT_EQ(statement.real(3), 1.5);
  EXPECT_EQ(statement.type(4), Statement::Type::null);
  EXPECT_EQ(statement.text(4), "");
}

TEST(database, kept_statements_are_bounded_and_follow_the_schema) {
  Database db{":memory:", Mode::create};
  db.run("CREATE TABLE t (a)");
  db.run("INSERT INTO t VALUES (7)");
  const auto ask = [&](int from, int to) {
    for (int i = from; i < to; ++i)
      EXPECT_EQ(integer(db, "SELECT a + " + std::to_string(i) + " FROM t"), 7 + i);
  };
  ask(0, 300);
  const auto before = mallinfo2().uordblks;
  ask(300, 2000);
  EXPECT_LT(mallinfo2().uordblks, before + 500'000);
  EXPECT_EQ(db.run("SELECT * FROM t").at(0).size(), 1u);
  db.run("ALTER TABLE t ADD COLUMN b");
  EXPECT_EQ(db.run("SELECT * FROM t").at(0).size(), 2u);
}

TEST(database, errors_name_the_file_the_words_of_sqlite_and_a_remedy) {
  const TemporaryDirectory directory;
  const auto& dir = directory.path();
  write_file(directory / "note.db", "this is a note of 30 bytes....\n");
  Database db{directory / "x.db", Mode::create};
  db.run("CREATE TABLE t (a UNIQUE, b NOT NULL)");
  const auto says = [&](auto work) { return complaint(dir, work); };
  EXPECT_EQ(says([&] {
              Database{directory / "none.db", Mode::read_write};
            }),
            "DIR/none.db: unable to open database file (No such file or directory) | "
            "are the file and its directory there, and yours to write?");
  EXPECT_EQ(says([&] { Database{directory / "note.db/x.db", Mode::create}; }).substr(0, 3), "can");
  EXPECT_EQ(says([&] {
              Database{directory / "note.db", Mode::create};
            }),
            "DIR/note.db: file is not a database | "
            "it was left as it is; restore a backup, or move it away");
  EXPECT_EQ(says([&] {
              Database{directory / "note.db", Mode::read_only};
            }),
            "DIR/note.db: file is not a database | "
            "it was left as it is; restore a backup, or move it away");
  EXPECT_EQ(read_file(directory / "note.db"), "this is a note of 30 bytes....\n");
  EXPECT_EQ(says([&] { db.run("SELEC 1"); }),
            "DIR/x.db: near \"SELEC\": syntax error in: SELEC 1 | ");
  EXPECT_EQ(says([&] { db.run("SELECT 1; SELECT 2"); }),
            "DIR/x.db: wants one statement, got: SELECT 1; SELECT 2 | ");
  EXPECT_EQ(says([&] { db.run(" -- nothing"); }),
            "DIR/x.db: wants one statement, got:  -- nothing | ");
  EXPECT_EQ(says([&] { db.run("SELECT 1; -- one"); }), "");
  EXPECT_EQ(says([&] { db.run("INSERT INTO t VALUES (?, ?)", Row{"x"s}); }),
            "DIR/x.db: a statement wants 2 values, got 1 | ");
  EXPECT_EQ(says([&] { db.run("INSERT INTO t VALUES (1, NULL)"); }),
            "DIR/x.db: NOT NULL constraint failed: t.b | ");
  EXPECT_EQ(says([&] { db.run_script("CREATE TABLE u (a); CREATE TABLE u (a)"); }),
            "DIR/x.db: table u already exists | ");
}

TEST(database, a_locked_database_says_so) {
  const TemporaryDirectory directory;
  Database one{directory / "x.db", Mode::create}, two{directory / "x.db", Mode::read_write};
  two.run("PRAGMA busy_timeout = 0");
  const Transaction held{one};
  EXPECT_EQ(
      complaint(directory.path(), [&] { const Transaction wanted{two}; }),
      "DIR/x.db: database is locked | another program holds it; 'fuser -v DIR/x.db' names it");
}

TEST(database, who_is_to_end_waits_a_second_for_a_lock) {
  const TemporaryDirectory directory;
  Database one{directory / "x.db", Mode::create};
  const Transaction held{one};
  const auto hurried = [&] {
    Database two{directory / "x.db", Mode::read_write};
    hurry_with_locks();
    const auto began = std::chrono::steady_clock::now();
    const auto words = complaint(directory.path(), [&] { const Transaction wanted{two}; });
    const Seconds waited = std::chrono::steady_clock::now() - began;
    _exit(words.starts_with("DIR/x.db: database is locked") && waited > Seconds{0.9} &&
                  waited < Seconds{4}
              ? 0
              : 1);
  };
  EXPECT_EXIT(hurried(), testing::ExitedWithCode(0), "");  // in a process of its own
}

TEST(database, a_full_disk_takes_nothing_and_the_work_goes_on_afterwards) {
  const TemporaryDirectory directory;
  Database db{directory / "x.db", Mode::create};
  db.run("CREATE TABLE t (a)");
  db.run("PRAGMA max_page_count = 10");
  const auto fill = [&] {
    Transaction transaction{db};
    db.run("INSERT INTO t VALUES (zeroblob(100000))");
    transaction.commit();
  };
  EXPECT_EQ(complaint(directory.path(), fill),
            "DIR/x.db: database or disk is full | "
            "make room on its disk; nothing was lost, the work goes on then");
  db.run("PRAGMA max_page_count = 1000");
  fill();
  EXPECT_EQ(integer(db, "SELECT count(*) FROM t"), 1);
  EXPECT_EQ(db.run("PRAGMA integrity_check"), (std::vector<Row>{{"ok"s}}));
}

TEST(database, nothing_stays_open_whatever_goes_wrong) {
  const TemporaryDirectory directory;
  write_file(directory / "note.db", "this is a note of 30 bytes....\n");
  const auto before = open_files();
  for (int i = 0; i < 50; ++i) {
    EXPECT_THROW((Database{directory / "note.db", Mode::create}), Error);
    EXPECT_THROW((Database{directory / "none.db", Mode::read_only}), Error);
    Database db{directory / "x.db", Mode::create};
    EXPECT_THROW(db.run("SELECT * FROM missing"), Error);
    db.prepare("SELECT 1").step();
    const Database moved{std::move(db)};
  }
  EXPECT_EQ(open_files(), before);
}

}  // namespace
}  // namespace sheepdog
