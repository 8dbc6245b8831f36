// traces-test.cc -- what can be set back is; what cannot is named.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "traces.hh"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <clocale>

#include "offspring.hh"
#include "support.hh"

namespace sheepdog {
namespace {

/// What `mend` says after `harm`, "" for nothing; in a process of its own. Its exit status is 0 if
/// `well` holds then.
template <typename Harm, typename Well>
std::string after(Harm harm, Well well, int flags = O_CLOEXEC) {
  TemporaryDirectory directory;
  const std::string said = directory / "said";
  const pid_t pid = fork();
  if (pid == 0) {
    const int spare = open("/proc/self/exe", O_RDONLY | flags);
    Traces traces;
    traces.note();
    harm(spare);
    const std::string words = traces.mend().value_or("");
    write_file(said, words);
    _exit(well() ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
  return read_file(said);
}

mode_t mask() {
  const mode_t m = umask(0);
  umask(m);
  return m;
}

TEST(traces, nothing_is_said_of_nothing) {
  EXPECT_EQ(after([](int) {}, [] { return true; }), "");
}

TEST(traces, directory_umask_locale_and_signals_are_set_back) {
  const std::string here = std::filesystem::current_path();
  const mode_t before = mask();
  EXPECT_EQ(after(
                [](int) {
                  if (chdir("/") != 0) abort();
                  umask(0);
                  std::setlocale(LC_ALL, "C.UTF-8");
                  signal(SIGTERM, SIG_IGN);
                },
                [&] {
                  struct sigaction action {};
                  sigaction(SIGTERM, nullptr, &action);
                  return std::filesystem::current_path() == here && mask() == before &&
                         std::string{std::setlocale(LC_ALL, nullptr)} == "C" &&
                         action.sa_handler == SIG_DFL;
                }),
            "");
}

TEST(traces, a_closed_descriptor_is_named) {
  EXPECT_EQ(after([](int) { close(0); }, [] { return true; }), "it closed descriptor 0");
}

TEST(traces, so_is_one_that_is_another_file_now) {
  const std::string said = after(
      [](int spare) {
        const int other = open("/proc/self/stat", O_RDONLY);
        dup2(other, spare);
      },
      [] { return true; });
  EXPECT_EQ(said.rfind("it put another file in the place of descriptor ", 0), 0U) << said;
}

TEST(traces, so_is_memory_that_is_gone) {
  const auto take = [](rlim_t part) {
    return [part](int) {
      const rlimit limit{.rlim_cur = rlim_t{8} << 30, .rlim_max = RLIM_INFINITY};
      if (setrlimit(RLIMIT_DATA, &limit) != 0) abort();
      if (mmap(nullptr, limit.rlim_cur / 8 * part, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
        abort();
    };
  };
  EXPECT_EQ(after(take(6), [] { return true; }), "");
  EXPECT_EQ(after(take(7), [] { return true; }), "it left no memory");
}

TEST(traces, one_that_is_not_ours_may_go) {
  EXPECT_EQ(after([](int spare) { close(spare); }, [] { return true; }, 0), "");
}

TEST(traces, a_descriptor_that_is_new_is_nobodys_business) {
  EXPECT_EQ(after([](int) { (void)open("/dev/null", O_RDONLY); }, [] { return true; }), "");
}

TEST(traces, new_children_end_and_leave_no_zombie_the_old_ones_stay) {
  const pid_t old = fork();
  if (old == 0)
    for (;;) pause();
  Traces traces;
  traces.note();
  const pid_t young = fork();
  if (young == 0) {
    setsid();
    for (;;) pause();
  }
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  EXPECT_FALSE(traces.mend());
  EXPECT_EQ(children(), std::vector<pid_t>{old});
  kill(old, SIGKILL);
  waitpid(old, nullptr, 0);
}

/// Start a shell that leaves `sleep 600` behind; the pid of that one.
pid_t leave_orphan(const std::string& how) {
  TemporaryDirectory directory;
  const std::string file = directory / "pid";
  EXPECT_EQ(std::system((how + " sleep 600 > /dev/null 2>&1 & echo $! > " + file).c_str()), 0);
  return static_cast<pid_t>(std::stol(read_file(file)));
}

TEST(traces, so_do_their_orphans) {
  Traces traces;
  traces.note();
  const pid_t plain = leave_orphan(""), session = leave_orphan("exec setsid");
  EXPECT_FALSE(traces.mend());
  EXPECT_EQ(children(), std::vector<pid_t>{});
  EXPECT_NE(kill(plain, 0), 0);
  EXPECT_NE(kill(session, 0), 0);
}

TEST(traces, the_orphan_of_an_old_child_stays) {
  int ready[2], go[2];
  ASSERT_EQ(pipe(ready) + pipe(go), 0);
  const pid_t old = fork();
  if (old == 0) {
    setsid();
    char byte = 0;
    if (write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1) _exit(1);
    const pid_t orphan = fork();
    if (orphan == 0) {
      close(ready[1]);
      for (;;) pause();
    }
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  Traces traces;
  traces.note();
  ASSERT_EQ(write(go[1], "", 1), 1);
  siginfo_t end{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(old), &end, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(traces.mend());
  const auto left = children();
  EXPECT_EQ(left.size(), 2U);  // with the dead one, whose starter waits for it
  for (const pid_t child : left) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  for (const int fd : {ready[0], ready[1], go[0], go[1]}) close(fd);
}

}  // namespace
}  // namespace sheepdog
