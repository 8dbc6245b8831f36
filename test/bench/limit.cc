// limit.cc -- how fast messages could get from Redis into SQLite if nobody looked at them.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The peer of the server in test/bench/run: the same messages, the same promises (a batch is
// committed with synchronous=FULL before it is acknowledged), no decoding, no receiver, no decision.
//
// Usage: limit print COUNT SUBJECTS               print COUNT messages of 500 bytes about SUBJECTS subjects
//        limit fill SOCKET COUNT SUBJECTS         push them
//        limit drain SOCKET DATABASE BATCH        store all that is there; prints messages a second
#include <hiredis/hiredis.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
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

void drain(const char* socket, const char* file, int batch) {
  const Redis redis = connect(socket);
  Reply{static_cast<redisReply*>(
      redisCommand(redis.get(), "XGROUP CREATE sheepdog:barks limit 0 MKSTREAM"))};
  sqlite3* opened = nullptr;
  if (sqlite3_open(file, &opened) != SQLITE_OK) give_up(file, "cannot be opened");
  const std::unique_ptr<sqlite3, Free> db{opened};
  run(db.get(),
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "CREATE TABLE message (id INTEGER PRIMARY KEY, sender TEXT, seq INTEGER, received INTEGER, body BLOB,"
      " UNIQUE (sender, seq))");
  sqlite3_stmt* prepared = nullptr;
  sqlite3_prepare_v2(db.get(),
                     "INSERT OR IGNORE INTO message (sender, seq, received, body)"
                     " VALUES ('3f9c0000000000000000000000000000', ?, ?, ?)",
                     -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, Free> insert{prepared};

  const auto began = std::chrono::steady_clock::now();
  long stored = 0;
  while (true) {
    append(redis, {"XREADGROUP", "GROUP", "limit", "bench", "COUNT", std::to_string(batch), "STREAMS",
                   "sheepdog:barks", ">"});
    const Reply reply = next(redis);
    if (reply->type == REDIS_REPLY_NIL) break;
    const redisReply* entries = reply->element[0]->element[1];
    std::vector<std::string> acknowledge{"XACK", "sheepdog:barks", "limit"}, remove{"XDEL", "sheepdog:barks"};
    run(db.get(), "BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < entries->elements; ++i) {
      const redisReply* id = entries->element[i]->element[0];
      const redisReply* body = entries->element[i]->element[1]->element[1];
      sqlite3_bind_int64(insert.get(), 1, stored + static_cast<long>(i) + 1);
      sqlite3_bind_int64(insert.get(), 2, std::strtoll(id->str, nullptr, 10));  // ms of its receipt
      sqlite3_bind_blob(insert.get(), 3, body->str, static_cast<int>(body->len), SQLITE_STATIC);
      if (sqlite3_step(insert.get()) != SQLITE_DONE) give_up("insert", sqlite3_errmsg(db.get()));
      sqlite3_reset(insert.get());
      acknowledge.emplace_back(id->str, id->len);
      remove.emplace_back(id->str, id->len);
    }
    run(db.get(), "COMMIT");
    stored += static_cast<long>(entries->elements);
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
  } else if (what == "drain" && argc == 5) {
    drain(argv[2], argv[3], std::atoi(argv[4]));
  } else {
    std::fprintf(stderr, "usage: limit print COUNT SUBJECTS | limit fill SOCKET COUNT SUBJECTS |"
                         " limit drain SOCKET DATABASE BATCH\n");
    return 2;
  }
}
