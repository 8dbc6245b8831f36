// bark-test.cc -- messages about a command
// SPDX-License-Identifier: GPL-3.0-or-later
#include "bark.hh"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace sheepdog {
namespace {

Settings some_settings() {
  Settings settings;
  settings.name = "penguin2";
  settings.tag = "BORG-ETC";
  settings.redact = default_redactions();
  return settings;
}

/// A finished job and all that is needed to tell of it.
struct Told {
  Command command;
  Settings settings;
  Job job;
  Outcome outcome;
  Barks barks;

  explicit Told(const std::string& line, Settings s = some_settings())
      : command{{"/bin/sh", "-c", line}, line, "sh"},
        settings{std::move(s)},
        job{command.argv, {}},
        outcome{finish()},
        barks{command, settings, "r1"} {}

  Outcome finish() {
    job.start();
    return job.finish();
  }
  Json end(const Report& report) { return barks.end(report, barks.outcome(job, outcome), true); }
};

const Report failed{{}, "fail", "exit status 3", {}, {}, {}};

TEST(bark, the_end_of_a_command_is_told_with_its_outcome) {
  Told told{"echo out; echo err >&2; exit 3"};
  Json message = told.end(failed);
  EXPECT_EQ(message.at("v"), 1);
  EXPECT_EQ(message.at("host"), "penguin2");
  EXPECT_EQ(message.at("monitor"), "error");
  EXPECT_EQ(message.at("tag"), "BORG-ETC");
  EXPECT_EQ(message.at("state"), "fail");
  EXPECT_EQ(message.at("summary"), "exit status 3");
  EXPECT_EQ(message.at("run"), "r1");
  EXPECT_FALSE(message.contains("kind"));
  EXPECT_FALSE(message.contains("mailto"));
  const Json outcome = message.at("outcome");
  EXPECT_EQ(outcome.at("command"), "echo out; echo err >&2; exit 3");
  EXPECT_EQ(outcome.at("status"), 3);
  EXPECT_EQ(outcome.at("stdout"), "out\n");
  EXPECT_EQ(outcome.at("stderr"), "err\n");
  EXPECT_EQ(outcome.at("stdout_bytes"), 4);
  EXPECT_FALSE(outcome.contains("signal"));
  EXPECT_FALSE(outcome.contains("lossy"));
  EXPECT_NEAR(outcome.at("started").get<double>(), message.at("time").get<double>(), 60);
}

TEST(bark, a_death_by_signal_has_no_status) {
  Told told{"kill -9 $$"};
  const Json outcome = told.end(failed).at("outcome");
  EXPECT_EQ(outcome.at("signal"), 9);
  EXPECT_FALSE(outcome.contains("status"));
}

TEST(bark, secrets_are_nowhere_in_it) {
  Told told{"echo --password=xyzzy; echo x --token xyzzy >&2; exit 3"};
  const Report report{{}, "fail", "found: --password=xyzzy", {{"line", "--password=xyzzy"}},
                      {}, {}};
  EXPECT_EQ(told.end(report).dump().find("xyzzy"), std::string::npos);
  EXPECT_EQ(told.barks.command_text().find("xyzzy"), std::string::npos);
  EXPECT_EQ(told.barks.line("--password=xyzzy"), "--password=***");
}

TEST(bark, an_expression_that_does_not_compile_withholds_output) {
  Settings settings = some_settings();
  settings.redact.push_back("(");
  Told told{"echo xyzzy; exit 3", settings};
  const Json message = told.end(failed);
  EXPECT_EQ(message.dump().find("xyzzy"), std::string::npos);
  EXPECT_EQ(message.at("outcome").at("command"), "sh ***");
  EXPECT_EQ(message.at("outcome").at("stdout_bytes"), 6);
  EXPECT_FALSE(message.at("outcome").contains("stdout"));
  EXPECT_EQ(told.barks.line("xyzzy"), "a line that is withheld");
}

TEST(bark, bytes_that_are_no_text_are_replaced_and_flagged) {
  Told told{"printf '\\377caf\\303\\251'"};
  const Json outcome = told.end(failed).at("outcome");
  EXPECT_EQ(outcome.at("stdout"), "\uFFFDcafé");
  EXPECT_EQ(outcome.at("lossy"), true);
  EXPECT_EQ(outcome.at("stdout_bytes"), 6);
}

TEST(bark, wishes_of_the_settings_are_honoured) {
  Settings settings = some_settings();
  settings.output = false;
  settings.every = Seconds{36 * 3600};
  settings.mailto = {"a@x", "b@y"};
  Told told{"echo out", settings};
  const Json message = told.end(failed);
  EXPECT_FALSE(message.at("outcome").contains("stdout"));
  EXPECT_EQ(message.at("every"), "36h");
  EXPECT_EQ(message.at("mailto"), "a@x,b@y");
}

TEST(bark, a_report_with_a_tag_of_its_own_is_another_subject) {
  Told told{"true"};
  const Report report{
      "disk /",          "warn", "91 %", {{"used", 91}}, Json::array({Json::array({"a", 1})}),
      Json::array({"a"})};
  const Json message = told.barks.end(report, told.barks.outcome(told.job, told.outcome), false);
  EXPECT_EQ(message.at("tag"), "disk /");
  EXPECT_FALSE(message.contains("run"));
  EXPECT_EQ(message.at("fields").at("used"), 91);
  EXPECT_EQ(message.at("facts").dump(), "[[\"a\",1]]");
  EXPECT_EQ(message.at("replaces").dump(), "[\"a\"]");
  EXPECT_FALSE(message.at("outcome").contains("stdout"));
}

TEST(bark, a_beginning_and_a_lost_run_are_told) {
  Told told{"true"};
  const Json start = told.barks.start(1795335303123);
  EXPECT_EQ(start.at("kind"), "start");
  EXPECT_EQ(start.at("run"), "r1");
  EXPECT_FALSE(start.contains("state"));
  EXPECT_DOUBLE_EQ(start.at("time").get<double>(), 1795335303.123);
  const Json lost = told.barks.lost({"other", "borg create", "error", "r0", 1795335303123, 1});
  EXPECT_EQ(lost.at("tag"), "other");
  EXPECT_EQ(lost.at("state"), "fail");
  EXPECT_EQ(lost.at("run"), "r0");
  EXPECT_NE(lost.at("summary").get<std::string>().find(", no end seen"), std::string::npos);
}

TEST(bark, a_command_without_a_shell_is_its_words) {
  const Command command{{"/bin/echo", "a b", "--password", "x y"}, {}, "echo"};
  const Settings settings = some_settings();
  const Barks barks{command, settings, {}};
  EXPECT_EQ(barks.no_outcome().at("argv").dump(), R"(["/bin/echo","a b","--password","***"])");
}

}  // namespace
}  // namespace sheepdog
