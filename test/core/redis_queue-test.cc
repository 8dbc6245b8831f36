// redis_queue-test.cc -- the queue of a herd, against a real redis-server.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redis_queue.hh"

#include <gtest/gtest.h>

#include "queue_support.hh"

namespace sheepdog {
namespace {

TEST(redis_queue, messages_come_out_in_the_order_they_went_in) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  push(queue, {"a", "b", "c"});
  EXPECT_EQ(messages(queue.claim(2, at_once)), (Texts{"a", "b"}));
}

TEST(redis_queue, an_entry_keeps_its_bytes_and_what_stands_beside_them) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  const std::string bytes{"\0\xff\r\n{", 5};
  const std::vector<Outgoing> outgoing{{bytes, 1'700'000'000'007, 7, 40, "ed25519:k", "c2ln"}};
  queue.push(outgoing);
  EXPECT_NE(server.ask({"XRANGE", "sheepdog:barks", "-", "+"}).find("sent\n1700000000.007"),
            std::string::npos);
  const auto entries = queue.claim(1, at_once);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].message, bytes);
  EXPECT_EQ(entries[0].length, 5);
  EXPECT_EQ(entries[0].sent, 1'700'000'000'007);
  EXPECT_EQ(entries[0].first, 7);
  EXPECT_EQ(entries[0].prior, 40);
  EXPECT_EQ(entries[0].key, "ed25519:k");
  EXPECT_EQ(entries[0].signature, "c2ln");
  EXPECT_EQ(entries[0].received, std::stoll(entries[0].id));
  EXPECT_EQ(entries[0].trouble, "");
}

TEST(redis_queue, what_redis_cli_adds_is_a_message) {
  RedisServer server;
  server.ask({"XADD", "sheepdog:barks", "*", "message", R"({"tag":"raid"})"});
  RedisQueue queue{address_of(server)};
  EXPECT_EQ(messages(queue.claim(5, at_once)), Texts{R"({"tag":"raid"})"});
}

TEST(redis_queue, what_is_pushed_into_an_inbox_moves_into_the_stream) {
  RedisServer server;
  server.ask({"LPUSH", "sheepdog:inbox", "a", "b"});
  server.ask({"LPUSH", "sheepdog_run", "c"});
  auto address = address_of(server);
  address.inboxes = {"sheepdog_run"};
  RedisQueue queue{address};
  EXPECT_EQ(queue.depth().waiting, 3);
  const auto entries = queue.claim(5, at_once);
  EXPECT_EQ(messages(entries), (Texts{"a", "b", "c"}));
  EXPECT_EQ(server.ask({"LLEN", "sheepdog:inbox"}), "0");
  EXPECT_EQ(server.ask({"XLEN", "sheepdog:barks"}), "3");
  queue.acknowledge(ids(entries), {});
  EXPECT_EQ(queue.depth().waiting, 0);
}

TEST(redis_queue, an_inbox_that_is_no_list_blocks_nothing) {
  RedisServer server;
  server.ask({"SET", "sheepdog:inbox", "a"});
  RedisQueue queue{address_of(server)};
  push(queue, {"b"});
  EXPECT_EQ(messages(queue.claim(5, at_once)), Texts{"b"});
}

TEST(redis_queue, a_foreign_entry_is_text_with_its_trouble) {
  RedisServer server;
  server.ask({"XADD", "sheepdog:barks", "*", "temperature", "41", "unit", "C"});
  RedisQueue queue{address_of(server)};
  push(queue, {"a"});
  const auto entries = queue.claim(5, at_once);
  EXPECT_EQ(messages(entries), (Texts{"temperature 41\nunit C\n", "a"}));
  EXPECT_EQ(entries[0].trouble, "no field 'message'");
  EXPECT_EQ(entries[1].trouble, "");
}

TEST(redis_queue, a_message_over_the_limit_is_kept_in_its_beginning) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  push(queue, {std::string(10'000'000, 'x'), "a"});
  const auto entries = queue.claim(2, at_once);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].message.size(), max_message);
  EXPECT_EQ(entries[0].length, 10'000'000);
  EXPECT_EQ(entries[0].trouble, "10000000 bytes, more than 262144");
  EXPECT_EQ(entries[1].message, "a");
}

TEST(redis_queue, an_entry_that_fits_into_no_reply_is_cut_by_redis_and_the_next_follows) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  push(queue, {"a"});
  push(queue, {std::string(40'000'000, 'x')});
  push(queue, {"b"});
  Texts got;
  for (int i = 0; i < 3; ++i) {
    const auto entries = queue.claim(10, at_once);
    for (const auto& entry : entries) {
      got.push_back(entry.message.substr(0, 1));
      if (got.back() != "x") continue;
      EXPECT_EQ(entry.message.size(), max_message);
      EXPECT_EQ(entry.length, 40'000'007) << "with the field's name: cut by Redis, not by us";
      EXPECT_EQ(entry.trouble, "40000007 bytes, more than 262144");
    }
    queue.acknowledge(ids(entries), {});
  }
  EXPECT_EQ(got, (Texts{"a", "x", "b"}));
  EXPECT_EQ(server.ask({"XLEN", "sheepdog:barks"}), "0");
}

TEST(redis_queue, an_entry_of_more_fields_than_a_reply_may_have_is_cut_by_redis) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  Redis redis{address_of(server)};
  Command xadd{"XADD", "sheepdog:barks", "*", "message", "a"};
  xadd.resize(300'001, "x");
  redis.must(xadd, Redis::Clock::now() + std::chrono::seconds{10});
  push(queue, {"b"});
  Texts got;
  for (int i = 0; i < 2; ++i) {
    const auto entries = queue.claim(10, at_once);
    const auto some = messages(entries);
    got.insert(got.end(), some.begin(), some.end());
    queue.acknowledge(ids(entries), {});
  }
  EXPECT_EQ(got, (Texts{"a", "b"}));
}

TEST(redis_queue, a_batch_is_bounded_in_bytes_once_the_size_is_known) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  push(queue, Texts(100, std::string(200'000, 'x')));
  queue.acknowledge(ids(queue.claim(10, at_once)), {});
  EXPECT_LE(queue.claim(100, at_once).size(), max_batch / 200'000);
}

TEST(redis_queue, what_is_acknowledged_is_gone_and_known) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  push(queue, {"a", "b"});
  EXPECT_EQ(queue.acknowledged("s"), std::nullopt);
  queue.acknowledge(ids(queue.claim(1, at_once)), {{"s", 41}, {"t", 3}});
  EXPECT_EQ(queue.acknowledged("s"), 41);
  EXPECT_EQ(server.ask({"HGET", "sheepdog:acks", "t"}), "3");
  EXPECT_EQ(server.ask({"XLEN", "sheepdog:barks"}), "1");
  EXPECT_EQ(messages(queue.claim(5, at_once)), Texts{"b"});
}

TEST(redis_queue, an_acknowledgement_may_bear_a_signature) {
  RedisServer server;
  server.ask({"HSET", "sheepdog:acks", "s", "17 ed25519:k c2ln"});
  EXPECT_EQ(RedisQueue{address_of(server)}.acknowledged("s"), 17);
}

TEST(redis_queue, a_claim_ends_with_its_patience_and_finds_what_comes_meanwhile) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(queue.claim(1, Seconds{0.6}).empty());
  Seconds took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, Seconds{0.6});
  EXPECT_LT(took, Seconds{1.5});
  std::thread other{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    RedisQueue there{address_of(server)};
    push(there, {"a"});
  }};
  begin = std::chrono::steady_clock::now();
  EXPECT_EQ(messages(queue.claim(1, Seconds{10})), Texts{"a"});
  took = std::chrono::steady_clock::now() - begin;
  other.join();
  EXPECT_LT(took, Seconds{0.4});
}

TEST(redis_queue, a_redis_that_lost_everything_is_used_again) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  push(queue, {"a"});
  queue.claim(1, at_once);
  server.ask({"FLUSHALL"});
  push(queue, {"b"});
  EXPECT_EQ(messages(queue.claim(5, at_once)), Texts{"b"});
  EXPECT_EQ(queue.acknowledged("s"), std::nullopt);
}

TEST(redis_queue, what_was_sent_before_there_was_a_group_is_delivered) {
  RedisServer server;
  RedisQueue sender{address_of(server)};
  push(sender, {"a"});
  RedisQueue one{address_of(server)}, two{address_of(server)};
  EXPECT_TRUE(one.claim(5, at_once).size() + two.claim(5, at_once).size() == 1);
}

TEST(redis_queue, a_redis_without_memory_is_drained_all_the_same) {
  RedisServer server;
  server.ask({"XADD", "sheepdog:barks", "*", "message", "a"});
  server.ask({"LPUSH", "sheepdog:inbox", "b"});
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  RedisQueue queue{address_of(server)};
  EXPECT_NE(error_of([&] { push(queue, {"c"}); }).find("OOM"), std::string::npos);
  for (const auto* text : {"a", "b"}) {
    const auto entries = queue.claim(5, Seconds{1});
    EXPECT_EQ(messages(entries), Texts{text});
    queue.acknowledge(ids(entries), {{"sender", 7}});
  }
  EXPECT_EQ(server.ask({"XLEN", "sheepdog:barks"}), "0");
  EXPECT_EQ(queue.acknowledged("sender"), 7);
}

TEST(redis_queue, however_much_waits_nothing_is_thrown_away) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  const int many = 20'000;
  push(queue, Texts(many, "x"));
  EXPECT_EQ(queue.depth().waiting, many);
}

TEST(redis_queue, another_channel_is_another_queue) {
  RedisServer server;
  auto address = address_of(server);
  RedisQueue one{address};
  address.channel = "kennel";
  RedisQueue two{address};
  push(two, {"a"});
  EXPECT_TRUE(one.claim(1, at_once).empty());
  EXPECT_EQ(server.ask({"XLEN", "kennel:barks"}), "1");
}

}  // namespace
}  // namespace sheepdog
