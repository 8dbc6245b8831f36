// verdict-test.cc -- the rule that holds without Scheme
// SPDX-License-Identifier: GPL-3.0-or-later
#include "verdict.hh"

#include <gtest/gtest.h>

#include <csignal>

#include "error.hh"

namespace sheepdog {
namespace {

std::string verdict(const Outcome& outcome, const Settings& settings = {},
                    const Findings& findings = {}) {
  const Report report = plain_verdict(outcome, settings, findings);
  return report.state + ", " + report.summary;
}

Outcome ended(int status, double elapsed = 1) {
  Outcome outcome;
  outcome.status = status;
  outcome.elapsed = elapsed;
  return outcome;
}

TEST(verdict, status_0_is_ok_and_all_else_is_fail) {
  EXPECT_EQ(verdict(ended(0)), "ok, exit status 0");
  EXPECT_EQ(verdict(ended(3)), "fail, exit status 3");
  Settings settings;
  settings.ok_status = {24};
  settings.warn_status = {1, 24};
  EXPECT_EQ(verdict(ended(0), settings), "ok, exit status 0");
  EXPECT_EQ(verdict(ended(1), settings), "warn, exit status 1");
  EXPECT_EQ(verdict(ended(24), settings), "warn, exit status 24");
  EXPECT_EQ(verdict(ended(2), settings), "fail, exit status 2");
}

TEST(verdict, a_signal_and_a_time_out_are_fail) {
  Outcome killed;
  killed.signal = SIGSEGV;
  EXPECT_EQ(verdict(killed), "fail, killed by signal 11 (SEGV)");
  Outcome late = ended(0, 12 * 3600);
  late.timed_out = true;
  EXPECT_EQ(verdict(late), "fail, timed out after 12 h");
}

TEST(verdict, patterns_and_haste_only_make_it_worse) {
  EXPECT_EQ(verdict(ended(0), {}, {"an error", {}, {}}), "fail, found: an error");
  EXPECT_EQ(verdict(ended(0), {}, {{}, {}, "^done"}), "fail, missing: ^done");
  EXPECT_EQ(verdict(ended(0), {}, {{}, "size is 0", {}}), "warn, found: size is 0");
  EXPECT_EQ(verdict(ended(2), {}, {"an error", "size is 0", {}}), "fail, exit status 2");
  EXPECT_EQ(verdict(ended(0), {}, {"an error", "size is 0", {}}), "fail, found: an error");
  Settings settings;
  settings.not_quicker = Seconds{10};
  settings.warn_status = {1};
  EXPECT_EQ(verdict(ended(0), settings), "warn, too quick");
  EXPECT_EQ(verdict(ended(0, 11), settings), "ok, exit status 0");
  EXPECT_EQ(verdict(ended(1), settings), "warn, exit status 1");
}

TEST(verdict, what_was_found_is_shown_escaped) {
  EXPECT_EQ(verdict(ended(0), {}, {"\x1b]52;x", {}, {}}), "fail, found: \\x1b;]52;x");
}

TEST(verdict, an_answer_of_scheme_is_taken_apart) {
  const auto judgement = parse_judgement(
      R"({"reports":[{"state":"warn","summary":"91 %","tag":"disk","fields":{"used":91}}],)"
      R"("config_problems":["a.conf:1:2: error: x"],"monitor_problem":null})");
  ASSERT_EQ(judgement.reports.size(), 1u);
  EXPECT_EQ(judgement.reports[0].state, "warn");
  EXPECT_EQ(judgement.reports[0].tag, "disk");
  EXPECT_EQ(judgement.reports[0].fields.at("used"), 91);
  EXPECT_TRUE(judgement.reports[0].facts.is_null());
  EXPECT_EQ(judgement.configuration_problems.size(), 1u);
  EXPECT_FALSE(judgement.monitor_problem);
}

TEST(verdict, nonsense_is_no_answer) {
  for (const char* answer : {"", "[]", "{}", R"({"reports":[{"state":1}]})"})
    EXPECT_THROW(parse_judgement(answer), Error) << answer;
}

TEST(verdict, the_question_has_null_for_what_is_not_told) {
  Settings settings;
  settings.ok_status = {0, 24};
  settings.not_quicker = Seconds{1.5};
  settings.tag = "t";
  EXPECT_EQ(judge_request(settings, {{}, "w", {}}, {{"status", 1}}, true),
            R"({"config":null,"check":true,"monitor":"error","options":{"ok_status":[0,24],)"
            R"("warn_status":[],"not_quicker":1500,"fail_found":null,"warn_found":"w",)"
            R"("need_missing":null},"outcome":{"status":1},"tag":"t"})");
}

TEST(verdict, the_question_is_no_larger_than_a_message) {
  const Json outcome{{"status", 1}, {"stdout", std::string(90'000, '\0')}, {"stderr", "x"}};
  const std::string request = judge_request({}, {}, outcome, false);
  EXPECT_LE(request.size(), 256u * 1024);
  EXPECT_EQ(read_json(request).at("outcome").at("cut"), true);
}

}  // namespace
}  // namespace sheepdog
