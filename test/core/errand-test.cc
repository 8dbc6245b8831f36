// errand-test.cc -- programs beside our own work: what they are given, how they end, how long they may
// SPDX-License-Identifier: GPL-3.0-or-later
#include "errand.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

#include "support.hh"

namespace sheepdog {
namespace {

Errand shell(std::int64_t key, const std::string& line, const std::string& input = "",
             Seconds limit = Seconds{20}) {
  return {.key = key,
          .argv = {"/bin/sh", "-c", line},
          .input = input,
          .limit = limit};
}

/// All endings of `errands`, in the order in which they come.
std::vector<Ending> endings_of(Errands& errands) {
  std::vector<Ending> all;
  while (errands.running() > 0)
    for (auto& ending : errands.collect(Seconds{20})) all.push_back(std::move(ending));
  return all;
}

Ending ending_of(Errand errand, Seconds grace = Seconds{3}) {
  Errands errands{grace};
  errands.start(std::move(errand));
  return endings_of(errands).at(0);
}

/// Does the process run no more? Whoever has it as a child may take his time to notice.
bool gone(const std::string& pid) {
  const std::string stat = read_file("/proc/" + std::to_string(std::stoi(pid)) + "/stat");
  return stat.empty() || stat.find(") Z ") != std::string::npos;
}

/// The process id that `file` holds, once it is there whole.
std::string pid_in(const std::string& file) {
  eventually([&] { return read_file(file).ends_with('\n'); });
  return read_file(file);
}

TEST(errand, input_status_and_the_last_words_cross) {
  const std::string input(300'000, 'x');  // more than a pipe holds
  const Ending ending = ending_of(shell(7, "wc -c; echo sorry >&2; exit 3", input));
  EXPECT_EQ(ending.key, 7);
  EXPECT_EQ(ending.status, 3);
  EXPECT_FALSE(ending.signal);
  EXPECT_FALSE(ending.timed_out);
  EXPECT_EQ(ending.said, "300000\nsorry\n");
}

TEST(errand, who_reads_nothing_and_writes_much_is_no_trouble) {
  const Ending ending = ending_of(
      shell(1, "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end", std::string(100'000, 'y')));
  EXPECT_EQ(ending.status, 0);
  EXPECT_TRUE(ending.said.ends_with("\nend\n"));
  EXPECT_LT(ending.said.size(), 6000u);
}

TEST(errand, a_death_by_a_signal_is_no_status) {
  const Ending ending = ending_of(shell(1, "kill -9 $$"));
  EXPECT_EQ(ending.signal, SIGKILL);
  EXPECT_FALSE(ending.status);
}

TEST(errand, what_does_not_start_has_an_ending_too) {
  const Ending ending = ending_of(
      {.key = 4, .argv = {"/no/such/program"}, .input = "x", .limit = Seconds{9}});
  EXPECT_EQ(ending.key, 4);
  EXPECT_EQ(ending.start_errno, ENOENT);
  EXPECT_FALSE(ending.status);
}

TEST(errand, collecting_waits_only_as_long_as_it_may) {
  Errands errands;
  EXPECT_TRUE(errands.collect(Seconds{20}).empty());  // there is none
  errands.start(shell(1, "sleep 20"));
  EXPECT_TRUE(errands.collect(Seconds{0}).empty());
  EXPECT_TRUE(errands.collect(Seconds{0.02}).empty());
  EXPECT_EQ(errands.running(), 1u);
}

TEST(errand, a_slow_one_does_not_hold_up_the_others) {
  Errands errands;
  errands.start(shell(1, "sleep 20"));
  for (int key = 2; key < 10; ++key) errands.start(shell(key, "exit 0"));
  std::size_t ended = 0;
  ASSERT_TRUE(eventually([&] {
    for (const auto& ending : errands.collect(Seconds{1})) {
      EXPECT_NE(ending.key, 1);
      EXPECT_EQ(ending.status, 0);
      ++ended;
    }
    return ended == 8;
  }));
  EXPECT_EQ(errands.running(), 1u);
}

TEST(errand, at_its_limit_it_is_told_to_end) {
  const Ending ending =
      ending_of(shell(1, "trap 'echo ended; exit 4' TERM; echo begun; while :; do sleep 0.01; done",
                      "", Seconds{0.3}));
  EXPECT_TRUE(ending.timed_out);
  EXPECT_EQ(ending.status, 4);
  EXPECT_TRUE(ending.said.starts_with("begun\n"));
  EXPECT_TRUE(ending.said.ends_with("ended\n"));
}

TEST(errand, who_does_not_obey_is_killed_with_all_that_he_started) {
  TemporaryDirectory directory;
  const Ending ending = ending_of(
      shell(1, "trap '' TERM; cd " + directory.path() + "; sleep 60 & echo $! > pid; wait; wait", "",
            Seconds{0.3}),
      Seconds{0.1});
  EXPECT_TRUE(ending.timed_out);
  EXPECT_EQ(ending.signal, SIGKILL);
  const std::string sleeper = read_file(directory / "pid");
  EXPECT_TRUE(eventually([&] { return gone(sleeper); }));
}

TEST(errand, what_it_leaves_in_the_background_is_neither_waited_for_nor_killed) {
  TemporaryDirectory directory;
  const Ending ending =
      ending_of(shell(1, "cd " + directory.path() + "; sleep 60 & echo $! > pid; exit 0"));
  EXPECT_EQ(ending.status, 0);
  const std::string sleeper = read_file(directory / "pid");
  EXPECT_FALSE(gone(sleeper));
  kill(std::stoi(sleeper), SIGKILL);
}

TEST(errand, it_has_a_session_default_signals_no_descriptor_of_ours_and_no_core) {
  TemporaryDirectory directory;
  const int open_here = open("/dev/null", O_RDONLY);  // without CLOEXEC
  signal(SIGPIPE, SIG_IGN);
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &before);
  const Errand errand = shell(1,
                        "cd " + directory.path() + "; (ls /proc/$$/fd > open); " +  // the shell has none for it
                        "echo $(ps -o sid= -p $$) $$; tr '\\n' ' ' < open; "
                        "grep -E '^Sig(Blk|Ign)' /proc/$$/status | tr -d '\\n\\t'; ulimit -c");
  const Ending ending = ending_of(errand);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(open_here);
  const auto blank = ending.said.find(' '), line = ending.said.find('\n');
  EXPECT_EQ(ending.said.substr(0, blank), ending.said.substr(blank + 1, line - blank - 1));
  EXPECT_EQ(ending.said.substr(line + 1),
            "0 1 2 SigBlk:0000000000000000SigIgn:00000000000000000\n");
}

TEST(errand, it_ends_with_us) {
  TemporaryDirectory directory;
  const pid_t us = fork();
  if (us == 0) {
    Errands errands;
    errands.start(shell(1, "echo $$ > " + (directory / "new") + "; mv " + (directory / "new") + " " +
                               (directory / "pid") + "; sleep 60; :"));
    pause();
  }
  const std::string child = pid_in(directory / "pid");
  EXPECT_FALSE(gone(child));
  kill(us, SIGKILL);
  waitpid(us, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return gone(child); }));
}

TEST(errand, and_with_their_owner) {
  TemporaryDirectory directory;
  std::string child;
  {
    Errands errands;
    errands.start(shell(1, "echo $$ > " + (directory / "pid") + "; trap '' TERM; sleep 60; :"));
    child = pid_in(directory / "pid");
  }
  EXPECT_TRUE(gone(child));
}

TEST(errand, a_slow_one_is_looked_for_seldom_a_quick_one_soon) {
  Errands errands;
  EXPECT_EQ(errands.pause(), Seconds{0});
  errands.start(shell(1, "sleep 20"));
  EXPECT_TRUE(eventually([&] { return errands.pause() > Seconds{0.1}; }));
  errands.start(shell(2, "sleep 20"));
  EXPECT_LT(errands.pause(), Seconds{0.1});
  EXPECT_GT(errands.pause(), Seconds{0});
}

TEST(errand, output_that_is_wanted_comes_apart_from_complaints) {
  Errand errand = shell(1, "echo one; echo sorry >&2; echo two");
  errand.output = 1000;
  const Ending ending = ending_of(errand);
  EXPECT_EQ(ending.output, "one\ntwo\n");
  EXPECT_EQ(ending.said, "sorry\n");
  EXPECT_FALSE(ending.flooded);
}

TEST(errand, who_writes_more_than_is_wanted_is_ended) {
  Errand errand = shell(1, "echo one; exec cat /dev/zero");
  errand.output = 100'000;
  const Ending ending = ending_of(errand);
  EXPECT_TRUE(ending.flooded);
  EXPECT_FALSE(ending.timed_out);
  EXPECT_EQ(ending.signal, SIGKILL);
  EXPECT_EQ(ending.output.size(), 100'000U);
  EXPECT_EQ(ending.output.substr(0, 4), "one\n");
}

TEST(errand, who_floods_its_complaints_takes_no_memory_and_keeps_nobody_waiting) {
  Errands errands;
  Errand flood = shell(1, "exec cat /dev/zero >&2", "", Seconds{0.5});
  flood.output = 100;
  errands.start(flood);
  errands.start(shell(2, "true"));
  const auto first = errands.collect(Seconds{20});
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].key, 2);
  const auto second = endings_of(errands);
  EXPECT_TRUE(second.at(0).timed_out);
  EXPECT_LE(second.at(0).said.size(), 5000U);
}

}  // namespace
}  // namespace sheepdog
