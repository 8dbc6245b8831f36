// spool-test.cc -- messages kept until the queue has them.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "local_queue.hh"
#include "queue_support.hh"

namespace sheepdog {
namespace {

namespace fs = std::filesystem;

Json message(const std::string& tag = "x") { return Json{{"tag", tag}}; }

/// The names of a sender's files, sorted.
std::vector<std::string> names(const Spool& spool, const MessageId& id) {
  std::vector<std::string> found;
  for (const auto& file : fs::directory_iterator{spool.directory() + "/" + id.sender})
    if (file.path().filename() != "hand-over") found.push_back(file.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

std::string numbered(int number, const std::string& ending) {
  const auto digits = std::to_string(number);
  return std::string(20 - digits.size(), '0') + digits + ending;
}

using Names = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

TEST(spool, a_message_gets_sender_and_number_and_lies_in_a_file_that_proves_itself) {
  TemporaryDirectory directory;
  Spool spool{directory / "state/spool"};
  const auto id = spool.put(message());
  EXPECT_EQ(id.seq, 1);
  EXPECT_EQ(id.sender.size(), 32U);
  EXPECT_EQ(id.to_text(), id.sender.substr(0, 4) + ":1");
  EXPECT_EQ(names(spool, id), Names{numbered(1, ".new")});
  const auto body = R"({"sender":")" + id.sender + R"(","seq":1,"tag":"x"})";
  const auto content = read_file(spool.directory() + "/" + id.sender + "/" + numbered(1, ".new"));
  EXPECT_TRUE(content.starts_with("sheepdog-spool 1 " + std::to_string(body.size()) + " "));
  EXPECT_TRUE(content.ends_with("\n" + body));
}

TEST(spool, the_checksum_is_that_of_zlib) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  const auto id = spool.put(message());
  const auto file = directory / (id.sender + "/" + numbered(1, ".new"));
  const auto sum = output_of({"python3", "-c",
                              "import sys,zlib\n"
                              "head,body=open(sys.argv[1],'rb').read().split(b'\\n',1)\n"
                              "print('%08x'%zlib.crc32(body)==head.split()[3].decode())",
                              file});
  EXPECT_EQ(sum, "True");
}

TEST(spool, files_are_closed_to_others) {
  TemporaryDirectory directory;
  Spool spool{directory / "spool"};
  const auto id = spool.put(message());
  const auto mode = [](const std::string& file) {
    struct stat status {};
    EXPECT_EQ(stat(file.c_str(), &status), 0);
    return status.st_mode & 0777U;
  };
  EXPECT_EQ(mode(spool.directory()), 0700U);
  EXPECT_EQ(mode(spool.directory() + "/" + id.sender), 0700U);
  EXPECT_EQ(mode(spool.directory() + "/" + id.sender + "/" + numbered(1, ".new")), 0600U);
}

TEST(spool, an_identity_given_by_the_caller_is_replaced) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  const auto id = spool.put(Json{{"tag", "x"}, {"sender", "other"}, {"seq", 99}});
  ScriptedQueue queue;
  spool.hand_over(queue, Seconds{1});
  const auto identity = identity_of(queue.had.at(0).message);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->sender, id.sender);
  EXPECT_EQ(identity->seq, 1);
}

TEST(spool, what_the_queue_has_is_kept_until_it_is_acknowledged) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  spool.put(message());
  const auto id = spool.put(message());
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 2);
  EXPECT_EQ(queue.numbers(), (Numbers{1, 2}));
  EXPECT_EQ(names(spool, id), (Names{numbered(1, ".sent"), numbered(2, ".sent")}));
  queue.upto = 1;
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 0);
  EXPECT_EQ(names(spool, id), Names{numbered(2, ".sent")});
  EXPECT_EQ(queue.had.size(), 2U);
}

TEST(spool, the_highest_file_stays_so_that_no_number_comes_twice) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  spool.hand_over(queue, Seconds{1});
  queue.upto = 1;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(names(spool, id), Names{numbered(1, ".done")});
  EXPECT_EQ(spool.depth().sent, 0);
  EXPECT_EQ(spool.put(message()).seq, 2);
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(names(spool, id), Names{numbered(2, ".sent")});
}

TEST(spool, what_a_durable_queue_took_is_let_go_at_once) {
  TemporaryDirectory directory;
  Spool spool{directory / "spool"};
  LocalQueue queue{directory / "queue"};
  spool.put(message());
  const auto id = spool.put(message());
  EXPECT_EQ(spool.hand_over(queue, Seconds{1}), 2);
  EXPECT_EQ(names(spool, id), Names{numbered(2, ".done")});
  EXPECT_EQ(queue.depth().waiting, 2);
}

TEST(spool, an_error_of_the_queue_keeps_everything) {
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

TEST(spool, an_acknowledgement_above_the_highest_number_counts_for_nothing) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  spool.hand_over(queue, Seconds{1});
  queue.upto = 7;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(names(spool, id), Names{numbered(1, ".sent")});
}

TEST(spool, an_acknowledgement_never_takes_what_was_not_handed_over) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  queue.upto = 1;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.numbers(), Numbers{1});
  EXPECT_EQ(names(spool, id), Names{numbered(1, ".sent")});
}

TEST(spool, each_message_says_from_where_on_its_sender_is_not_settled) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  spool.put(message());
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.back().first, 1);
  queue.upto = 2;
  spool.hand_over(queue, Seconds{1});
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.back().first, 3);
}

TEST(spool, what_an_empty_queue_seems_to_have_lost_goes_again) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  queue.waiting = 0;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.numbers(), Numbers{1}) << "the server may be at it";
  std::this_thread::sleep_for(std::chrono::milliseconds{2010});
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.numbers(), (Numbers{1, 1}));
  EXPECT_EQ(queue.had[0].message, queue.had[1].message);
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.size(), 2U) << "not at every call";
}

TEST(spool, what_is_not_acknowledged_for_long_goes_again_unless_the_queue_is_long) {
  TemporaryDirectory directory;
  Spool spool{directory.path(), {.resend = Seconds{0.01}}};
  ScriptedQueue queue;
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  queue.waiting = 10'000;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.size(), 1U);
  queue.waiting = 9'999;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(queue.had.size(), 2U);
}

TEST(spool, a_damaged_file_is_put_aside_and_the_others_go) {
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

TEST(spool, a_link_is_never_followed) {
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

TEST(spool, the_number_of_a_damaged_highest_file_is_not_given_again) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  const auto id = spool.put(message());
  write_file(directory / (id.sender + "/" + numbered(1, ".new")), "torn");
  ScriptedQueue queue;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(spool.put(message()).seq, 2);
}

TEST(spool, what_a_process_left_that_died_while_it_wrote_goes_with_the_next_message) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  const auto id = spool.put(message());
  write_file(directory / (id.sender + "/" + numbered(2, ".new.tmp")), "to");
  EXPECT_EQ(spool.put(message()).seq, 2);
  EXPECT_EQ(names(spool, id), (Names{numbered(1, ".new"), numbered(2, ".new")}));
}

TEST(spool, several_processes_get_numbers_without_a_hole) {
  TemporaryDirectory directory;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      for (int n = 0; n < 25; ++n) Spool{directory / "spool"}.put(message());
      _exit(0);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) waitpid(pid, nullptr, 0);
  ScriptedQueue queue;
  Spool spool{directory / "spool"};
  EXPECT_EQ(spool.hand_over(queue, Seconds{5}), 100);
  Numbers expected;
  for (int i = 1; i <= 100; ++i) expected.push_back(i);
  EXPECT_EQ(queue.numbers(), expected);
}

TEST(spool, it_tells_what_it_holds) {
  TemporaryDirectory directory;
  Spool spool{directory / "spool"};
  EXPECT_EQ(spool.depth().waiting, 0);
  EXPECT_FALSE(fs::exists(spool.directory()));
  ScriptedQueue queue;
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  spool.put(message());
  const auto depth = spool.depth();
  EXPECT_EQ(depth.waiting, 1);
  EXPECT_EQ(depth.sent, 1);
  EXPECT_GT(depth.bytes, 100);
  EXPECT_TRUE(depth.oldest.has_value());
}

TEST(spool, a_full_spool_refuses) {
  TemporaryDirectory directory;
  Spool few{directory.path(), {.messages = 2}};
  few.put(message());
  few.put(message());
  EXPECT_THROW(few.put(message()), Error);
  Spool small{directory.path(), {.bytes = 100}};
  EXPECT_THROW(small.put(message()), Error);
  EXPECT_EQ(Spool{directory.path()}.put(message()).seq, 3);
}

TEST(spool, not_too_much_is_underway) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const Json large{{"tag", "x"}, {"text", std::string(250'000, 'x')}};
  for (int i = 0; i < 40; ++i) spool.put(large);
  EXPECT_EQ(spool.hand_over(queue, Seconds{10}), 34);  // the one that reaches 8 MiB still goes
  EXPECT_EQ(spool.hand_over(queue, Seconds{10}), 0);
  queue.upto = 10;
  EXPECT_EQ(spool.hand_over(queue, Seconds{10}), 6);
}

TEST(spool, output_is_cut_until_the_message_fits) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  spool.put(
      Json{{"tag", "x"}, {"outcome", {{"status", 2}, {"stdout", std::string(400'000, 'x')}}}});
  ScriptedQueue queue;
  spool.hand_over(queue, Seconds{1});
  EXPECT_LE(queue.had.at(0).message.size(), max_message);
  EXPECT_EQ(read_json(queue.had[0].message)["outcome"]["cut"], true);
}

TEST(spool, an_error_names_the_place_and_why) {
  TemporaryDirectory directory;
  write_file(directory / "file", "");
  try {
    Spool{directory / "file"}.put(message());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Error::Code::spool_failed);
    EXPECT_EQ(e.what(), "spool " + (directory / "file") + ": cannot make the directory " +
                            (directory / "file") + ": File exists");
  }
}

TEST(spool, a_directory_that_others_can_write_is_refused) {
  TemporaryDirectory directory;
  fs::permissions(directory.path(), fs::perms::all);
  try {
    Spool{directory.path()}.put(message());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.what(), "spool " + directory.path() + ": others can write it (mode 777)");
  }
}

TEST(spool, what_is_no_object_is_no_message) {
  TemporaryDirectory directory;
  EXPECT_THROW(Spool{directory.path()}.put(Json::array()), Error);
}

}  // namespace
}  // namespace sheepdog
