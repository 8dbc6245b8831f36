// redis_workers-test.cc -- who of a group lives, and who inherits from the dead.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redis_workers.hh"

#include <gtest/gtest.h>

#include "queue_support.hh"
#include "redis_queue.hh"

namespace sheepdog {
namespace {

TEST(redis_workers, a_claim_that_was_not_acknowledged_is_given_again_to_its_worker) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  push(queue, {"a", "b"});
  queue.claim(1, at_once);
  EXPECT_EQ(messages(queue.claim(1, at_once)), Texts{"a"});
}

TEST(redis_workers, a_worker_that_starts_again_under_its_name_reads_its_own_first) {
  RedisServer server;
  {
    RedisQueue queue{address_of(server), "far:1:x"};
    push(queue, {"a", "b"});
    queue.claim(1, at_once);
  }
  EXPECT_EQ(messages(RedisQueue{address_of(server), "far:1:x"}.claim(1, at_once)), Texts{"a"});
}

TEST(redis_workers, what_a_dead_worker_of_this_host_had_claimed_is_inherited_at_once) {
  RedisServer server;
  {
    RedisQueue dead{address_of(server)};
    push(dead, {"a", "b"});
    EXPECT_EQ(dead.claim(2, at_once).size(), 2U);
  }
  RedisQueue queue{address_of(server)};
  const auto entries = queue.claim(5, at_once);
  EXPECT_EQ(messages(entries), (Texts{"a", "b"}));
  queue.acknowledge(ids(entries), {});
  const auto consumers = server.ask({"XINFO", "CONSUMERS", "sheepdog:barks", "sheepdog"});
  EXPECT_EQ(consumers.find("name"), consumers.rfind("name")) << "only the living remain";
  EXPECT_EQ(server.ask({"HLEN", "sheepdog:workers"}), "1");
}

TEST(redis_workers, the_living_are_not_robbed) {
  RedisServer server;
  RedisQueue one{address_of(server)}, two{address_of(server)};
  push(one, {"a", "b"});
  EXPECT_EQ(messages(one.claim(1, at_once)), Texts{"a"});
  EXPECT_EQ(messages(two.claim(2, at_once)), Texts{"b"});
}

TEST(redis_workers, a_worker_of_another_host_is_not_robbed_before_it_was_silent_for_long) {
  RedisServer server;
  push(*std::make_unique<RedisQueue>(address_of(server)), {"a", "b"});
  server.ask({"XGROUP", "CREATE", "sheepdog:barks", "sheepdog", "0"});
  server.ask({"XREADGROUP", "GROUP", "sheepdog", "far:1:x", "COUNT", "1", "STREAMS",
              "sheepdog:barks", ">"});
  EXPECT_EQ(messages(RedisQueue{address_of(server)}.claim(5, at_once)), Texts{"b"});
}

TEST(redis_workers, an_entry_deleted_while_it_was_claimed_blocks_nothing) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  push(queue, {"a", "b"});
  const auto claimed = queue.claim(1, at_once);
  server.ask({"XDEL", "sheepdog:barks", claimed[0].id});
  EXPECT_EQ(messages(queue.claim(5, at_once)), Texts{"b"});
  EXPECT_EQ(queue.depth().claimed, 1);
}

TEST(redis_workers, a_worker_of_another_host_dies_of_a_counter_that_does_not_move) {
  RedisServer server;
  server.ask({"XADD", "s", "*", "message", "a"});
  server.ask({"XGROUP", "CREATE", "s", "g", "0"});
  server.ask({"XREADGROUP", "GROUP", "g", "far:1:x", "STREAMS", "s", ">"});
  Redis redis{address_of(server)};
  const auto tend = [&](RedisWorker& worker) {
    return worker.tend(redis, 0, Redis::Clock::now() + std::chrono::seconds{2});
  };
  RedisWorker mine{{"s", "g", "lives"}, "", {Seconds{0}, Seconds{0.2}}};
  EXPECT_FALSE(tend(mine));
  for (int i = 0; i < 6; ++i) {  // it lives
    server.ask({"HINCRBY", "lives", "far:1:x", "1"});
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    EXPECT_FALSE(tend(mine));
  }
  EXPECT_TRUE(eventually([&] { return tend(mine); }));
  EXPECT_TRUE(server.ask({"XPENDING", "s", "g", "-", "+", "5"}).find(mine.name()) !=
              std::string::npos);
  EXPECT_EQ(server.ask({"HGET", "lives", "far:1:x"}), "");
}

TEST(redis_workers, it_looks_again_only_when_it_is_time) {
  RedisServer server;
  Redis redis{address_of(server)};
  const auto deadline = Redis::Clock::now() + std::chrono::seconds{2};
  RedisWorker mine{{"s", "g", "lives"}, "here:1:x"};
  mine.tend(redis, 0, deadline);
  mine.tend(redis, 0, deadline);
  EXPECT_EQ(server.ask({"HGET", "lives", "here:1:x"}), "1");
}

TEST(redis_workers, what_a_lost_connection_of_its_own_was_given_is_owed) {
  RedisServer server;
  server.ask({"XADD", "s", "*", "message", "a"});
  server.ask({"XGROUP", "CREATE", "s", "g", "0"});
  Redis redis{address_of(server)};
  const auto deadline = Redis::Clock::now() + std::chrono::seconds{2};
  RedisWorker mine{{"s", "g", "lives"}, "here:1:x", {.beat = Seconds{0}}};
  EXPECT_FALSE(mine.tend(redis, 0, deadline));
  server.ask({"XREADGROUP", "GROUP", "g", "here:1:x", "STREAMS", "s", ">"});
  EXPECT_FALSE(mine.tend(redis, 1, deadline));
  EXPECT_TRUE(mine.tend(redis, 0, deadline));
}

TEST(redis_workers, it_looks_soon_after_it_had_to_connect_anew) {
  RedisServer server;
  Redis redis{address_of(server)};
  const auto deadline = Redis::Clock::now() + std::chrono::seconds{2};
  RedisWorker mine{{"s", "g", "lives"}, "here:1:x", {.settling = Seconds{0}}};
  mine.tend(redis, 0, deadline);
  mine.tend(redis, 0, deadline);  // after the first connection, too
  mine.tend(redis, 0, deadline);
  EXPECT_EQ(server.ask({"HGET", "lives", "here:1:x"}), "2");
  server.ask({"CLIENT", "KILL", "TYPE", "normal"});
  redis.run({"PING"}, deadline);
  mine.tend(redis, 0, deadline);
  EXPECT_EQ(server.ask({"HGET", "lives", "here:1:x"}), "3");
}

TEST(redis_workers, it_lives_where_redis_has_no_memory) {
  RedisServer server;
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  Redis redis{address_of(server)};
  RedisWorker mine{{"s", "g", "lives"}, "here:1:x"};
  mine.tend(redis, 0, Redis::Clock::now() + std::chrono::seconds{2});
  EXPECT_EQ(server.ask({"HGET", "lives", "here:1:x"}), "1");
}

}  // namespace
}  // namespace sheepdog
