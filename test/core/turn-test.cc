// turn-test.cc -- one at a time, first come, first served
// SPDX-License-Identifier: GPL-3.0-or-later
#include "turn.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace sheepdog {
namespace {

TEST(turn, one_thread_at_a_time) {
  std::atomic<int> inside{0}, overlaps{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) {
        take_turn();
        if (++inside != 1) ++overlaps;
        std::this_thread::yield();
        --inside;
        give_turn();
      }
    });
  threads.clear();
  EXPECT_EQ(overlaps, 0);
}

TEST(turn, a_busy_thread_lets_the_waiting_one_in_at_its_next_pause) {
  std::atomic<bool> came{false}, asked{false};
  take_turn();
  std::jthread other{[&] {
    asked = true;
    take_turn();
    came = true;
    give_turn();
  }};
  while (!asked) std::this_thread::yield();
  // However short our pauses are, it is not passed over.
  for (int n = 0; n < 1'000'000 && !came; ++n) const TurnAway away;
  EXPECT_TRUE(came);
  give_turn();
}

TEST(turn, to_take_it_twice_is_to_have_it) {
  take_turn();
  take_turn();
  give_turn();
  std::jthread{[] {
    take_turn();
    give_turn();
  }}.join();
}

TEST(turn, who_had_none_takes_none_after_a_pause) {
  { const TurnAway away; }
  std::jthread{[] {
    take_turn();
    give_turn();
  }}.join();
}

TEST(turn, a_thread_that_ends_gives_it_back) {
  std::jthread{[] { take_turn(); }}.join();
  take_turn();
  give_turn();
}

}  // namespace
}  // namespace sheepdog
