// spool-test.cc -- messages kept until the queue has them.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>

#include "spool_support.hh"

namespace sheepdog {
namespace {

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

TEST(spool, the_highest_file_stays_so_that_no_number_comes_twice) {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  ScriptedQueue queue;
  const auto id = spool.put(message());
  spool.hand_over(queue, Seconds{1});
  queue.acks[id.sender] = 1;
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(names(spool, id), Names{numbered(1, ".done")});
  EXPECT_EQ(spool.depth().sent, 0);
  EXPECT_EQ(spool.put(message()).seq, 2);
  spool.hand_over(queue, Seconds{1});
  EXPECT_EQ(names(spool, id), Names{numbered(2, ".sent")});
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
