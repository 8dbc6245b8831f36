// spool_hand_over-test.cc -- in order, acknowledged, lost, damaged, copied.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <sys/stat.h>

#include <set>

#include "file_lock.hh"
#include "local_queue.hh"
#include "spool_hand_over.hh"
#include "spool_support.hh"
#include "spool_tally.hh"

namespace sheepdog {
namespace {

TEST(spool_hand_over, what_the_queue_has_is_kept_until_it_is_acknowledged) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  spool.put(message());
  const auto id = spool.put(message());
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 2);
  EXPECT_EQ(queue.numbers(), (Numbers{1, 2}));
  EXPECT_EQ(names(spool, id), (Names{numbered(1, ".sent"), numbered(2, ".sent")}));
  queue.acks[id.sender] = 1;
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 0);
  EXPECT_EQ(names(spool, id), Names{numbered(2, ".sent")});
  EXPECT_EQ(queue.had.size(), 2U);
}

TEST(spool_hand_over, what_a_durable_queue_took_is_let_go_at_once) {
  TemporaryDirectory directory;
  Spool spool{directory / "spool"};
  LocalQueue queue{directory / "queue"};
  spool.put(message());
  const auto id = spool.put(message());
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 2);
  EXPECT_EQ(names(spool, id), Names{numbered(2, ".done")});
  EXPECT_EQ(queue.depth().waiting, 2);
}

TEST(spool_hand_over, an_error_of_the_queue_keeps_everything) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  queue.broken = true;
  EXPECT_THROW(spool.hand_over(queue, Seconds{1}), Error);
  EXPECT_EQ(names(spool, id), Names{numbered(1, ".new")});
  queue.broken = false;
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 1);
}

TEST(spool_hand_over, an_acknowledgement_never_takes_what_was_not_handed_over) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  queue.acks[id.sender] = 1;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.numbers(), Numbers{1});
  EXPECT_EQ(names(spool, id), Names{numbered(1, ".sent")});
}

TEST(spool_hand_over, each_message_says_from_where_on_its_sender_is_not_settled) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  spool.put(message());
  const auto id = spool.put(message());
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.back().first, 1);
  queue.acks[id.sender] = 2;
  spool.hand_over(queue, Seconds{1});
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.back().first, 3);
}

TEST(spool_hand_over, what_an_empty_queue_seems_to_have_lost_goes_again) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  queue.waiting = 0;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.numbers(), Numbers{1}) << "the server may be at it";
  EXPECT_TRUE(eventually([&] {
    spool.hand_over(queue, Seconds{1});
    return queue.numbers() == Numbers{1, 1};
  }));
  EXPECT_EQ(queue.had[0].message, queue.had[1].message);
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.size(), 2U) << "not at every call";
}

TEST(spool_hand_over, it_goes_again_and_again_at_growing_distances) {
  const auto pauses = [](std::int64_t overdue) {
    std::vector<std::int64_t> all;
    for (const int resends : {0, 1, 2, 8, 9, 1000}) all.push_back(resend_pause(resends, overdue));
    return all;
  };
  EXPECT_EQ(pauses(600'000), (Numbers{2'000, 4'000, 8'000, 512'000, 600'000, 600'000}));
  EXPECT_EQ(pauses(10), (Numbers{10, 10, 10, 10, 10, 10}));
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  queue.waiting = 0;
  const auto resends = [&] {
    const Descriptor sender{open((directory / id.sender).c_str(), O_RDONLY)};
    return read_tally(sender)->resends;
  };
  EXPECT_TRUE(eventually([&] {
    spool.hand_over(queue, Seconds{1});
    return queue.had.size() > 2 && queue.numbers().back() == 2;
  }));
  EXPECT_GE(resends(), 1);
  queue.acks[id.sender] = 1;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(resends(), 0);
}

TEST(spool_hand_over, what_was_damaged_after_it_was_sent_is_given_up) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  for (int i = 0; i < 3; ++i) spool.put(message());
  spool.hand_over(queue, Seconds{1});
  write_file(directory / id.sender + "/" + numbered(2, ".sent"), "nonsense");
  fs::remove(directory / id.sender + "/" + numbered(3, ".sent"));
  queue.waiting = 0;
  // Each is looked at when it is old enough: on a busy machine 1 may go when 4 is not, and 4 when it is
  // not known that 2 cannot.
  EXPECT_TRUE(eventually([&] {
    spool.hand_over(queue, Seconds{1});
    return queue.had.size() > 4 && queue.numbers().back() == 4 && queue.had.back().prior == 1;
  }));
  const auto again = queue.numbers();
  EXPECT_EQ((std::set<std::int64_t>{again.begin() + 4, again.end()}),
            (std::set<std::int64_t>{1, 4}));
}

TEST(spool_hand_over, what_is_not_acknowledged_for_long_goes_again_unless_the_queue_is_long) {
  TemporaryDirectory directory;
  Spool spool{directory.path(), {.resend = Seconds{0.01}}};
  ScriptedQueue queue;
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  queue.waiting = 9'999;
  EXPECT_TRUE(eventually([&] {
    spool.hand_over(queue, Seconds{1});
    return queue.had.size() == 2;
  }));
  queue.waiting = 10'000;
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.size(), 2U);
}

TEST(spool_hand_over, a_damaged_file_is_put_aside_and_the_others_go) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  for (int i = 0; i < 6; ++i) spool.put(message());
  const auto id = spool.put(message());
  const auto file = [&](int n) { return directory / (id.sender + "/" + numbered(n, ".new")); };
  auto flipped = read_file(file(1));
  flipped.back() ^= 1;
  write_file(file(1), flipped);
  fs::resize_file(file(2), 30);
  write_file(file(3), "");
  write_file(file(4), std::string(5'000'000, '\xff'));
  fs::remove(file(5));
  fs::create_directory(file(5));
  fs::remove(file(6));
  ASSERT_EQ(mkfifo(file(6).c_str(), 0600), 0);
  ScriptedQueue queue;
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 1);
  EXPECT_EQ(queue.numbers(), Numbers{7});
  EXPECT_EQ(spool.depth().bad, 6);
  const auto reason = [&](int n) {
    return read_file(directory / ("bad/" + id.sender + "-" + numbered(n, ".reason")));
  };
  EXPECT_EQ(reason(1), "the checksum does not fit");
  EXPECT_EQ(reason(2), "1 bytes instead of 63");
  EXPECT_EQ(reason(3), "empty");
  EXPECT_EQ(reason(4), "5000000 bytes");
  EXPECT_EQ(reason(5), "not a regular file");
  EXPECT_EQ(reason(6), "not a regular file");
}

TEST(spool_hand_over, a_link_is_never_followed) {
  TemporaryDirectory directory, elsewhere;
  Spool spool{directory.path()};
  spool.put(message());
  const auto id = spool.put(message());
  const auto file = directory / (id.sender + "/" + numbered(1, ".new"));
  fs::rename(file, elsewhere / "good");
  fs::create_symlink(elsewhere / "good", file);
  ScriptedQueue queue;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.numbers(), Numbers{2});
  EXPECT_EQ(spool.depth().bad, 1);
}

TEST(spool_hand_over, not_too_much_is_underway) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const Json large{{"tag", "x"}, {"text", std::string(250'000, 'x')}};
  for (int i = 1; i < 40; ++i) spool.put(large);
  const auto id = spool.put(large);
  EXPECT_EQ(spool.hand_over(queue, Seconds{10}), 34);  // the one that reaches 8 MiB still goes
  EXPECT_EQ(spool.hand_over(queue, Seconds{10}), 0);
  queue.acks[id.sender] = 10;
  EXPECT_EQ(spool.hand_over(queue, Seconds{10}), 6);
}

/// What the entries say of the numbers before theirs: FIRST PRIOR.
std::string words(const ScriptedQueue& queue) {
  std::string text;
  for (const auto& message : queue.had)
    text += std::to_string(message.first) + " " + std::to_string(message.prior) + ", ";
  return text;
}

TEST(spool_hand_over, numbers_that_are_given_up_are_said_so_and_counted) {
  TemporaryDirectory directory;
  Spool spool{directory.path(), {}, "tux"};
  for (int i = 1; i < 5; ++i) spool.put(message());
  const auto id = spool.put(message());
  for (const int n : {1, 3, 4})
    write_file(directory / (id.sender + "/" + numbered(n, ".new")), "torn");
  ScriptedQueue queue;
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 2);
  EXPECT_EQ(queue.numbers(), (Numbers{2, 5}));
  EXPECT_EQ(words(queue), "2 -1, 2 2, ");
  ASSERT_EQ(queue.notes.size(), 3U);
  const auto note = read_json(queue.notes[0].message);
  EXPECT_EQ(note["host"], "tux");
  EXPECT_EQ(note["tag"], "sheepdog spool");
  EXPECT_EQ(note["summary"],
            "message 1 of the spool was damaged (no line 'sheepdog-spool 1'): it is kept in bad/");
  EXPECT_NE(note["sender"], id.sender);
}

TEST(spool_hand_over, what_was_given_up_above_an_acknowledgement_is_said_too) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  queue.acknowledging = true;
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  spool.put(message());
  const auto id = spool.put(message());
  write_file(directory / (id.sender + "/" + numbered(2, ".new")), "torn");
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(words(queue), "1 -1, 3 1, ");
}

TEST(spool_hand_over, a_copied_spool_sends_all_again_under_a_new_id) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  spool.put(message("a"));
  spool.hand_over(queue, Seconds{1});
  const auto id = spool.put(message("b"));
  queue.acks[id.sender] = 7;  // the other one came further
  spool.hand_over(queue, Seconds{1});
  EXPECT_FALSE(fs::exists(directory / id.sender));
  EXPECT_EQ(queue.numbers(), (Numbers{1, 1, 2}));
  const auto again = read_json(queue.had[1].message);
  EXPECT_NE(again["sender"], id.sender);
  EXPECT_EQ(again["tag"], "a");
  ASSERT_EQ(queue.notes.size(), 1U);
  const auto note = read_json(queue.notes[0].message);
  EXPECT_EQ(note["fields"]["before"], id.sender);
  EXPECT_EQ(note["fields"]["after"], again["sender"]);
  const auto next = spool.put(message());
  EXPECT_EQ(next.sender, again["sender"]);
  EXPECT_EQ(next.seq, 3);
}

TEST(spool_drain, it_goes_on_until_nothing_waits) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  queue.acknowledging = true;
  MessageId id;
  for (int i = 0; i < 450; ++i) id = spool.put(message());
  Numbers expected;
  for (int i = 1; i <= 450; ++i) expected.push_back(i);
  EXPECT_EQ(spool.drain(queue, Seconds{5}, Seconds{60}), 450);
  EXPECT_EQ(queue.numbers(), expected);
  EXPECT_EQ(spool.depth().waiting, 0);
}

TEST(spool_drain, it_gives_up_when_nothing_moves) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const Json large{{"tag", "x"}, {"text", std::string(250'000, 'x')}};
  for (int i = 0; i < 40; ++i) spool.put(large);
  EXPECT_EQ(spool.drain(queue, Seconds{0.5}, Seconds{60}), 34);
  EXPECT_EQ(spool.depth().waiting, 6);
}

TEST(spool_drain, one_process_does_it_for_all) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  {
    const Descriptor file{open((directory / (id.sender + "/drain")).c_str(), O_CREAT, 0600)};
    const FileLock other{file, {}};
    ASSERT_TRUE(other);
    EXPECT_EQ(spool.drain(queue, Seconds{5}, Seconds{5}), 0);
  }
  EXPECT_EQ(spool.drain(queue, Seconds{5}, Seconds{5}), 1);
}

}  // namespace
}  // namespace sheepdog
