// database.cc -- SQLite's C interface, owned and turned into our errors.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "database.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "error.hh"
#include "lock_patience.hh"
#include "paths.hh"
#include "text.hh"

namespace sheepdog {

namespace {

constexpr std::size_t kept_statements = 250;

// What is committed survives a power cut (FULL); a log that grew is cut again. The indexes of a busy
// server do not fit into SQLite's usual 2 MiB, and a checkpoint each 4 MiB writes the same pages
// again and again: 16 MiB of cache, and of log.
constexpr int most_pages = 3072;  // of the log; what comes meanwhile makes it 4096
constexpr const char* writer_pragmas =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;"
    "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096;";
constexpr const char* beside_pragmas = "PRAGMA cache_size = -4096;";

constexpr const char* pragmas = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";

std::string hint_for(int code, const std::string& file) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return "make room on its disk; nothing was lost, the work goes on then";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fmt::format("another program holds it; 'fuser -v {}' names it", file);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "it was left as it is; restore a backup, or move it away";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "are the file and its directory there, and yours to write?";
    default:
      return {};
  }
}

/// The errno behind the last error of `db`. Where SQLite has tidied up since, its files still know.
int errno_of(sqlite3* db) {
  int system = sqlite3_system_errno(db);
  if (system == 0) sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &system);
  sqlite3_file* log = nullptr;
  if (system == 0) sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log && log->pMethods) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &system);
  return system;
}

/// The error of the last call on `db`, which may be null; `sql`: of what statement.
Error database_error(sqlite3* db, int code, const std::string& file, std::string_view sql = {}) {
  std::string words = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const int primary = code & 0xFF;
  const bool of_system = primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR;
  if (const int system = db && of_system ? errno_of(db) : 0; system != 0)
    words += fmt::format(" ({})", std::generic_category().message(system));
  if (!sql.empty()) words += fmt::format(" in: {}", sql.substr(0, 200));
  return Error{Error::Code::database_failed, fmt::format("{}: {}", file, printable(words)),
               hint_for(code, file)};
}

struct Close {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};

using Handle = std::unique_ptr<sqlite3, Close>;

int open_flags(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::read_only:
      return SQLITE_OPEN_READONLY;
    case Database::Mode::read_write:
      return SQLITE_OPEN_READWRITE;
    case Database::Mode::create:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return SQLITE_OPEN_READONLY;
}

/// Make `file`, empty and for its owner only, with the directory above it; SQLite would give it
/// the umask's mode. One that is there is not touched.
void create_file(const std::string& file) {
  if (file == ":memory:") return;
  const std::string directory = std::filesystem::path{file}.parent_path().string();
  try {
    if (!directory.empty()) make_directory(directory, 0700u);
  } catch (const Error& e) {
    throw Error{Error::Code::database_failed, e.what(), e.hint()};
  }
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0) close(fd);
}

void execute(sqlite3* db, const std::string& file, const char* sql) {
  const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw database_error(db, code, file);
}

int wait_for_lock(void* /*unused*/, int tries) { return nap_for_lock(tries); }

/// Called after each commit of a connection that is to empty the log. Where two write in turn there
/// is always something new in it, so this waits for the other's end, and keeps it off meanwhile. A
/// long reader is not waited for: then what can be done is done, and the rest after the next commit.
int empty_log(void* /*unused*/, sqlite3* db, const char* name, int pages) {
  if (pages < most_pages) return SQLITE_OK;
  sqlite3_busy_timeout(db, 20);
  sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  sqlite3_busy_handler(db, wait_for_lock, nullptr);
  return SQLITE_OK;
}

Handle open_database(const std::string& file, Database::Mode mode) {
  if (mode == Database::Mode::create) create_file(file);
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(
      file.c_str(), &db, open_flags(mode) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Handle handle{db};
  if (code != SQLITE_OK) throw database_error(db, code, file);
  sqlite3_busy_handler(db, wait_for_lock, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  execute(db, file, pragmas);
  // The first look at the file itself, too: one that is no database is refused here.
  execute(db, file, mode == Database::Mode::read_only ? "PRAGMA schema_version" : writer_pragmas);
  return handle;
}

/// Is there no statement in `sql`, only blanks and comments?
bool is_blank(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code =
      sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
  sqlite3_finalize(handle);
  return code == SQLITE_OK && !handle;
}

Value column_value(const Statement& statement, int column) {
  switch (statement.type(column)) {
    case Statement::Type::null:
      return Null{};
    case Statement::Type::integer:
      return statement.integer(column);
    case Statement::Type::real:
      return statement.real(column);
    case Statement::Type::text:
      return std::string{statement.text(column)};
    case Statement::Type::blob:
      break;
  }
  const std::string_view bytes = statement.text(column);
  return Blob(bytes.begin(), bytes.end());
}

/// Bring a statement back to its beginning, whatever happens to it.
class Reset {
 public:
  explicit Reset(Statement& statement) : statement_{statement} {}
  ~Reset() { statement_.reset(); }
  Reset(const Reset&) = delete;

 private:
  Statement& statement_;
};

void bind_all(Statement& statement, std::span<const Value> values, const std::string& file) {
  if (std::cmp_not_equal(statement.parameters(), values.size()))
    throw Error{Error::Code::database_failed,
                fmt::format("{}: a statement wants {} values, got {}", file, statement.parameters(),
                            values.size())};
  for (std::size_t i = 0; i < values.size(); ++i)
    statement.bind_value(static_cast<int>(i) + 1, values[i]);
}

/// Lets a map of strings be searched by string_view without making a string.
struct TextHash : std::hash<std::string_view> {
  using is_transparent = void;
};

}  // namespace

struct Database::State {
  State(const std::string& name, Mode mode) : file{name}, handle{open_database(name, mode)} {}

  std::string file;
  Handle handle;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements;
  std::uint64_t asked = 0;
};

Database::Database(const std::string& file, Mode mode)
    : state_{std::make_unique<State>(file, mode)} {}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;

Database Database::beside() {
  Database other{state_->file, Mode::read_write};
  if (moved())
    throw Error{Error::Code::database_failed, state_->file + " was removed or replaced"};
  execute(other.state_->handle.get(), state_->file, beside_pragmas);
  sqlite3_wal_hook(other.state_->handle.get(), empty_log, nullptr);
  return other;
}

Statement& Database::prepare(std::string_view sql) {
  auto& statements = state_->statements;
  auto found = statements.find(sql);
  if (found == statements.end()) {
    sqlite3_stmt* handle = nullptr;
    const char* rest = nullptr;
    const int code =
        sqlite3_prepare_v3(state_->handle.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &handle, &rest);
    Statement statement{handle, state_->file};
    if (code != SQLITE_OK) throw database_error(state_->handle.get(), code, state_->file, sql);
    const std::string_view tail{rest, static_cast<std::size_t>(sql.data() + sql.size() - rest)};
    if (!handle || !is_blank(state_->handle.get(), tail))
      throw Error{Error::Code::database_failed,
                  fmt::format("{}: wants one statement, got: {}", state_->file,
                              printable(sql.substr(0, 200)))};
    if (statements.size() >= kept_statements)
      statements.erase(std::min_element(
          statements.begin(), statements.end(),
          [](const auto& a, const auto& b) { return a.second.asked_ < b.second.asked_; }));
    found = statements.emplace(std::string{sql}, std::move(statement)).first;
  } else {
    found->second.reset();
  }
  found->second.asked_ = ++state_->asked;
  return found->second;
}

std::vector<Row> Database::run(std::string_view sql, std::span<const Value> values) {
  Statement& statement = prepare(sql);
  const Reset reset{statement};
  bind_all(statement, values, state_->file);
  std::vector<Row> rows;
  while (statement.step()) {
    Row& row = rows.emplace_back();
    row.reserve(static_cast<std::size_t>(statement.columns()));
    for (int i = 0; i < statement.columns(); ++i) row.push_back(column_value(statement, i));
  }
  return rows;
}

void Database::run_many(std::string_view sql, std::span<const Row> rows) {
  Statement& statement = prepare(sql);
  for (const Row& row : rows) {
    const Reset reset{statement};
    bind_all(statement, row, state_->file);
    while (statement.step()) {
    }
  }
}

void Database::run_script(const std::string& sql) {
  execute(state_->handle.get(), state_->file, sql.c_str());
}

std::int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(state_->handle.get());
}

std::int64_t Database::changes() const { return sqlite3_changes64(state_->handle.get()); }

bool Database::in_transaction() const { return !sqlite3_get_autocommit(state_->handle.get()); }

const std::string& Database::file() const { return state_->file; }
sqlite3* Database::handle() const { return state_->handle.get(); }

bool Database::moved() const {
  int moved = 0;
  return sqlite3_file_control(state_->handle.get(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved) ==
             SQLITE_OK &&
         moved != 0;
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) throw database_error(sqlite3_db_handle(handle_.get()), code, *file_);
}

void Statement::bind_null(int index) { check(sqlite3_bind_null(handle_.get(), index)); }

void Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(handle_.get(), index, value));
}

void Statement::bind(int index, double value) {
  check(sqlite3_bind_double(handle_.get(), index, value));
}

namespace {

/// Bytes for SQLite, to which a null pointer means NULL.
const char* bytes_of(std::string_view value) { return value.data() ? value.data() : ""; }

int bind_bytes(sqlite3_stmt* handle, int index, bool text, std::string_view value,
               sqlite3_destructor_type keep) {
  return text ? sqlite3_bind_text64(handle, index, bytes_of(value), value.size(), keep, SQLITE_UTF8)
              : sqlite3_bind_blob64(handle, index, bytes_of(value), value.size(), keep);
}

}  // namespace

void Statement::bind_text(int index, std::string_view value) {
  check(bind_bytes(handle_.get(), index, true, value, SQLITE_TRANSIENT));
}

void Statement::bind_text(int index, std::unique_ptr<char, decltype(&std::free)> text,
                          std::size_t size) {
  // SQLite frees it, also when it fails.
  check(sqlite3_bind_text64(handle_.get(), index, text.release(), size, std::free, SQLITE_UTF8));
}

void Statement::bind_blob(int index, std::string_view value) {
  check(bind_bytes(handle_.get(), index, false, value, SQLITE_TRANSIENT));
}

void Statement::bind_value(int index, const Value& value) {
  if (const auto* const integer = std::get_if<std::int64_t>(&value)) return bind(index, *integer);
  if (const auto* const real = std::get_if<double>(&value)) return bind(index, *real);
  if (const auto* const text = std::get_if<std::string>(&value))
    return check(bind_bytes(handle_.get(), index, true, *text, SQLITE_STATIC));
  if (const auto* const blob = std::get_if<Blob>(&value))
    return check(bind_bytes(handle_.get(), index, false,
                            {reinterpret_cast<const char*>(blob->data()), blob->size()},
                            SQLITE_STATIC));
  bind_null(index);
}

int Statement::parameters() const { return sqlite3_bind_parameter_count(handle_.get()); }

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) check(code);
  return false;
}

int Statement::columns() const { return sqlite3_column_count(handle_.get()); }

Statement::Type Statement::type(int column) const {
  switch (sqlite3_column_type(handle_.get(), column)) {
    case SQLITE_INTEGER:
      return Type::integer;
    case SQLITE_FLOAT:
      return Type::real;
    case SQLITE_TEXT:
      return Type::text;
    case SQLITE_BLOB:
      return Type::blob;
    default:
      return Type::null;
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::string_view Statement::text(int column) const {
  const auto* const bytes =
      type(column) == Type::blob
          ? static_cast<const char*>(sqlite3_column_blob(handle_.get(), column))
          : reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (!bytes) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

}  // namespace sheepdog
