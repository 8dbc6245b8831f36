// phrase-test.cc -- the words people read
// SPDX-License-Identifier: GPL-3.0-or-later
#include "phrase.hh"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

namespace sheepdog {
namespace {

TEST(phrase, a_duration_is_as_exact_as_people_are) {
  EXPECT_EQ(duration_text(0), "0 s");
  EXPECT_EQ(duration_text(420), "0.4 s");
  EXPECT_EQ(duration_text(3000), "3 s");
  EXPECT_EQ(duration_text(12'900), "12 s");
  EXPECT_EQ(duration_text(14 * 60'000 + 59'000), "14 min");
  EXPECT_EQ(duration_text((3 * 60 + 19) * 60'000), "3 h 19 min");
  EXPECT_EQ(duration_text(12 * 3'600'000), "12 h");
  EXPECT_EQ(duration_text(72 * 3'600'000), "3 days");
}

TEST(phrase, a_time_of_today_is_a_time_of_day) {
  setenv("TZ", "UTC", 1);
  tzset();
  constexpr std::int64_t now = 1795335303000;  // Sun 22 Nov 2026 08:15:03
  EXPECT_EQ(clock_text(now - 6 * 3'600'000, now), "02:15");
  EXPECT_EQ(clock_text(now - 48 * 3'600'000, now), "Fri 20 Nov 08:15");
}

Outcome ended(int status) {
  Outcome outcome;
  outcome.status = status;
  outcome.elapsed = 0.42;
  return outcome;
}

TEST(phrase, an_outcome_and_a_deed_for_each_end) {
  EXPECT_EQ(outcome_text(ended(2)), "exit status 2");
  EXPECT_EQ(deed_text("borg", ended(2), "exit status 2"), "borg exited with status 2 after 0.4 s");
  EXPECT_EQ(deed_text("borg", ended(0), "too quick"), "borg: too quick after 0.4 s");

  Outcome killed;
  killed.signal = SIGKILL;
  killed.elapsed = 3;
  EXPECT_EQ(outcome_text(killed), "killed by signal 9 (KILL)");
  EXPECT_EQ(deed_text("borg", killed, outcome_text(killed)),
            "borg was killed by signal 9 (KILL) after 3 s");

  Outcome late = killed;
  late.timed_out = true;
  late.elapsed = 12 * 3600;
  EXPECT_EQ(deed_text("borg", late, outcome_text(late)), "borg timed out after 12 h");

  Outcome absent;
  absent.start_errno = EACCES;
  EXPECT_EQ(outcome_text(absent), "not started: Permission denied");
  EXPECT_EQ(deed_text("borg", absent, outcome_text(absent)),
            "borg did not start: Permission denied");
}

}  // namespace
}  // namespace sheepdog
