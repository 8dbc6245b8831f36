// job-test.cc -- what becomes of a command
// SPDX-License-Identifier: GPL-3.0-or-later
#include "job.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <string>

#include "support.hh"

namespace sheepdog {
namespace {

Outcome shell(const std::string& line, RunOptions options = {}) {
  return run({"/bin/sh", "-c", line}, std::move(options));
}

TEST(job, a_status_is_a_status) {
  for (const int status : {0, 1, 9, 127, 255}) {
    const Outcome outcome = shell("exit " + std::to_string(status));
    EXPECT_EQ(outcome.status, status);
    EXPECT_FALSE(outcome.signal);
  }
}

TEST(job, a_death_by_a_signal_is_no_status) {
  const Outcome outcome = shell("kill -9 $$");
  EXPECT_EQ(outcome.signal, SIGKILL);
  EXPECT_FALSE(outcome.status);
}

TEST(job, both_streams_are_kept_apart) {
  const Outcome outcome = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(outcome.standard_output, "out\n");
  EXPECT_EQ(outcome.standard_error, "err\n");
  EXPECT_EQ(outcome.output_bytes, 4u);
  EXPECT_EQ(outcome.error_bytes, 4u);
}

TEST(job, much_output_on_both_streams_at_once_takes_little_memory) {
  RunOptions options;
  options.limit = Seconds{20};  // it would end there if one stream had to wait for the other
  const Outcome outcome =
      shell("head -c 30000000 /dev/zero & head -c 30000000 /dev/zero >&2; wait", options);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.output_bytes, 30'000'000u);
  EXPECT_EQ(outcome.error_bytes, 30'000'000u);
  EXPECT_TRUE(outcome.cut);
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, 100'000);
}

TEST(job, that_lasts_is_told_of_once) {
  int calls = 0;
  RunOptions options;
  options.later_after = Seconds{0.05};
  options.later = [&] { ++calls; };
  shell("sleep 0.4", options);
  EXPECT_EQ(calls, 1);
  options.later_after = Seconds{60};
  shell("true", options);
  EXPECT_EQ(calls, 1);
}

TEST(job, why_it_did_not_start_is_told) {
  TemporaryDirectory directory;
  write_file(directory / "bad", "#!/no/such/interpreter\n");
  write_file(directory / "plain", "true\n");
  chmod((directory / "bad").c_str(), 0700);
  chmod((directory / "plain").c_str(), 0700);
  EXPECT_EQ(run({"no-such-program"}).start_errno, ENOENT);
  EXPECT_EQ(run({directory / "absent"}).start_errno, ENOENT);
  EXPECT_EQ(run({"/etc/passwd"}).start_errno, EACCES);
  EXPECT_EQ(run({"/etc"}).start_errno, EACCES);
  EXPECT_EQ(run({directory / "bad"}).start_errno, ENOENT);
  EXPECT_EQ(run({directory / "plain"}).start_errno, ENOEXEC);
  EXPECT_EQ(run({"/bin/echo", std::string(3'000'000, 'x')}).start_errno, E2BIG);
  EXPECT_EQ(run({""}).start_errno, ENOENT);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);  // and no zombie is left
  EXPECT_EQ(errno, ECHILD);
}

TEST(job, its_name_is_the_one_that_was_given) {
  EXPECT_EQ(run({"sh", "-c", "echo $0"}).standard_output, "sh\n");
}

TEST(job, its_input_is_what_we_say) {
  RunOptions options;
  options.input = std::string(300'000, 'i');
  EXPECT_EQ(run({"wc", "-c"}, options).standard_output, "300000\n");
  EXPECT_EQ(run({"cat"}).output_bytes, 0u);
  EXPECT_EQ(run({"true"}, options).status, 0);  // that nobody reads it is no error
}

TEST(job, its_environment_can_be_changed) {
  setenv("SHEEPDOG_TEST_KEPT", "kept", 1);
  RunOptions options;
  options.environment = {{"SHEEPDOG_TEST_NEW", "a b"}, {"HOME", "/nowhere"}};
  EXPECT_EQ(shell("echo $SHEEPDOG_TEST_KEPT,$SHEEPDOG_TEST_NEW,$HOME", options).standard_output,
            "kept,a b,/nowhere\n");
}

TEST(job, no_descriptor_of_ours_reaches_a_handler) {
  const int leak = open("/etc/passwd", O_RDONLY);
  EXPECT_EQ(shell("test ! -e /proc/self/fd/" + std::to_string(leak)).status, 0);
  close(leak);
}

TEST(job, its_signals_are_as_new) {
  signal(SIGUSR1, SIG_IGN);
  EXPECT_EQ(
      shell("exec grep -c 'Sig\\(Ign\\|Blk\\):.*0000000000000000' /proc/self/status").standard_output,
      "2\n");
  signal(SIGUSR1, SIG_DFL);
}

TEST(job, at_its_limit_it_is_asked_to_end) {
  RunOptions options;
  options.limit = Seconds{0.1};
  const Outcome outcome = shell("sleep 30; true", options);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.signal, SIGTERM);
  EXPECT_LT(outcome.elapsed, 5);
}

TEST(job, who_ignores_that_is_killed_with_all_he_started) {
  RunOptions options;
  options.limit = Seconds{0.1};
  options.grace = Seconds{0.2};
  const Outcome outcome = shell("trap '' TERM; sleep 30 & echo $!; sleep 30; sleep 30", options);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.signal, SIGKILL);
  const pid_t child = std::stoi(outcome.standard_output);
  EXPECT_TRUE(eventually([&] {
    const std::string status = read_file("/proc/" + std::to_string(child) + "/status");
    return status.empty() || status.find("State:\tZ") != status.npos;
  }));
}

TEST(job, what_it_started_has_the_whole_grace_to_clean_up) {
  RunOptions options;
  options.limit = Seconds{0.1};
  options.grace = Seconds{5};
  const Outcome outcome =
      shell("(trap 'sleep 0.2; echo clean; exit' TERM; sleep 30 & wait) & sleep 30; true", options);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.standard_output, "clean\n");
}

TEST(job, a_grandchild_that_keeps_the_output_open_is_not_waited_for) {
  RunOptions options;
  options.drain = Seconds{0.1};
  const auto before = std::chrono::steady_clock::now();
  const Outcome outcome = shell("sleep 5 & echo started", options);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{3});
  EXPECT_EQ(outcome.standard_output, "started\n");
  EXPECT_EQ(outcome.status, 0);
}

TEST(job, one_that_closes_its_streams_is_waited_for) {
  EXPECT_EQ(shell("exec >&- 2>&-; sleep 0.1; exit 4").status, 4);
}

TEST(job, every_byte_is_watched) {
  std::mutex mutex;
  std::string seen[3];
  RunOptions options;
  options.watch = [&](int stream, std::string_view bytes) {
    const std::lock_guard guard{mutex};
    seen[stream] += bytes;
  };
  shell("echo one; echo two >&2; head -c 200000 /dev/zero", options);
  EXPECT_EQ(seen[1], "one\n" + std::string(200'000, '\0'));
  EXPECT_EQ(seen[2], "two\n");
}

TEST(job, elapsed_is_its_own_time) {
  const Outcome outcome = shell("sleep 0.2");
  EXPECT_GE(outcome.elapsed, 0.2);
  EXPECT_LT(outcome.elapsed, 2);
}

}  // namespace
}  // namespace sheepdog
