// latency.cc -- from a bark to its row on an idle server, beside one fsync and one Redis round trip
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Usage: latency SOCKET DATABASE RUNS
// Barks RUNS times, 30 ms apart, and looks every 0.1 ms whether the server has handled it. Prints three
// lines "P50 P99" in ms: bark to row, 4 KB written and synced beside DATABASE, PING.
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

[[noreturn]] void give_up(const char* what, const char* why) {
  std::fprintf(stderr, "latency: %s: %s\n", what, why);
  std::exit(1);
}

struct Free {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

double milliseconds_of(const std::function<void()>& act) {
  const auto began = Clock::now();
  act();
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

void report(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::printf("%.2f %.2f\n", times[times.size() / 2], times[times.size() * 99 / 100]);
}

void command(redisContext* redis, const char* text) {
  redisReply* const reply = static_cast<redisReply*>(redisCommand(redis, text));
  if (!reply || reply->type == REDIS_REPLY_ERROR) give_up(text, reply ? reply->str : redis->errstr);
  freeReplyObject(reply);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: latency SOCKET DATABASE RUNS\n");
    return 2;
  }
  const std::unique_ptr<redisContext, Free> redis{redisConnectUnix(argv[1])};
  if (!redis || redis->err) give_up(argv[1], redis ? redis->errstr : "no memory");
  sqlite3* opened = nullptr;
  if (sqlite3_open_v2(argv[2], &opened, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK)
    give_up(argv[2], "cannot be opened");
  const std::unique_ptr<sqlite3, Free> db{opened};
  sqlite3_busy_timeout(opened, 1000);
  sqlite3_stmt* prepared = nullptr;
  sqlite3_prepare_v2(opened, "SELECT coalesce(max(id), 0) FROM event", -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, Free> query{prepared};
  const auto newest = [&] {
    if (sqlite3_step(prepared) != SQLITE_ROW) give_up(argv[2], sqlite3_errmsg(opened));
    const auto id = sqlite3_column_int64(prepared, 0);
    sqlite3_reset(prepared);
    return id;
  };
  const int runs = std::max(1, std::atoi(argv[3]));
  std::vector<double> barks, syncs, pings;

  for (int i = 0; i < runs; ++i) {
    std::this_thread::sleep_for(milliseconds{30});
    const auto before = newest();
    barks.push_back(milliseconds_of([&] {
      command(redis.get(),
              "XADD sheepdog:barks * message {\"host\":\"tux01\",\"tag\":\"latency\",\"state\":\"ok\"}");
      const auto late = Clock::now() + std::chrono::seconds{10};
      while (newest() == before) {
        if (Clock::now() > late) give_up("a bark", "not stored within 10 s");
        std::this_thread::sleep_for(std::chrono::microseconds{100});
      }
    }));
  }
  const std::string file = std::string{argv[2]} + ".sync";
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) give_up(file.c_str(), "cannot be written");
  const std::array<char, 4096> block{};
  for (int i = 0; i < runs; ++i) {
    std::this_thread::sleep_for(milliseconds{10});
    syncs.push_back(milliseconds_of([&] {
      if (write(fd, block.data(), block.size()) < 0 || fdatasync(fd) != 0) give_up(argv[2], "no fsync");
    }));
    pings.push_back(milliseconds_of([&] { command(redis.get(), "PING"); }));
  }
  close(fd);
  unlink(file.c_str());
  report(barks), report(syncs), report(pings);
}
