// process-test.cc -- how a program is started
// SPDX-License-Identifier: GPL-3.0-or-later
#include "process.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "support.hh"

static bool terminal_interrupts = false;

/// libc's, but on wish Ctrl-C comes before the session is a new one.
extern "C" pid_t setsid() noexcept {
  if (terminal_interrupts) kill(getpid(), SIGINT);
  return static_cast<pid_t>(syscall(SYS_setsid));
}

namespace sheepdog {
namespace {

/// While it lives, $PATH is this.
class WithPath {
 public:
  explicit WithPath(const std::string& path) : before_{std::getenv("PATH")} {
    setenv("PATH", path.c_str(), 1);
  }
  ~WithPath() { setenv("PATH", before_.c_str(), 1); }
  WithPath(const WithPath&) = delete;

 private:
  std::string before_;
};

TEST(process, a_program_is_sought_as_a_shell_does) {
  TemporaryDirectory first, second;
  write_file(second / "tool", "#!/bin/sh\n");
  chmod((second / "tool").c_str(), 0700);
  const WithPath path{"/nonexistent:" + first.path() + ":" + second.path()};
  int error = 0;
  EXPECT_EQ(find_program("tool", error), second / "tool");
  EXPECT_EQ(find_program("/any/where", error), "/any/where");
  EXPECT_FALSE(find_program("", error));
  EXPECT_FALSE(find_program("absent", error));
  EXPECT_EQ(error, ENOENT);
  write_file(first / "tool", "not executable");
  mkdir((first / "directory").c_str(), 0700);
  EXPECT_EQ(find_program("tool", error), second / "tool");
  EXPECT_FALSE(find_program("directory", error));
  EXPECT_EQ(error, EACCES);
}

TEST(process, an_end_is_waited_for_as_long_as_asked) {
  const Started quick = start_detached({"/bin/sh", "-c", "exit 7"});
  ASSERT_GT(quick.pid, 0);
  EXPECT_EQ(wait_for_child(quick.pid, Seconds{10}), 7);
  const Started killed = start_detached({"/bin/sh", "-c", "kill -9 $$"});
  EXPECT_EQ(wait_for_child(killed.pid, Seconds{10}), 137);
  const Started slow = start_detached({"/bin/sleep", "30"});
  EXPECT_FALSE(wait_for_child(slow.pid, Seconds{0.05}));
  kill(slow.pid, SIGKILL);
  EXPECT_EQ(wait_for_child(slow.pid, Seconds{10}), 137);
}

TEST(process, what_a_terminal_sent_to_us_is_not_for_another_session) {
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, &before);  // as a wrapper does, which reads it elsewhere
  terminal_interrupts = true;
  const Started child = start_detached({"/bin/sh", "-c", "exit 7"});
  terminal_interrupts = false;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(wait_for_child(child.pid, Seconds{10}), 7);
}

TEST(process, a_detached_one_has_a_session_and_no_streams_of_ours) {
  TemporaryDirectory directory;
  const Started child = start_detached(
      {"/bin/sh", "-c",
       "{ readlink /proc/self/fd/0; ps -o sid= -p $$; echo $$; } > " + (directory / "out")});
  EXPECT_EQ(wait_for_child(child.pid, Seconds{10}), 0);
  const std::string pid = std::to_string(child.pid);
  std::string out = read_file(directory / "out");
  std::erase(out, ' ');
  EXPECT_EQ(out, "/dev/null\n" + pid + "\n" + pid + "\n");
}

TEST(process, one_that_does_not_start_says_why) {
  EXPECT_EQ(start_detached({"/nonexistent/x"}).error, ENOENT);
  EXPECT_EQ(start_detached({"/etc/passwd"}).error, EACCES);
  EXPECT_EQ(start_detached({"/etc/passwd"}).pid, 0);
}

TEST(process, a_wrapped_one_has_our_descriptors) {
  const int fd = open("/etc/passwd", O_RDONLY);
  const std::string test = "test -e /proc/self/fd/" + std::to_string(fd);
  Start start{.argv = {"/bin/sh", "-c", test},
              .environment = {},
              .group = Start::Group::ours,
              .inherit = true};
  EXPECT_EQ(wait_for_child(start_program(start).pid, Seconds{10}), 0);
  start.inherit = false;
  EXPECT_EQ(wait_for_child(start_program(start).pid, Seconds{10}), 1);
  close(fd);
}

}  // namespace
}  // namespace sheepdog
