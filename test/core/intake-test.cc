// intake-test.cc -- from the queue into the database, once.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "intake.hh"

#include <gtest/gtest.h>

#include <functional>

#include "local_queue.hh"
#include "queue_support.hh"
#include "redis_queue.hh"
#include "spool.hh"

namespace sheepdog {
namespace {

Database make_store(const std::string& file) {
  Database db{file, Database::Mode::create};
  const std::filesystem::path steps{SHEEPDOG_SOURCE "/scheme/sheepdog/sql"};
  for (int n = 1; std::filesystem::exists(steps / (std::to_string(n) + ".sql")); ++n)
    db.run_script(read_file(steps / (std::to_string(n) + ".sql")));
  return db;
}

/// A queue that gives what it was told to give.
class GivingQueue : public Queue {
 public:
  void push(std::span<const Outgoing>) override {}
  [[nodiscard]] bool durable() const override { return durable_queue; }
  std::vector<Entry> claim(int, Seconds) override { return std::exchange(entries, {}); }
  void acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) override {
    acknowledged_ids.insert(acknowledged_ids.end(), ids.begin(), ids.end());
    last_acks = acks;
    if (when_acknowledged) when_acknowledged();
  }
  std::optional<std::int64_t> acknowledged(const std::string&) override { return {}; }
  Depth depth() override { return {}; }
  std::string describe() override { return "giving"; }
  [[nodiscard]] std::string identity() const override { return "giving"; }

  void give(const std::string& message, const std::string& trouble = {}, std::int64_t first = 0) {
    Entry entry{.id = std::to_string(++last_id_) + "-0", .message = message, .received = 5};
    entry.trouble = trouble;
    entry.first = first;
    bound(entry);
    entries.push_back(entry);
  }
  /// A message of the sender `s`.
  void give(std::int64_t seq, std::int64_t first = 0, const std::string& tag = "x") {
    give(R"({"sender":"s","seq":)" + std::to_string(seq) + R"(,"tag":")" + tag + "\"}", {}, first);
  }

  bool durable_queue = false;
  std::vector<Entry> entries;
  std::vector<std::string> acknowledged_ids;
  Acknowledgements last_acks;
  std::function<void()> when_acknowledged;

 private:
  int last_id_ = 0;
};

std::string one(Database& db, const std::string& sql) {
  const auto value = db.run(sql).at(0).at(0);
  if (const auto* n = std::get_if<std::int64_t>(&value)) return std::to_string(*n);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* bytes = std::get_if<Blob>(&value)) return {bytes->begin(), bytes->end()};
  return "NULL";
}

struct intake : testing::Test {
  TemporaryDirectory directory;
  Database db = make_store(directory / "sheepdog.db");
  GivingQueue queue;
  Intake take() { return take_in(queue, db, 1000, at_once); }

  /// Give the numbers as one batch of the sender `s`.
  void take(std::initializer_list<std::int64_t> numbers) {
    for (const auto seq : numbers) queue.give(seq);
    take();
  }

  /// The numbers that wait, in the order of being handled; and those that are held back.
  std::string waiting() {
    return one(db,
               "SELECT coalesce(group_concat(seq, ' '), '') FROM (SELECT seq FROM waiting w"
               " JOIN message m ON m.id = w.message ORDER BY m.id)");
  }
  std::string held() {
    return one(db,
               "SELECT coalesce(group_concat(seq || '.' || variant, ' '), '') FROM"
               " (SELECT * FROM held ORDER BY sender, seq, variant)");
  }
  /// What is missing: FIRST-LAST, `w` for waited for, `s` for settled by its sender.
  std::string holes() {
    return one(db,
               "SELECT coalesce(group_concat(first || '-' || last || iif(waited, 'w', '')"
               " || iif(settled, 's', ''), ' '), '') FROM (SELECT * FROM hole ORDER BY first)");
  }
};

TEST_F(intake, a_message_is_stored_waits_and_is_acknowledged) {
  queue.give(1);
  const auto result = take();
  EXPECT_EQ(result.claimed, 1);
  EXPECT_EQ(result.stored, 1);
  EXPECT_EQ(one(db, "SELECT body FROM message"), R"({"sender":"s","seq":1,"tag":"x"})");
  EXPECT_EQ(one(db,
                "SELECT group_concat(m.seq || name || received || length || variant) "
                "FROM message m JOIN sender s ON s.id = m.sender"),
            "1s5320");
  EXPECT_EQ(one(db, "SELECT count(*) FROM waiting WHERE message = 1 AND trouble IS NULL"), "1");
  EXPECT_EQ(queue.acknowledged_ids, std::vector<std::string>{"1-0"});
  EXPECT_EQ(queue.last_acks, (Acknowledgements{{"s", 1}}));
}

TEST_F(intake, an_empty_queue_changes_nothing) {
  EXPECT_EQ(take().claimed, 0);
  EXPECT_TRUE(queue.acknowledged_ids.empty());
}

TEST_F(intake, a_duplicate_is_stored_once_and_acknowledged_again) {
  queue.give(1);
  take();
  queue.give(1);
  queue.give(1);
  const auto result = take();
  EXPECT_EQ(result.duplicates, 2);
  EXPECT_EQ(result.stored, 0);
  EXPECT_EQ(one(db, "SELECT count(*) FROM message"), "1");
  EXPECT_EQ(one(db, "SELECT count(*) FROM waiting"), "1");
  EXPECT_EQ(queue.acknowledged_ids.size(), 3U);
  EXPECT_EQ(queue.last_acks, (Acknowledgements{{"s", 1}}));
}

TEST_F(intake, what_was_handled_does_not_wait_again) {
  queue.give(1);
  take();
  db.run("DELETE FROM waiting");
  queue.give(1);
  queue.give(2);
  take();
  EXPECT_EQ(one(db, "SELECT group_concat(message) FROM waiting"), "2");
}

TEST_F(intake, another_body_under_a_known_identity_is_the_next_variant) {
  queue.give(1);
  queue.give(1, 0, "y");
  queue.give(1, 0, "z");
  queue.give(1, 0, "y");
  const auto result = take();
  EXPECT_EQ(result.stored, 3);
  EXPECT_EQ(result.duplicates, 1);
  EXPECT_EQ(one(db, "SELECT group_concat(variant) FROM message"), "0,1,2");
}

TEST_F(intake, only_numbers_without_a_hole_are_acknowledged) {
  take({1, 2, 4, 5});
  EXPECT_EQ(queue.last_acks.at("s"), 2);
  take({3});
  EXPECT_EQ(queue.last_acks.at("s"), 5);
  EXPECT_EQ(one(db, "SELECT contiguous FROM sender WHERE name = 's'"), "5");
}

TEST_F(intake, a_sender_first_heard_in_the_middle_is_not_acknowledged) {
  queue.give(7);
  take();
  EXPECT_FALSE(queue.last_acks.contains("s"));
}

TEST_F(intake, what_a_sender_has_settled_is_no_hole) {
  queue.give(7, 7);
  queue.give(8, 7);
  queue.give(11, 7);
  take();
  EXPECT_EQ(queue.last_acks.at("s"), 8);
  queue.give(12, 11);
  take();
  EXPECT_EQ(queue.last_acks.at("s"), 12);
}

TEST_F(intake, nobody_settles_numbers_that_he_has_not_reached) {
  queue.give(3, 1'000'000);
  take();
  EXPECT_EQ(queue.last_acks.at("s"), 3);
}

TEST_F(intake, what_stands_above_a_hole_is_held_back) {
  take({1, 2, 4, 5});
  EXPECT_EQ(waiting(), "1 2");
  EXPECT_EQ(held(), "4.0 5.0");
  EXPECT_EQ(holes(), "3-3w");
  take({6, 9, 3});
  EXPECT_EQ(waiting(), "1 2 3");
  EXPECT_EQ(held(), "4.0 5.0 6.0 9.0");
  EXPECT_EQ(holes(), "7-8w");
  EXPECT_EQ(one(db, "SELECT contiguous || ' ' || highest || ' ' || holding FROM sender"), "6 9 1");
}

TEST_F(intake, a_hole_is_filled_in_any_order) {
  take({1, 9});
  take({5});
  EXPECT_EQ(holes(), "2-4w 6-8w");
  take({4, 2, 6, 8});
  EXPECT_EQ(holes(), "3-3w 7-7w");
  EXPECT_EQ(queue.last_acks.at("s"), 2);
  take({7, 3});
  EXPECT_EQ(holes(), "");
  EXPECT_EQ(queue.last_acks.at("s"), 9);
  EXPECT_EQ(waiting(), "1 2 3");  // the rest goes in its order, when somebody lets go of it
  EXPECT_EQ(held(), "4.0 5.0 6.0 7.0 8.0 9.0");
}

TEST_F(intake, while_some_are_held_later_ones_stay_behind_them) {
  take({2});
  take({1, 3});
  EXPECT_EQ(waiting(), "1");
  EXPECT_EQ(held(), "2.0 3.0");
}

TEST_F(intake, a_hole_that_is_not_waited_for_holds_nothing_back) {
  take({1, 3});
  db.run("UPDATE hole SET waited = 0");
  db.run("INSERT INTO waiting (message) SELECT message FROM held");
  db.run("DELETE FROM held");
  take({4, 6});
  EXPECT_EQ(waiting(), "1 3 4");
  EXPECT_EQ(held(), "6.0");
  EXPECT_EQ(queue.last_acks.at("s"), 1);
  take({2});
  EXPECT_EQ(waiting(), "1 3 4 2");
  EXPECT_EQ(queue.last_acks.at("s"), 4);
}

TEST_F(intake, one_senders_hole_delays_no_other) {
  queue.give(2);
  queue.give(R"({"sender":"other","seq":1,"tag":"x"})");
  take();
  EXPECT_EQ(waiting(), "1");
  EXPECT_EQ(queue.last_acks, (Acknowledgements{{"other", 1}}));
}

TEST_F(intake, a_queue_that_loses_nothing_holds_nothing_back) {
  queue.durable_queue = true;
  take({1, 3});
  EXPECT_EQ(waiting(), "1 3");
  EXPECT_EQ(holes(), "2-2");
  EXPECT_EQ(queue.last_acks.at("s"), 1);
}

TEST_F(intake, a_number_far_ahead_is_one_row) {
  take({1, 1'000'000'000, 9223372036854775807});
  EXPECT_EQ(holes(), "2-999999999w 1000000001-9223372036854775806w");
  EXPECT_EQ(held(), "1000000000.0 9223372036854775807.0");
  take({9223372036854775807, 9223372036854775806, 2});
  EXPECT_EQ(holes(), "3-999999999w 1000000001-9223372036854775805w");
  EXPECT_EQ(waiting(), "1 2");
}

TEST_F(intake, what_a_sender_gave_up_holds_nothing_back_but_is_missing) {
  take({1, 2});
  queue.give(6, 5);
  queue.give(5, 5);
  take();
  EXPECT_EQ(waiting(), "1 2 5");  // not 6: it came when 5 was still on its way
  EXPECT_EQ(held(), "6.0");
  EXPECT_EQ(holes(), "3-4s");
  EXPECT_EQ(queue.last_acks.at("s"), 6);
  take({4});
  EXPECT_EQ(holes(), "3-3s");
  EXPECT_EQ(waiting(), "1 2 5 4");
}

TEST_F(intake, a_part_of_a_hole_is_given_up) {
  take({1, 9});
  queue.give(10, 5);
  take();
  EXPECT_EQ(holes(), "2-4s 5-8w");
  EXPECT_EQ(held(), "9.0 10.0");
  EXPECT_EQ(queue.last_acks.at("s"), 4);
  queue.give(11, 11);
  take();
  EXPECT_EQ(holes(), "2-4s 5-8s");
  EXPECT_EQ(queue.last_acks.at("s"), 11);
}

TEST_F(intake, two_bodies_under_one_number_are_kept_and_noted_once) {
  take({1, 2});
  queue.give(2, 0, "y");
  queue.give(2, 0, "z");
  queue.give(2, 0, "y");
  take();
  EXPECT_EQ(waiting(), "1 2 2 2");
  EXPECT_EQ(one(db, "SELECT group_concat(sender || ':' || message || ':' || told) FROM clone"),
            "1:3:0");
}

TEST_F(intake, a_variant_above_a_hole_is_held_too) {
  take({2});
  queue.give(2, 0, "y");
  take();
  EXPECT_EQ(waiting(), "");
  EXPECT_EQ(held(), "2.0 2.1");
}

TEST_F(intake, nobody_speaks_under_the_servers_own_names) {
  for (const char* name : {"the server", "redis:localhost:6379/0:sheepdog", "local:00ff"})
    queue.give(std::string{R"({"sender":")"} + name + R"(","seq":1,"tag":"x"})");
  take();
  EXPECT_EQ(one(db, "SELECT group_concat(name) FROM sender"), "giving");
  EXPECT_TRUE(queue.last_acks.empty());
}

TEST_F(intake, a_message_without_a_sender_is_identified_by_queue_and_entry) {
  queue.give(R"({"tag":"x"})");
  queue.give(R"({"tag":"x"})");
  const auto result = take();
  EXPECT_EQ(result.stored, 2);
  EXPECT_EQ(one(db, "SELECT name FROM sender"), "giving");
  EXPECT_EQ(one(db, "SELECT group_concat(seq) FROM message"), "1048576,2097152");
  EXPECT_TRUE(queue.last_acks.empty());
}

TEST_F(intake, ids_of_any_shape_are_told_apart) {
  for (const char* id : {"17", "5-3", "9223372036854775807-9223372036854775807", "5-1048576",
                         "9223372036854775807-1", "x"}) {
    Entry entry{.id = id, .message = R"({"tag":"x"})"};
    queue.entries.push_back(entry);
  }
  EXPECT_EQ(take().stored, 6);
  EXPECT_EQ(one(db, "SELECT count(DISTINCT sender || ':' || seq) FROM message"), "6");
}

TEST_F(intake, what_cannot_be_decoded_is_stored_under_its_entry) {
  queue.give("");
  queue.give("{\"sender\":\"s\",\"seq\":1");
  queue.give(std::string(40'000, '['));
  const auto result = take();
  EXPECT_EQ(result.stored, 3);
  EXPECT_EQ(one(db, "SELECT group_concat(DISTINCT name) FROM sender"), "giving");
}

TEST_F(intake, the_transports_doubt_is_kept_beside_the_message) {
  queue.give("a 1\n", "no field 'message'");
  queue.give(std::string(300'000, 'x'));
  take();
  EXPECT_EQ(one(db, "SELECT trouble FROM waiting WHERE message = 1"), "no field 'message'");
  EXPECT_EQ(one(db, "SELECT trouble FROM waiting WHERE message = 2"),
            "300000 bytes, more than 262144");
  EXPECT_EQ(one(db, "SELECT length FROM message WHERE id = 2"), "300000");
}

TEST_F(intake, nothing_is_acknowledged_that_is_not_committed) {
  queue.give(1);
  db.run("DROP TABLE waiting");
  EXPECT_THROW(take(), Error);
  EXPECT_TRUE(queue.acknowledged_ids.empty());
  EXPECT_EQ(one(db, "SELECT count(*) FROM message"), "0");
}

TEST_F(intake, others_see_a_message_before_the_queue_hears_of_it) {
  std::string seen;
  queue.when_acknowledged = [&] {
    Database other{directory / "sheepdog.db", Database::Mode::read_only};
    seen = one(other, "SELECT count(*) FROM message");
  };
  queue.give(1);
  take();
  EXPECT_EQ(seen, "1");
}

TEST_F(intake, a_spool_lets_go_of_what_the_database_has) {
  RedisServer server;
  RedisQueue redis{address_of(server)};
  Spool spool{directory / "spool"};
  for (int i = 0; i < 5; ++i) spool.put(Json{{"tag", "x"}});
  EXPECT_EQ(spool.hand_over(redis, Seconds{1}), 5);
  EXPECT_EQ(spool.depth().sent, 5);
  EXPECT_EQ(take_in(redis, db, 1000, at_once).stored, 5);
  spool.hand_over(redis, Seconds{1});
  EXPECT_EQ(spool.depth().sent, 0);
}

TEST_F(intake, a_database_that_is_new_goes_on_where_the_spool_is) {
  LocalQueue local{directory / "queue"};
  Spool spool{directory / "spool"};
  spool.put(Json{{"tag", "x"}});
  spool.hand_over(local, Seconds{1});
  take_in(local, db, 10, at_once);
  auto other = make_store(directory / "new.db");
  const auto id = spool.put(Json{{"tag", "x"}});
  spool.hand_over(local, Seconds{1});
  take_in(local, other, 10, at_once);
  EXPECT_EQ(local.acknowledged(id.sender), 2);
}

}  // namespace
}  // namespace sheepdog
