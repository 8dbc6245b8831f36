// local_queue.cc -- entries, who claimed them, and how far each sender is, in three tables.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "local_queue.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "error.hh"
#include "transaction.hh"

namespace sheepdog {
namespace {

// AUTOINCREMENT: an id is never given twice, it is the identity of a message without a sender.
// Claims stand apart: to take one does not write the message anew.
constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  received INTEGER NOT NULL,
  message BLOB NOT NULL,
  sent INTEGER NOT NULL,
  first INTEGER NOT NULL,
  prior INTEGER NOT NULL DEFAULT -1,
  key TEXT NOT NULL,
  signature TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS claim (
  entry INTEGER PRIMARY KEY,
  worker INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS acknowledged (
  sender TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  name TEXT NOT NULL DEFAULT (lower(hex(randomblob(8))))
) STRICT;
INSERT OR IGNORE INTO identity (one) VALUES (1);
)";

constexpr std::int64_t newest_version = 2;
constexpr const char* from_version_1 =
    "ALTER TABLE entry ADD COLUMN prior INTEGER NOT NULL DEFAULT -1";

constexpr const char* insert_entry =
    "INSERT INTO entry (received, message, sent, first, prior, key, signature)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)";

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t integer(const Row& row, std::size_t column = 0) {
  return std::get<std::int64_t>(row.at(column));
}

std::string errno_text() { return std::generic_category().message(errno); }

struct flock byte_lock(std::int64_t offset) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return lock;
}

Entry entry_of(const Statement& row) {
  Entry entry;
  entry.id = std::to_string(row.integer(0));
  entry.received = row.integer(1);
  entry.message = row.text(2);
  if (row.integer(3) > 0) entry.sent = row.integer(3);
  entry.first = row.integer(4);
  entry.prior = row.integer(5);
  entry.key = row.text(6);
  entry.signature = row.text(7);
  bound(entry);
  return entry;
}

/// The entries that nobody but `worker` claimed, oldest first, at most `limit` and about 8 MiB.
std::vector<Entry> select_entries(Database& db, std::int64_t worker, int limit) {
  auto& statement = db.prepare(
      "SELECT id, received, message, sent, first, prior, key, signature FROM entry"
      " WHERE id NOT IN (SELECT entry FROM claim WHERE worker <> ?) ORDER BY id LIMIT ?");
  statement.bind(1, worker);
  statement.bind(2, std::int64_t{limit});
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  while (bytes < max_batch && statement.step()) {
    entries.push_back(entry_of(statement));
    bytes += entries.back().message.size();
  }
  statement.reset();
  return entries;
}

/// Wakes when somebody has pushed: that touches the file of locks, after the commit. (SQLite's own
/// writes come too early: what makes a commit visible is no write, but a store to shared memory.)
class Bell {
 public:
  explicit Bell(const std::string& file) : fd_{inotify_init1(IN_CLOEXEC | IN_NONBLOCK)} {
    if (fd_) inotify_add_watch(fd_.get(), file.c_str(), IN_ATTRIB);
  }
  static void ring(const std::string& file) {
    utimensat(AT_FDCWD, file.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);  // no file: nobody waits
  }

  /// Return at a ring, at the latest after `limit`, and after a second in case that somebody died
  /// before he rang.
  void wait(Seconds limit) {
    const auto ms =
        std::chrono::ceil<std::chrono::milliseconds>(std::min(limit, Seconds{1})).count();
    pollfd watched{fd_.get(), POLLIN, 0};
    if (poll(&watched, 1, static_cast<int>(ms)) <= 0) return;
    std::array<char, 4096> events;
    while (read(fd_.get(), events.data(), events.size()) > 0) {
    }
  }

 private:
  Descriptor fd_;
};

}  // namespace

LocalQueue::LocalQueue(std::string directory, Seconds timeout)
    : directory_{std::move(directory)}, timeout_{timeout} {}

std::string LocalQueue::workers_file() const { return directory_ + "/queue.workers"; }

/// Do `work`; what SQLite cannot do becomes an error of a queue.
template <typename Work>
auto LocalQueue::attempt(Work work) const {
  try {
    return work();
  } catch (const Error& e) {
    if (e.code() != Error::Code::database_failed) throw;
    throw Error{Error::Code::queue_unreachable,
                fmt::format("cannot use the local queue in {}: {}", directory_, e.what()),
                e.hint()};
  }
}

Database& LocalQueue::db() const {
  if (db_) return *db_;
  auto db = std::make_unique<Database>(directory_ + "/queue.db", Database::Mode::create);
  db->run(fmt::format("PRAGMA busy_timeout = {}",
                      std::chrono::ceil<std::chrono::milliseconds>(timeout_).count()));
  const auto version_of = [&] { return integer(db->run("PRAGMA user_version").at(0)); };
  if (version_of() > newest_version)
    throw Error{Error::Code::queue_refused,
                fmt::format("the local queue in {} has version {}, this sheepdog knows {}",
                            directory_, version_of(), newest_version)};
  if (version_of() < newest_version) {
    Transaction transaction{*db};
    const auto version = version_of();  // another process may have been quicker
    if (version == 0) db->run_script(schema);
    if (version == 1) db->run_script(from_version_1);
    db->run_script(fmt::format("PRAGMA user_version = {}", newest_version));
    transaction.commit();
  }
  db_ = std::move(db);
  return *db_;
}

void LocalQueue::push(std::span<const Outgoing> messages) {
  attempt([&] {
    Transaction transaction{db()};
    auto& insert = db().prepare(insert_entry);
    for (const auto& message : messages) {
      insert.bind(1, now_ms());
      insert.bind_blob(2, message.message);
      insert.bind(3, message.sent);
      insert.bind(4, message.first);
      insert.bind(5, message.prior);
      insert.bind_text(6, message.key);
      insert.bind_text(7, message.signature);
      insert.step();
      insert.reset();
    }
    transaction.commit();
  });
  Bell::ring(workers_file());
}

void LocalQueue::free_the_dead() {
  const Value ours{worker_};
  for (const auto& row :
       db().run("SELECT DISTINCT worker FROM claim WHERE worker <> ?", std::span{&ours, 1})) {
    auto lock = byte_lock(integer(row));
    if (fcntl(workers_.get(), F_OFD_GETLK, &lock) || lock.l_type != F_UNLCK) continue;
    db().run("DELETE FROM claim WHERE worker = ?", row);
  }
}

/// Take a byte of the file of locks, so that others see us alive.
void LocalQueue::become_worker() {
  const auto file = workers_file();
  const auto fail = [&] {
    throw Error{Error::Code::queue_unreachable,
                fmt::format("cannot lock {}: {}", file, errno_text())};
  };
  Descriptor workers{open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  std::int64_t random = 0;
  if (!workers || getrandom(&random, sizeof random, 0) != sizeof random) fail();
  worker_ = random & ((std::int64_t{1} << 62) - 1);
  auto lock = byte_lock(worker_);
  if (fcntl(workers.get(), F_OFD_SETLK, &lock)) fail();
  workers_ = std::move(workers);
}

std::vector<Entry> LocalQueue::claim_now(int limit) {
  if (db().run("SELECT 1 FROM entry LIMIT 1").empty()) return {};
  Transaction transaction{db()};
  free_the_dead();
  auto entries = select_entries(db(), worker_, limit);
  if (entries.empty()) return {};
  const std::array<Value, 3> values{worker_, std::stoll(entries.back().id), worker_};
  db().run(
      "INSERT OR IGNORE INTO claim (entry, worker) SELECT id, ? FROM entry WHERE id <= ?"
      " AND id NOT IN (SELECT entry FROM claim WHERE worker <> ?)",
      values);
  transaction.commit();
  return entries;
}

std::vector<Entry> LocalQueue::claim(int limit, Seconds patience) {
  return attempt([&] {
    const auto end = std::chrono::steady_clock::now() + patience;
    db();  // makes the directory
    if (!workers_) become_worker();
    auto entries = claim_now(limit);
    if (!entries.empty() || patience <= Seconds{0}) return entries;
    Bell bell{workers_file()};
    for (;;) {
      entries = claim_now(limit);  // first: somebody may have pushed before we could hear
      const Seconds left = end - std::chrono::steady_clock::now();
      if (!entries.empty() || left <= Seconds{0}) return entries;
      bell.wait(left);
    }
  });
}

void LocalQueue::acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) {
  attempt([&] {
    std::vector<Row> rows;
    for (const auto& id : ids) rows.push_back({std::stoll(id)});
    std::vector<Row> senders;
    for (const auto& [sender, seq] : acks) senders.push_back({sender, seq});
    Transaction transaction{db()};
    db().run_many("DELETE FROM entry WHERE id = ?", rows);
    db().run_many("DELETE FROM claim WHERE entry = ?", rows);
    db().run_many(
        "INSERT INTO acknowledged (sender, seq) VALUES (?, ?)"
        " ON CONFLICT (sender) DO UPDATE SET seq = excluded.seq",
        senders);
    transaction.commit();
  });
}

std::optional<std::int64_t> LocalQueue::acknowledged(const std::string& sender) {
  return attempt([&]() -> std::optional<std::int64_t> {
    const Value name{sender};
    const auto rows =
        db().run("SELECT seq FROM acknowledged WHERE sender = ?", std::span{&name, 1});
    if (rows.empty()) return std::nullopt;
    return integer(rows.front());
  });
}

Depth LocalQueue::depth() {
  return attempt([&] {
    const auto row = db().run(
                             "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM claim),"
                             " (SELECT received FROM entry ORDER BY id LIMIT 1)")
                         .at(0);
    Depth depth{.waiting = integer(row, 0) - integer(row, 1), .claimed = integer(row, 1)};
    if (const auto* oldest = std::get_if<std::int64_t>(&row.at(2))) depth.oldest = *oldest;
    return depth;
  });
}

std::string LocalQueue::describe() {
  return attempt([&] {
    db().run("SELECT 1 FROM entry LIMIT 1");
    return fmt::format("local queue in {}", directory_);
  });
}

std::string LocalQueue::identity() const {
  return attempt([&] {
    return "local:" + std::get<std::string>(db().run("SELECT name FROM identity").at(0).at(0));
  });
}

}  // namespace sheepdog
