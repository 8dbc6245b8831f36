// limit.cc -- how fast messages could get from Redis into SQLite if nobody thought about them.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The peer of the server in test/bench/run. A batch is claimed, committed with synchronous=FULL and
// then acknowledged: one commit, one round trip. `drain` stores the bytes, and nothing of what they
// say. With SCHEMA, the directory of our 1.sql and 2.sql, it stores in our tables what the server
// does of the same messages: the bytes, the event, the state of its subject and the decision on it
// (each written once a batch), the fact when it is a new one. Host, tag and fact it finds by their
// place in the text; nothing is checked, no receiver called, nothing decided.
//
// Usage: limit print COUNT SUBJECTS               print COUNT messages of 500 bytes about SUBJECTS subjects
//        limit fill SOCKET COUNT SUBJECTS         push them
//        limit drain SOCKET DATABASE BATCH [SCHEMA]
//                                                 store all that is there; prints messages a second
#include <hiredis/hiredis.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

[[noreturn]] void give_up(const char* what, const char* why) {
  std::fprintf(stderr, "limit: %s: %s\n", what, why);
  std::exit(1);
}

struct Free {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Redis = std::unique_ptr<redisContext, Free>;
using Reply = std::unique_ptr<redisReply, Free>;

Redis connect(const char* socket) {
  Redis redis{redisConnectUnix(socket)};
  if (!redis || redis->err) give_up(socket, redis ? redis->errstr : "no memory");
  return redis;
}

Reply checked(void* raw) {
  Reply reply{static_cast<redisReply*>(raw)};
  if (!reply) give_up("redis", "connection lost");
  if (reply->type == REDIS_REPLY_ERROR) give_up("redis", reply->str);
  return reply;
}

Reply next(const Redis& redis) {
  void* raw = nullptr;
  redisGetReply(redis.get(), &raw);
  return checked(raw);
}

void append(const Redis& redis, const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const auto& word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  redisAppendCommandArgv(redis.get(), static_cast<int>(words.size()), texts.data(), lengths.data());
}

/// A failed job as a wrapper sends it, with a field for the receiver, filled up to 500 bytes. Each tenth
/// message of a subject tells a new fact.
std::string message(int number, int subjects) {
  const int subject = number % subjects;
  std::string text = "{\"host\":\"tux" + std::to_string(subject / 10) + "\",\"tag\":\"job" +
                     std::to_string(subject % 10) + "\",\"monitor\":\"bench\",\"fields\":{\"runs\":" +
                     std::to_string(number / subjects / 10) +
                     "},\"state\":\"fail\",\"summary\":\"exit status 2 after 0.4 s\",\"outcome\":{\"command\":"
                     "\"borg create --stats /export/backup/borg::stamp /export/ipfs\",\"status\":2,\"elapsed\":0.4,"
                     "\"stderr\":\"";
  text.resize(std::max<std::size_t>(text.size(), 497), 'x');
  return text + "\"}}";
}

void fill(const char* socket, int count, int subjects) {
  const Redis redis = connect(socket);
  constexpr int depth = 1000;
  for (int sent = 0; sent < count;) {
    const int batch = std::min(depth, count - sent);
    for (int i = 0; i < batch; ++i)
      append(redis, {"XADD", "sheepdog:barks", "*", "message", message(sent + i, subjects)});
    for (int i = 0; i < batch; ++i) next(redis);
    sent += batch;
  }
}

void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) give_up(sql, sqlite3_errmsg(db));
}

/// `db` with the tables of `schema`: before a statement on them can be prepared.
sqlite3* made(sqlite3* db, const std::string& schema) {
  run(db, schema.c_str());
  return db;
}

/// One prepared statement, run with values in the order of its parameters.
class Statement {
 public:
  Statement(sqlite3* db, const char* sql) : db_{db} {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &prepared, nullptr) != SQLITE_OK) give_up(sql, sqlite3_errmsg(db));
    statement_.reset(prepared);
  }

  template <typename... Values>
  void run(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    if (sqlite3_step(statement_.get()) != SQLITE_DONE) give_up("a statement", sqlite3_errmsg(db_));
    sqlite3_reset(statement_.get());
  }

 private:
  template <typename Value>
  void bind(int index, const Value& value) {
    if constexpr (std::is_integral_v<Value>)
      sqlite3_bind_int64(statement_.get(), index, value);
    else if constexpr (std::is_same_v<Value, std::string_view>)
      sqlite3_bind_text(statement_.get(), index, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    else
      sqlite3_bind_blob(statement_.get(), index, value->str, static_cast<int>(value->len), SQLITE_STATIC);
  }

  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Free> statement_;
};

/// What is stored of a message, and at the end of a batch, in its transaction.
struct Store {
  virtual ~Store() = default;
  virtual void put(long number, long long received, const redisReply* body) = 0;
  virtual void finish() {}
};

class Bytes : public Store {
 public:
  explicit Bytes(sqlite3* db)
      : insert_{made(db,
                     "CREATE TABLE message (id INTEGER PRIMARY KEY, sender TEXT, seq INTEGER, received INTEGER,"
                     " body BLOB, UNIQUE (sender, seq))"),
                "INSERT OR IGNORE INTO message (sender, seq, received, body)"
                " VALUES ('3f9c0000000000000000000000000000', ?, ?, ?)"} {}
  void put(long number, long long received, const redisReply* body) override {
    insert_.run(number, received, body);
  }

 private:
  Statement insert_;
};

std::string text_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  if (text.str().empty()) give_up(file.c_str(), "is empty or cannot be read");
  return text.str();
}

/// The text between `before` and the next of `ends`.
std::string_view between(std::string_view text, std::string_view before, std::string_view ends) {
  const auto begin = text.find(before) + before.size();
  return text.substr(begin, text.find_first_of(ends, begin) - begin);
}

class Tables : public Store {
 public:
  Tables(sqlite3* db, const std::string& schema)
      : message_{made(db, text_of(schema + "/1.sql") + text_of(schema + "/2.sql")),
                 "INSERT OR IGNORE INTO message (sender, seq, received, body, length) VALUES (1, ?, ?, ?, 500)"},
        event_{db,
               "INSERT INTO event (id, t, rx, host, tag, monitor, kind, state, summary, elapsed)"
               " VALUES (?, ?2, ?2, ?, ?, 'bench', 'bark', 'fail', ?, 400)"},
        begin_subject_{db,
                       "INSERT INTO subject (id, host, tag, monitor, heard, state, hard, since, bad_since, worst,"
                       " failures, sender, seq, summary, version)"
                       " VALUES (?, ?, ?, 'bench', 0, 'fail', 'fail', ?4, ?4, 'fail', 0, 0, 0, '', 0)"},
        subject_{db,
                 "UPDATE subject SET heard = ?1, at = ?1, received = ?1, event = ?2, seq = ?2, failures = failures + ?,"
                 " summary = ?, version = version + 1 WHERE id = ?"},
        begin_decision_{db,
                        "INSERT INTO decision (id, subject, recipient, since, at, event, verdict, reason, count)"
                        " VALUES (?1, ?1, 'log', ?2, ?2, 0, 'no', 'same', 0)"},
        decision_{db, "UPDATE decision SET count = count + ?, at = ?, event = ? WHERE id = ?"},
        end_fact_{db,
                  "UPDATE _fact SET t1 = ?1 WHERE relation = 'runs' AND arity = 2 AND host = ?2 AND k1 = ?3"
                  " AND k2 = '' AND k3 = '' AND t0 = ?4"},
        fact_{db, "INSERT OR IGNORE INTO _fact VALUES ('runs', 2, ?, ?, '', '', ?, ?, 9223372036854775807, ?)"} {}

  void put(long number, long long received, const redisReply* body) override {
    message_.run(number, received, body);
    const std::string_view text{body->str, body->len};
    const auto host = between(text, "\"host\":\"", "\""), tag = between(text, "\"tag\":\"", "\"");
    const auto summary = between(text, "\"summary\":\"", "\""), runs = between(text, "\"runs\":", ",}");
    event_.run(number, received, host, tag, summary);
    auto& subject = subjects_[std::string{host} + "/" + std::string{tag}];
    if (subject.id == 0) {
      subject.id = static_cast<long>(subjects_.size());
      begin_subject_.run(subject.id, host, tag, received);
      begin_decision_.run(subject.id, received);
    }
    if (subject.news++ == 0) touched_.push_back(&subject);
    subject.at = received;
    subject.event = number;
    subject.summary = summary;
    if (subject.runs == runs) return;
    if (!subject.runs.empty()) end_fact_.run(received, host, tag, subject.since);
    fact_.run(host, tag, std::strtoll(std::string{runs}.c_str(), nullptr, 10), received, number);
    subject.runs = runs;
    subject.since = received;
  }

  void finish() override {
    for (auto* subject : touched_) {
      subject_.run(subject->at, subject->event, subject->news, std::string_view{subject->summary}, subject->id);
      decision_.run(subject->news, subject->at, subject->event, subject->id);
      subject->news = 0;
    }
    touched_.clear();
  }

 private:
  struct Subject {
    long id = 0, event = 0, news = 0;  // news: messages of this batch
    long long at = 0, since = 0;       // since: when its fact began
    std::string summary, runs;
  };
  Statement message_, event_, begin_subject_, subject_, begin_decision_, decision_, end_fact_, fact_;
  std::map<std::string, Subject> subjects_;
  std::vector<Subject*> touched_;
};

void drain(const char* socket, const char* file, int batch, const char* schema) {
  const Redis redis = connect(socket);
  Reply{static_cast<redisReply*>(
      redisCommand(redis.get(), "XGROUP CREATE sheepdog:barks limit 0 MKSTREAM"))};
  sqlite3* opened = nullptr;
  if (sqlite3_open(file, &opened) != SQLITE_OK) give_up(file, "cannot be opened");
  const std::unique_ptr<sqlite3, Free> db{opened};
  run(opened, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;"
              "PRAGMA wal_autocheckpoint = 4096");  // as the server has them
  std::unique_ptr<Store> store;
  if (schema)
    store = std::make_unique<Tables>(opened, schema);
  else
    store = std::make_unique<Bytes>(opened);

  const auto began = std::chrono::steady_clock::now();
  long stored = 0;
  while (true) {
    append(redis, {"XREADGROUP", "GROUP", "limit", "bench", "COUNT", std::to_string(batch), "STREAMS",
                   "sheepdog:barks", ">"});
    const Reply reply = next(redis);
    if (reply->type == REDIS_REPLY_NIL) break;
    const redisReply* entries = reply->element[0]->element[1];
    std::vector<std::string> acknowledge{"XACK", "sheepdog:barks", "limit"}, remove{"XDEL", "sheepdog:barks"};
    run(opened, "BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < entries->elements; ++i) {
      const redisReply* id = entries->element[i]->element[0];
      store->put(++stored, std::strtoll(id->str, nullptr, 10), entries->element[i]->element[1]->element[1]);
      acknowledge.emplace_back(id->str, id->len);
      remove.emplace_back(id->str, id->len);
    }
    store->finish();
    run(opened, "COMMIT");
    append(redis, acknowledge);  // only now, and in one round trip
    append(redis, remove);
    append(redis, {"HSET", "sheepdog:acks", "3f9c0000000000000000000000000000", std::to_string(stored)});
    for (int i = 0; i < 3; ++i) next(redis);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%.0f\n", static_cast<double>(stored) / took.count());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "print" && argc == 4) {
    for (int i = 0; i < std::atoi(argv[2]); ++i) std::puts(message(i, std::atoi(argv[3])).c_str());
  } else if (what == "fill" && argc == 5) {
    fill(argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  } else if (what == "drain" && (argc == 5 || argc == 6)) {
    drain(argv[2], argv[3], std::atoi(argv[4]), argc == 6 ? argv[5] : nullptr);
  } else {
    std::fprintf(stderr, "usage: limit print COUNT SUBJECTS | limit fill SOCKET COUNT SUBJECTS |"
                         " limit drain SOCKET DATABASE BATCH [SCHEMA]\n");
    return 2;
  }
}
