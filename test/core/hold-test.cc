// hold-test.cc -- output held back
// SPDX-License-Identifier: GPL-3.0-or-later
#include "hold.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>

#include "support.hh"

namespace sheepdog {
namespace {

/// What `hold` releases to 1 and 2, in files of `directory`.
void release(Hold& hold, const TemporaryDirectory& directory, const std::string& error_file) {
  const int out = dup(1), error = dup(2);
  const int to_out = open((directory / "1").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  const int to_error = open((directory / error_file).c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  dup2(to_out, 1), dup2(to_error, 2);
  EXPECT_TRUE(hold.release());
  dup2(out, 1), dup2(error, 2);
  for (const int fd : {out, error, to_out, to_error}) close(fd);
}

TEST(hold, both_streams_come_out_again) {
  TemporaryDirectory directory;
  Hold hold;
  hold.put(1, "one\n");
  hold.put(2, "two\n");
  hold.put(1, "three\n");
  release(hold, directory, "2");
  EXPECT_EQ(read_file(directory / "1"), "one\nthree\n");
  EXPECT_EQ(read_file(directory / "2"), "two\n");
}

TEST(hold, their_order_is_kept) {
  TemporaryDirectory directory;
  Hold hold;
  for (const auto& [stream, text] : {std::pair{1, "a"}, {2, "b"}, {1, "c"}, {2, "d"}})
    hold.put(stream, text);
  release(hold, directory, "1");
  EXPECT_EQ(read_file(directory / "1"), "abcd");
}

TEST(hold, megabytes_wait_in_a_file_without_a_name) {
  TemporaryDirectory directory;
  setenv("TMPDIR", directory.path().c_str(), 1);
  Hold hold;
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string piece(10'007, static_cast<char>('a' + i % 26));
    hold.put(1, piece);
    all += piece;
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  release(hold, directory, "2");
  EXPECT_TRUE(hold.complete());
  EXPECT_EQ(read_file(directory / "1"), all);
  unsetenv("TMPDIR");
}

TEST(hold, without_room_it_is_not_complete) {
  setenv("TMPDIR", "/nonexistent", 1);
  Hold hold;
  hold.put(1, std::string(50'000, 'x'));
  EXPECT_TRUE(hold.complete());
  hold.put(1, std::string(50'000, 'x'));
  EXPECT_FALSE(hold.complete());
  unsetenv("TMPDIR");

  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{10'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  Hold full;
  full.put(1, std::string(70'000, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(full.complete());
}

}  // namespace
}  // namespace sheepdog
