// guile_child-test.cc -- Guile beside us answers, and nothing that it does harms us.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "guile_child.hh"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.hh"
#include "queue_support.hh"
#include "support.hh"

namespace sheepdog {
namespace {

constexpr Seconds patience{20.0};

Paths here() {
  use_build_tree();
  return find_paths();
}

SchemeCall call(const std::string& procedure, std::vector<Json> arguments = {}) {
  return {{"guile"}, procedure, std::move(arguments)};
}

/// Neither there nor a zombie of ours.
bool gone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

TEST(guile_child, answers_each_call_in_turn) {
  GuileChild guile{here()};
  guile.prepare(call("+", {1, 2}));
  EXPECT_EQ(guile.ask(call("string-append", {"caf", "é\n"}), patience), "café\n");
  EXPECT_EQ(guile.ask(call("*", {6, 7}), patience), 42);
}

TEST(guile_child, takes_and_gives_more_than_a_socket_holds) {
  GuileChild guile{here()};
  const std::string much(3'000'000, 'x');
  EXPECT_EQ(guile.ask(call("string-append", {much, "y"}), patience), much + "y");
}

TEST(guile_child, an_error_is_its_text_and_the_next_call_is_answered) {
  GuileChild guile{here()};
  EXPECT_EQ(error_of([&] { guile.ask(call("error", {"no manners"}), patience); }),
            "broken: no manners");
  EXPECT_EQ(guile.ask(call("+", {1, 1}), patience), 2);
}

TEST(guile_child, that_exits_says_how) {
  GuileChild guile{here()};
  EXPECT_EQ(error_of([&] { guile.ask(call("exit", {7}), patience); }),
            "broken: Guile ended with exit status 7");
  EXPECT_EQ(error_of([&] { guile.ask(call("+", {1, 1}), patience); }), "broken: Guile has ended");
}

TEST(guile_child, that_crashes_says_how) {
  GuileChild guile{here()};
  EXPECT_EQ(error_of([&] { guile.ask(call("raise", {SIGSEGV}), patience); }),
            "broken: Guile was killed by signal 11 (SEGV)");
}

TEST(guile_child, that_is_late_is_no_more) {
  GuileChild guile{here()};
  const pid_t pid = guile.ask(call("getpid"), patience).get<pid_t>();
  EXPECT_EQ(error_of([&] { guile.ask(call("sleep", {600}), Seconds{0.05}); }),
            "broken: no answer in time");
  EXPECT_TRUE(gone(pid));
}

TEST(guile_child, that_is_dismissed_answers_no_more) {
  GuileChild guile{here()};
  EXPECT_EQ(guile.ask(call("+", {1, 1}), patience), 2);
  guile.dismiss();
  EXPECT_EQ(error_of([&] { guile.ask(call("+", {1, 1}), patience); }),
            "broken: Guile was killed by signal 9 (KILL)");
}

TEST(guile_child, ends_with_its_scope) {
  pid_t pid = 0;
  {
    GuileChild guile{here()};
    pid = guile.ask(call("getpid"), patience).get<pid_t>();
    EXPECT_FALSE(gone(pid));
  }
  EXPECT_TRUE(gone(pid));
}

TEST(guile_child, ends_when_we_are_killed) {
  const Paths paths = here();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    GuileChild guile{paths};
    const pid_t pid = guile.ask(call("getpid"), patience).get<pid_t>();
    (void)!write(ends[1], &pid, sizeof pid);
    guile.prepare(call("sleep", {600}));
    raise(SIGKILL);
  }
  close(ends[1]);
  pid_t pid = 0;
  ASSERT_EQ(read(ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  close(ends[0]);
  waitpid(parent, nullptr, 0);
  // Whoever adopts it may not be one who waits for his children: a zombie will do.
  EXPECT_TRUE(eventually([&] {
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
    return status.empty() || status.find("State:\tZ") != status.npos;
  }));
}

TEST(guile_child, has_a_session_of_its_own_and_no_descriptor_of_ours) {
  const int open_here = dup2(STDERR_FILENO, 777);
  GuileChild guile{here()};
  close(open_here);
  const pid_t pid = guile.ask(call("getpid"), patience).get<pid_t>();
  EXPECT_EQ(guile.ask(call("getpgrp"), patience), pid);
  EXPECT_EQ(guile.ask(call("file-exists?", {"/proc/self/fd/777"}), patience), false);
}

TEST(guile_child, without_sheepdog_guile_is_an_error_that_names_it) {
  Paths paths;
  paths.programs = "/nonexistent";
  EXPECT_EQ(error_of([&] { GuileChild{paths}; }),
            "cannot-run: cannot run /nonexistent/sheepdog-guile: No such file or directory");
}

}  // namespace
}  // namespace sheepdog
