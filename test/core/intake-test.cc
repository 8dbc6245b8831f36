// intake-test.cc -- from the queue into the database, once.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "intake_support.hh"
#include "local_queue.hh"
#include "redis_queue.hh"
#include "spool.hh"
#include "worker.hh"

namespace sheepdog {
namespace {

struct intake : IntakeTest {};

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

TEST_F(intake, what_workers_died_of_is_stored_as_it_is) {
  Page page{};
  page.decoding_deaths = 3;
  join_supervisor(&page, 1);
  queue.give(7);
  take();
  queue.give(1);
  take();
  join_supervisor(nullptr, 0);
  EXPECT_EQ(one(db,
                "SELECT group_concat(coalesce(trouble, '-') || ' ' || (name = 's'), '; ') FROM waiting"
                " w JOIN message m ON m.id = w.message JOIN sender s ON s.id = m.sender"),
            "the process died of it 0; - 1");
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

TEST_F(intake, what_was_removed_since_is_a_duplicate_for_ever) {
  take({1, 2, 3, 4, 6});
  db.run("DELETE FROM message WHERE seq BETWEEN 2 AND 3");
  db.run("INSERT INTO removed (sender, first, last) SELECT id, 2, 3 FROM sender WHERE name = 's'");
  for (const int seq : {2, 3, 4, 5}) queue.give(seq);
  const auto result = take();
  EXPECT_EQ(result.duplicates, 3);
  EXPECT_EQ(result.stored, 1);
  EXPECT_EQ(queue.last_acks.at("s"), 6);
}

TEST_F(intake, a_message_that_has_lost_its_output_is_still_the_same) {
  queue.give(1);
  take();
  db.run("UPDATE message SET body = substr(body, 2)");
  queue.give(1);
  queue.give(1, 0, "longer");
  const auto result = take();
  EXPECT_EQ(result.duplicates, 1);
  EXPECT_EQ(result.stored, 1);
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

TEST_F(intake, what_comes_again_by_a_redis_that_lost_everything_is_stored_once) {
  RedisServer server;
  RedisQueue redis{address_of(server)};
  for (int i = 0; i < 2; ++i) {
    push(redis, {R"({"sender":"s","seq":1})", R"({"sender":"s","seq":2})"});
    take_in(redis, db, 1000, at_once);
    server.ask({"FLUSHALL"});
  }
  EXPECT_EQ(one(db, "SELECT group_concat(seq) FROM message"), "1,2");
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
