// local_queue-test.cc -- the queue of a machine by itself.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "local_queue.hh"

#include <gtest/gtest.h>

#include "queue_support.hh"
#include "transaction.hh"

namespace sheepdog {
namespace {

TEST(local_queue, messages_come_out_in_the_order_they_went_in) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  push(queue, {"a", "b"});
  push(queue, {"c"});
  EXPECT_EQ(messages(queue.claim(10, at_once)), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(local_queue, an_entry_keeps_its_bytes_and_what_stands_beside_them) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  const std::string bytes{"\0\xff\n{", 4};
  const std::vector<Outgoing> outgoing{{bytes, 1'700'000'000'123, 7, 40, "ed25519:k", "c2ln"}};
  queue.push(outgoing);
  const auto entries = queue.claim(1, at_once);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].message, bytes);
  EXPECT_EQ(entries[0].length, 4);
  EXPECT_EQ(entries[0].sent, 1'700'000'000'123);
  EXPECT_EQ(entries[0].first, 7);
  EXPECT_EQ(entries[0].prior, 40);
  EXPECT_EQ(entries[0].key, "ed25519:k");
  EXPECT_EQ(entries[0].signature, "c2ln");
  EXPECT_EQ(entries[0].trouble, "");
  EXPECT_GT(entries[0].received, 1'700'000'000'000);
}

TEST(local_queue, what_an_older_sheepdog_left_in_it_is_not_lost) {
  TemporaryDirectory directory;
  push(*std::make_unique<LocalQueue>(directory.path()), {"old"});
  {
    Database db{directory / "queue.db", Database::Mode::create};
    db.run_script("ALTER TABLE entry DROP COLUMN prior; PRAGMA user_version = 1");
  }
  LocalQueue queue{directory.path()};
  push(queue, {"new"});
  EXPECT_EQ(messages(queue.claim(5, at_once)), (Texts{"old", "new"}));
}

TEST(local_queue, a_claimed_message_comes_back_when_its_worker_dies) {
  TemporaryDirectory directory;
  {
    LocalQueue queue{directory.path()};
    push(queue, {"a"});
    EXPECT_EQ(messages(queue.claim(1, at_once)), std::vector<std::string>{"a"});
  }  // and no acknowledgement follows
  EXPECT_EQ(messages(LocalQueue{directory.path()}.claim(1, at_once)),
            std::vector<std::string>{"a"});
}

TEST(local_queue, a_claimed_message_is_not_given_to_a_second_living_worker) {
  TemporaryDirectory directory;
  LocalQueue one{directory.path()}, two{directory.path()};
  push(one, {"a", "b"});
  EXPECT_EQ(messages(one.claim(1, at_once)), std::vector<std::string>{"a"});
  EXPECT_EQ(messages(two.claim(2, at_once)), std::vector<std::string>{"b"});
}

TEST(local_queue, a_claim_that_was_not_acknowledged_is_given_again_to_its_worker) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  push(queue, {"a", "b"});
  queue.claim(1, at_once);
  EXPECT_EQ(messages(queue.claim(2, at_once)), (std::vector<std::string>{"a", "b"}));
}

TEST(local_queue, what_is_acknowledged_is_gone_and_known) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  push(queue, {"a", "b"});
  EXPECT_EQ(queue.acknowledged("s"), std::nullopt);
  queue.acknowledge(ids(queue.claim(1, at_once)), {{"s", 41}});
  queue.acknowledge({}, {{"s", 42}});
  EXPECT_EQ(messages(queue.claim(2, at_once)), std::vector<std::string>{"b"});
  EXPECT_EQ(queue.acknowledged("s"), 42);
}

TEST(local_queue, an_id_is_never_given_twice) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  push(queue, {"a"});
  const auto first = ids(queue.claim(1, at_once));
  queue.acknowledge(first, {});
  push(queue, {"b"});
  EXPECT_NE(ids(queue.claim(1, at_once)), first);
}

TEST(local_queue, it_knows_what_waits_and_what_is_claimed) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  push(queue, {"a", "b", "c"});
  queue.claim(1, at_once);
  const auto depth = queue.depth();
  EXPECT_EQ(depth.waiting, 2);
  EXPECT_EQ(depth.claimed, 1);
  EXPECT_TRUE(depth.oldest.has_value());
  EXPECT_EQ(queue.describe(), "local queue in " + directory.path());
}

TEST(local_queue, its_identity_stays_and_is_not_that_of_another_one) {
  TemporaryDirectory one, two;
  EXPECT_EQ(LocalQueue{one.path()}.identity(), LocalQueue{one.path()}.identity());
  EXPECT_NE(LocalQueue{one.path()}.identity(), LocalQueue{two.path()}.identity());
}

TEST(local_queue, a_claim_waits_for_what_another_process_pushes) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  std::thread other{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    LocalQueue there{directory.path()};
    push(there, {"a"});
  }};
  const auto begin = std::chrono::steady_clock::now();
  const auto entries = queue.claim(1, Seconds{10});
  const Seconds took = std::chrono::steady_clock::now() - begin;
  other.join();
  EXPECT_EQ(messages(entries), std::vector<std::string>{"a"});
  EXPECT_LT(took, Seconds{0.8});
}

TEST(local_queue, a_claim_is_bounded_in_bytes) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  push(queue, std::vector<std::string>(40, std::string(max_message, 'x')));
  EXPECT_EQ(queue.claim(40, at_once).size(), max_batch / max_message);
}

TEST(local_queue, a_message_over_the_limit_is_kept_in_its_beginning) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path()};
  push(queue, {std::string(300'000, 'x')});
  const auto entry = queue.claim(1, at_once).at(0);
  EXPECT_EQ(entry.message.size(), max_message);
  EXPECT_EQ(entry.length, 300'000);
  EXPECT_EQ(entry.trouble, "300000 bytes, more than 262144");
}

TEST(local_queue, a_file_that_is_no_database_is_an_error_of_the_queue) {
  TemporaryDirectory directory;
  write_file(directory / "queue.db", std::string(5000, 'x'));
  EXPECT_TRUE(error_of([&] {
                LocalQueue{directory.path()}.describe();
              }).starts_with("queue-unreachable: cannot use the local queue in "));
}

TEST(local_queue, a_database_held_by_another_is_waited_for_no_longer_than_said) {
  TemporaryDirectory directory;
  LocalQueue queue{directory.path(), Seconds{0.1}};
  push(queue, {"a"});
  Database other{directory / "queue.db", Database::Mode::read_write};
  const Transaction held{other};
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(push(queue, {"b"}), Error);
  EXPECT_LT(Seconds{std::chrono::steady_clock::now() - begin}, Seconds{1.5});
}

}  // namespace
}  // namespace sheepdog
