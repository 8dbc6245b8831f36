// numbering-test.cc -- what is missing of a sender, and what waits for it.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "intake_support.hh"

namespace sheepdog {
namespace {

struct numbering : IntakeTest {};

TEST_F(numbering, what_stands_above_a_hole_is_held_back) {
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

TEST_F(numbering, a_hole_is_filled_in_any_order) {
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

TEST_F(numbering, while_some_are_held_later_ones_stay_behind_them) {
  take({2});
  take({1, 3});
  EXPECT_EQ(waiting(), "1");
  EXPECT_EQ(held(), "2.0 3.0");
}

TEST_F(numbering, a_hole_that_is_not_waited_for_holds_nothing_back) {
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

TEST_F(numbering, one_senders_hole_delays_no_other) {
  queue.give(2);
  queue.give(R"({"sender":"other","seq":1,"tag":"x"})");
  take();
  EXPECT_EQ(waiting(), "1");
  EXPECT_EQ(queue.last_acks, (Acknowledgements{{"other", 1}}));
}

TEST_F(numbering, a_queue_that_loses_nothing_holds_nothing_back) {
  queue.durable_queue = true;
  take({1, 3});
  EXPECT_EQ(waiting(), "1 3");
  EXPECT_EQ(holes(), "2-2");
  EXPECT_EQ(queue.last_acks.at("s"), 1);
}

TEST_F(numbering, a_number_far_ahead_is_one_row) {
  take({1, 1'000'000'000, 9223372036854775807});
  EXPECT_EQ(holes(), "2-999999999w 1000000001-9223372036854775806w");
  EXPECT_EQ(held(), "1000000000.0 9223372036854775807.0");
  take({9223372036854775807, 9223372036854775806, 2});
  EXPECT_EQ(holes(), "3-999999999w 1000000001-9223372036854775805w");
  EXPECT_EQ(waiting(), "1 2");
}

TEST_F(numbering, what_a_sender_gave_up_holds_nothing_back_but_is_missing) {
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

TEST_F(numbering, a_part_of_a_hole_is_given_up) {
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

TEST_F(numbering, two_bodies_under_one_number_are_kept_and_noted_once) {
  take({1, 2});
  queue.give(2, 0, "y");
  queue.give(2, 0, "z");
  queue.give(2, 0, "y");
  take();
  EXPECT_EQ(waiting(), "1 2 2 2");
  EXPECT_EQ(one(db, "SELECT group_concat(sender || ':' || message || ':' || told) FROM clone"),
            "1:3:0");
}

TEST_F(numbering, a_variant_above_a_hole_is_held_too) {
  take({2});
  queue.give(2, 0, "y");
  take();
  EXPECT_EQ(waiting(), "");
  EXPECT_EQ(held(), "2.0 2.1");
}

TEST_F(numbering, what_a_sender_gave_up_in_between_is_no_hole) {
  queue.give(1);
  queue.give(8);
  queue.entries.back().prior = 2;
  queue.give(9);
  take();
  EXPECT_EQ(queue.last_acks.at("s"), 1);
  queue.give(2);
  queue.give(8);
  queue.entries.back().prior = 2;
  take();
  EXPECT_EQ(queue.last_acks.at("s"), 9);
  EXPECT_EQ(holes(), "");
  queue.give(20, 20);
  queue.entries.back().prior = 9;
  take();
  EXPECT_EQ(queue.last_acks.at("s"), 20);
  EXPECT_EQ(holes(), "");
}

}  // namespace
}  // namespace sheepdog
