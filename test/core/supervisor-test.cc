// supervisor-test.cc -- real processes: workers that work, hang, crash, leave children, and leave.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "supervisor.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "supervisor_support.hh"

namespace sheepdog {
namespace {

/// What a worker's loop does all day.
void loop() {
  for (;;) {
    come_round(Seconds{1});
    usleep(1000);
  }
}

bool alive(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  return !stat.empty() && stat.find(") Z ") == std::string::npos;
}

std::string ms(std::int64_t n) { return std::to_string(n); }

TEST(supervisor, a_worker_that_leaves_is_not_started_again_and_its_status_is_ours) {
  for (const int status : {0, 2, 78}) {
    Scene scene;
    scene.start([&](const Scene&) { leave(status); });
    EXPECT_EQ(scene.end(), status);
    EXPECT_EQ(scene.said(), "start\n");
    EXPECT_EQ(scene.logged(), "");
  }
}

TEST(supervisor, a_worker_that_is_killed_is_followed_by_the_next) {
  Scene scene;
  scene.start([](const Scene& s) {
    s.say(ms(getpid()));
    if (s.count("start") < 3) kill(getpid(), SIGKILL);
    leave(5);
  });
  EXPECT_EQ(scene.end(), 5);
  EXPECT_EQ(scene.count("start"), 3);
  EXPECT_NE(scene.logged().find("the worker died of signal 9 (Killed); the next starts in 0.02 s"),
            std::string::npos)
      << scene.logged();
  EXPECT_NE(scene.logged().find("the next starts in 0.04 s"), std::string::npos) << scene.logged();
}

TEST(supervisor, the_gap_is_short_again_after_a_turn_of_the_loop) {
  Scene scene;
  scene.start([](const Scene& s) {
    if (s.count("start") == 3) come_round(Seconds{1});
    if (s.count("start") < 4) abort();
    leave(0);
  });
  EXPECT_EQ(scene.end(), 0);
  std::string gaps, log = scene.logged();
  for (std::size_t at = 0; (at = log.find("starts in ", at)) != std::string::npos;) {
    at += 10;
    gaps += log.substr(at, log.find(' ', at) - at) + " ";
  }
  EXPECT_EQ(gaps, "0.02 0.04 0.02 ");
}

TEST(supervisor, a_configuration_that_went_bad_behind_a_server_is_waited_out) {
  Scene scene;
  scene.start([](const Scene& s) {
    if (s.count("start") == 1) come_round(Seconds{1}), abort();
    const int status = s.count("start") < 4 ? 78 : 3;
    leave(status), _exit(status);
  });
  EXPECT_EQ(scene.end(), 3);
  EXPECT_EQ(scene.count("start"), 4);
  EXPECT_NE(scene.logged().find("the worker ended with status 78; the next starts in 0.08 s"),
            std::string::npos)
      << scene.logged();
}

TEST(supervisor, a_section_past_its_limit_is_killed_at_once_and_named) {
  Scene scene;
  scene.start([](const Scene& s) {
    come_round(Seconds{1});
    if (const auto death = last_death()) {
      s.say(death->what + "|" + death->how + "|" + ms(death->message));
      heed_death();
      s.say(last_death() ? "still" : "heeded");
      leave(0);
      return;
    }
    at_message(17);
    enter_section("monitor disk: its receiver", Seconds{0.1});
    for (;;) {
    }
  });
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.said(),
            "start\nstart\nmonitor disk: its receiver|ran longer than 0.1 s: killed|17\nheeded\n");
  EXPECT_NE(
      scene.logged().find("monitor disk: its receiver ran longer than 0.1 s: killed (message 17)"),
      std::string::npos)
      << scene.logged();
}

TEST(supervisor, sections_that_end_in_time_are_left_alone_and_an_inner_one_does_not_count) {
  Scene scene;
  scene.start([](const Scene&) {
    for (int i = 0; i < 5; ++i) {
      enter_section("outer", Seconds{0.3});
      enter_section("inner", Seconds{60});
      usleep(400'000 / (i == 0 ? 1 : 100));
      leave_section();
      usleep(1000);
      leave_section();
    }
    usleep(400'000);  // nothing runs: nothing is late
    leave(0);
  });
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.count("start"), 1) << scene.logged();
}

TEST(supervisor, a_section_that_is_over_tells_what_it_was_and_how_long_it_took) {
  Scene scene;
  scene.start([](const Scene& s) {
    enter_section("outer", Seconds{60});
    enter_section("inner", Seconds{60});
    usleep(50'000);
    for (const auto& ran : {leave_section(), leave_section(), leave_section()})
      s.say(fmt::format("{}: {}", ran.what, ran.ms >= 50 ? "long" : "short"));
    leave(0);
  });
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.said(), "start\ninner: long\nouter: long\n: short\n");
}

TEST(supervisor, every_way_to_die_in_a_section_is_told_to_the_next_worker) {
  const std::vector<std::pair<Scene::Work, std::string>> ways{
      {[](const Scene&) { _exit(0); }, "ended with status 0"},
      {[](const Scene&) { exit(7); }, "ended with status 7"},
      {[](const Scene&) { abort(); }, "died of signal 6 (Aborted)"},
      {[](const Scene&) { raise(SIGSEGV); }, "died of signal 11 (Segmentation fault)"}};
  for (const auto& [way, words] : ways) {
    Scene scene;
    scene.start([&way = way](const Scene& s) {
      if (const auto death = last_death()) {
        s.say(death->what + " " + death->how);
        leave(0);
        _exit(0);
      }
      enter_section("x:", Seconds{5});
      way(s);
    });
    EXPECT_EQ(scene.end(), 0);
    EXPECT_EQ(scene.said(), "start\nstart\nx: " + words + "\n");
  }
}

TEST(supervisor, what_workers_die_of_while_they_decode_is_taken_one_by_one_then_not_decoded) {
  Scene scene;
  scene.start([](const Scene& s) {
    const bool careful = one_by_one(), deadly = decoding_is_deadly();
    s.say(std::string{careful ? "one" : "many"} + (deadly ? ", deadly" : ""));
    if (deadly) {
      for (int i = 0; i < 3; ++i) {
        begin_decoding(1);
        end_decoding();
        s.say(one_by_one() ? "one" : "many");
      }
      leave(decoding_is_deadly());
      return;
    }
    begin_decoding(careful ? 1 : 3);
    abort();
  });
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.said(),
            "start\nmany\nstart\none\nstart\none\nstart\none, deadly\none\none\nmany\n");
}

TEST(supervisor, an_earlier_death_in_a_section_is_not_hidden_by_one_before_it_was_heeded) {
  Scene scene;
  scene.start([](const Scene& s) {
    if (s.count("start") == 1) {
      enter_section("x:", Seconds{5});
      abort();
    }
    if (s.count("start") == 2) abort();
    s.say(last_death() ? last_death()->what : "nothing");
    leave(0);
  });
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.count("x:"), 1) << scene.said();
}

TEST(supervisor, a_death_in_a_section_that_nobody_heeds_has_gaps_like_others) {
  Scene scene;
  scene.start([](const Scene& s) {
    if (s.count("start") == 4) leave(0), _exit(0);
    enter_section("x:", Seconds{5});
    abort();
  });
  EXPECT_EQ(scene.end(), 0);
  EXPECT_NE(scene.logged().find("x: died of signal 6 (Aborted)\n"), std::string::npos);
  EXPECT_NE(scene.logged().find("x: died of signal 6 (Aborted); the next starts in 0.04 s"),
            std::string::npos)
      << scene.logged();
}

TEST(supervisor, a_loop_that_never_comes_round_after_the_start_is_killed) {
  Scene scene;
  scene.start(
      [](const Scene& s) {
        if (s.count("start") == 2) leave(0), _exit(0);
        for (;;) pause();
      },
      {.start_limit = Seconds{0.1}});
  EXPECT_EQ(scene.end(), 0);
  EXPECT_NE(scene.logged().find("its loop stood still: killed"), std::string::npos);
}

TEST(supervisor, term_is_passed_on_and_the_worker_may_take_its_time) {
  Scene scene;
  scene.start([](const Scene& s) {
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGTERM), sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    tell_phase(Phase::serving);
    s.say("ready");
    int number = 0;
    sigwait(&set, &number);
    s.say(number == SIGHUP ? "reload" : "stop");
    sigwait(&set, &number);
    s.say(number == SIGHUP ? "reload" : "stop");
    usleep(50'000);
    leave(3);
  });
  ASSERT_TRUE(scene.waits_for("ready"));
  scene.signal(SIGHUP);
  ASSERT_TRUE(scene.waits_for("reload"));
  scene.signal(SIGTERM);
  EXPECT_EQ(scene.end(), 3);
  EXPECT_EQ(scene.said(), "start\nready\nreload\nstop\n");
}

TEST(supervisor, who_does_not_stop_in_time_is_killed) {
  Scene scene;
  scene.start(
      [](const Scene& s) {
        signal(SIGTERM, SIG_IGN);
        tell_phase(Phase::serving);
        s.say("ready");
        loop();
      },
      {.stop_limit = Seconds{0.1}, .stopped = 4});
  ASSERT_TRUE(scene.waits_for("ready"));
  scene.signal(SIGTERM);
  EXPECT_EQ(scene.end(), 4);
  EXPECT_NE(scene.logged().find("the worker did not stop within 0.1 s: killed"), std::string::npos);
  EXPECT_EQ(scene.count("start"), 1);
}

TEST(supervisor, hup_waits_until_the_worker_can_hear_it) {
  Scene scene;
  scene.start([](const Scene& s) {
    usleep(100'000);
    signal(SIGHUP, [](int) { leave(6), _exit(0); });
    s.say("ready");
    tell_phase(Phase::serving);
    loop();
  });
  ASSERT_TRUE(scene.waits_for("start"));
  scene.signal(SIGHUP);
  EXPECT_EQ(scene.end(), 6);
}

TEST(supervisor, the_worker_dies_with_its_supervisor) {
  Scene scene;
  scene.start([](const Scene& s) {
    s.say(ms(getpid()));
    s.say("ready");
    loop();
  });
  ASSERT_TRUE(scene.waits_for("ready"));
  std::istringstream said{scene.said()};
  std::string word;
  pid_t worker = 0;
  said >> word >> worker;
  ASSERT_TRUE(alive(worker));
  scene.signal(SIGKILL);
  EXPECT_EQ(scene.end(), -SIGKILL);
  EXPECT_TRUE(eventually([&] { return !alive(worker); }));
}

TEST(supervisor, what_a_dead_worker_leaves_behind_dies_and_no_zombie_stays) {
  Scene scene;
  scene.start([](const Scene& s) {
    if (s.count("start") == 2) {
      s.say("ready");
      loop();
    }
    for (int i = 0; i < 3; ++i) {
      if (fork() != 0) continue;
      if (i > 0) setsid();                 // out of the group
      if (i > 1 && fork() != 0) _exit(0);  // and an orphan at that
      s.say("child");
      s.say("pid " + ms(getpid()));
      for (;;) pause();
    }
    (void)s.waits_for("child", 3);
    abort();
  });
  ASSERT_TRUE(scene.waits_for("ready"));
  std::istringstream lines{scene.said()};
  int looked = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("pid ", 0) != 0) continue;
    ++looked;
    EXPECT_FALSE(alive(std::stoi(line.substr(4)))) << line;
  }
  EXPECT_EQ(looked, 3);
  const std::string task = "/proc/" + ms(scene.pid()) + "/task/" + ms(scene.pid()) + "/children";
  std::istringstream left{read_file(task)};
  int children = 0;
  for (std::string child; left >> child;) ++children;
  EXPECT_EQ(children, 1) << "the worker alone";
}

TEST(supervisor, the_worker_has_the_memory_it_is_given) {
  Scene scene;
  scene.start(
      [](const Scene& s) {
        rlimit limit{};
        getrlimit(RLIMIT_DATA, &limit);
        s.say(limit.rlim_cur == 1U << 30 ? "as told" : "not as told");
        leave(0);
      },
      {.memory = 1U << 30});
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.said(), "start\nas told\n");
}

TEST(supervisor, without_a_program_to_become_it_ends_and_does_not_try_for_ever) {
  Scene scene;
  scene.start([](const Scene&) { throw Error{Error::Code::cannot_run, "no such program"}; });
  EXPECT_EQ(scene.end(), 2);
  EXPECT_EQ(scene.said(), "start\n");
}

TEST(supervisor, a_program_that_is_gone_for_a_while_is_waited_for) {
  Scene scene;
  scene.start([](const Scene& s) {
    if (s.count("start") == 1) abort();
    if (s.count("start") == 2) throw Error{Error::Code::cannot_run, "no such program"};
    leave(5);
  });
  EXPECT_EQ(scene.end(), 5);
  EXPECT_EQ(scene.count("start"), 3);
}

TEST(supervisor, what_a_worker_starts_is_no_worker) {
  Scene scene;
  scene.start([](const Scene& s) {
    s.say(std::getenv(supervisor_variable) ? "told" : "not told");
    leave(0);
  });
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.said(), "start\nnot told\n");
}

TEST(worker, without_a_supervisor_nothing_happens) {
  EXPECT_EQ(main_pid(), getpid());
  enter_section("x", Seconds{0});
  leave_section();
  at_message(1);
  come_round(Seconds{1});
  EXPECT_FALSE(last_death());
}

}  // namespace
}  // namespace sheepdog
