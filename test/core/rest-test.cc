// rest-test.cc -- workers that rest, what they hand on, and one that cannot even be killed
// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

#include "supervisor.hh"
#include "supervisor_support.hh"

namespace sheepdog {
namespace {

TEST(rest, one_that_rests_is_followed_at_its_time_and_finds_what_was_handed_on) {
  Scene scene;
  const auto began = monotonic_ms();
  scene.start([](const Scene& s) {
    s.say(handed_on() + "!");
    if (s.count("start") == 3) return leave(4);
    hand_on(handed_on() + "x");
    rest(Seconds{0.1}, "");
  });
  EXPECT_EQ(scene.end(), 4);
  EXPECT_EQ(scene.said(), "start\n!\nstart\nx!\nstart\nxx!\n");
  EXPECT_GE(monotonic_ms() - began, 200);
  EXPECT_EQ(scene.logged(), "");
}

TEST(rest, what_is_handed_on_outlives_a_worker_that_is_killed) {
  Scene scene;
  scene.start([](const Scene& s) {
    s.say(handed_on() + "!");
    if (handed_on() == "at the disk") return leave(0);
    hand_on("at the disk");
    enter_section("monitor disk: its sample", Seconds{0.1});
    pause();
  });
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.said(), "start\n!\nstart\nat the disk!\n");
}

TEST(rest, one_that_rests_is_followed_at_once_when_something_stirs) {
  Scene scene;
  Supervision how;
  how.stir_gap = Seconds{0.01};
  how.is_stirred = [&] { return scene.count("stir") > 0; };
  scene.start(
      [](const Scene& s) {
        if (s.count("start") == 2) return leave(0);
        rest(Seconds{3600}, "");
      },
      how);
  ASSERT_TRUE(scene.waits_for("start"));
  scene.say("stir");
  EXPECT_EQ(scene.end(), 0);
}

TEST(rest, told_to_reload_at_rest_it_tells_the_next_once_that_serves) {
  Scene scene;
  scene.start([](const Scene& s) {
    if (s.count("start") == 1) {
      s.say("rest");
      rest(Seconds{3600}, "");
    }
    sigset_t hup;
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hup, nullptr);
    tell_phase(Phase::serving);
    int signal = 0;
    sigwait(&hup, &signal);
    leave(3);
  });
  ASSERT_TRUE(scene.waits_for("rest"));
  scene.signal(SIGHUP);
  EXPECT_EQ(scene.end(), 3);
}

TEST(rest, told_to_stop_at_rest_it_stops_and_removes_the_pid_file) {
  Scene scene;
  const std::string file = scene.file("pid");
  std::ofstream{file} << "1";
  scene.start([&](const Scene& s) {
    s.say("rest");
    rest(Seconds{3600}, file);
  });
  ASSERT_TRUE(scene.waits_for("rest"));
  scene.signal(SIGTERM);
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(access(file.c_str(), F_OK), -1);
  EXPECT_EQ(scene.count("start"), 1);
}

/// As one that hangs in the kernel for ever: a tracer that never waits keeps it from being reaped.
void become_unkillable() {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  const pid_t self = getpid();
  if (fork() == 0) {
    ptrace(PTRACE_SEIZE, self, nullptr, nullptr);
    enter_section("monitor disk: its sample", Seconds{0.1});  // the page is shared
    for (;;) pause();
  }
  for (;;) pause();
}

TEST(rest, a_worker_that_cannot_even_be_killed_is_left_behind) {
  Scene scene;
  Supervision how;
  how.death_limit = Seconds{0.2};
  scene.start(
      [](const Scene& s) {
        if (s.count("start") == 1) become_unkillable();
        const auto death = last_death();
        s.say(death ? death->what + " " + death->how : "nothing");
        leave(0);
      },
      how);
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.count("monitor disk: its sample ran longer than 0.1 s: killed"), 1);
  EXPECT_NE(scene.logged().find("cannot be killed: left behind"), std::string::npos)
      << scene.logged();
}

}  // namespace
}  // namespace sheepdog
