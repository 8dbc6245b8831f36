// lock-test.cc -- one at a time
// SPDX-License-Identifier: GPL-3.0-or-later
#include "lock.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "error.hh"
#include "support.hh"

namespace sheepdog {
namespace {

TEST(lock, the_second_hears_who_holds_it_since_when) {
  TemporaryDirectory directory;
  Lock first, second;
  EXPECT_FALSE(first.acquire(directory / "x.lock"));
  const auto holder = second.acquire(directory / "x.lock");
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->pid, getpid());
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  EXPECT_NEAR(static_cast<double>(holder->since), static_cast<double>(now), 5000);
}

TEST(lock, a_name_with_a_nul_is_none) {
  Lock lock;
  EXPECT_THROW(lock.acquire(std::string{"/tmp/nul\0;", 10}, Seconds{0}), Error);
}

TEST(lock, another_file_is_another_lock) {
  TemporaryDirectory directory;
  Lock first, second;
  EXPECT_FALSE(first.acquire(directory / "x.lock"));
  EXPECT_FALSE(second.acquire(directory / "y.lock"));
}

TEST(lock, it_ends_with_its_scope) {
  TemporaryDirectory directory;
  { EXPECT_FALSE(Lock{}.acquire(directory / "x.lock")); }
  Lock second;
  EXPECT_FALSE(second.acquire(directory / "x.lock"));
}

TEST(lock, patience_gets_it_when_the_holder_lets_go) {
  TemporaryDirectory directory;
  Lock first, second;
  first.acquire(directory / "x.lock");
  std::thread releaser{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{30});
    first.release();
  }};
  EXPECT_FALSE(second.acquire(directory / "x.lock", Seconds{10}));
  releaser.join();
}

TEST(lock, kill_9_frees_it_and_no_child_keeps_it) {
  TemporaryDirectory directory;
  const std::string file = directory / "x.lock";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    Lock lock;
    lock.acquire(file);
    const pid_t background = fork();  // it outlives the holder
    if (background == 0) {
      execl("/bin/sleep", "sleep", "60", nullptr);
      _exit(127);
    }
    (void)!write(ready[1], &background, sizeof background);
    pause();
    _exit(0);
  }
  pid_t background = 0;
  ASSERT_EQ(read(ready[0], &background, sizeof background), ssize_t{sizeof background});
  Lock mine;
  EXPECT_EQ(mine.acquire(file)->pid, holder);
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return !mine.acquire(file); }));
  kill(background, SIGKILL);
  close(ready[0]);
  close(ready[1]);
}

TEST(lock, a_place_where_none_can_be_is_an_error) {
  TemporaryDirectory directory;
  try {
    Lock{}.acquire(directory / "none/x.lock");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string{e.what()},
              "cannot open " + (directory / "none/x.lock") + ": No such file or directory");
  }
}

TEST(lock, one_for_the_process_is_given_again_to_the_process) {
  TemporaryDirectory directory;
  const std::string file = directory / "daemon.lock";
  EXPECT_FALSE(hold_lock(file, Seconds{0}));
  EXPECT_FALSE(hold_lock(file, Seconds{0}));
  EXPECT_EQ(Lock{}.acquire(file)->pid, getpid());
  release_lock(file);
  EXPECT_FALSE(Lock{}.acquire(file));
}

}  // namespace
}  // namespace sheepdog
