// options-test.cc -- the command line
// SPDX-License-Identifier: GPL-3.0-or-later
#include "options.hh"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "error.hh"

namespace sheepdog {
namespace {

using Words = std::vector<std::string>;

Invocation parse(const Words& words) {
  std::vector<char*> argv{const_cast<char*>("sheepdog")};
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return parse_invocation(static_cast<int>(argv.size()) - 1, argv.data());
}

Settings settings_of(const Words& words) {
  Settings settings;
  settings.queues.resize(1);
  settings.queues[0].transport = QueueAddress::Transport::local;
  for (const auto& change : parse(words).changes) change(settings);
  return settings;
}

/// What is said of a command line that is refused.
std::string refusal(const Words& words) {
  try {
    parse(words);
    return "no refusal";
  } catch (const Error& e) {
    return std::string{e.what()} + (e.hint().empty() ? "" : "; " + e.hint());
  }
}

TEST(options, a_line_goes_to_the_shell) {
  const auto invocation = parse({"-c", "x.conf", "-m", "monitor-error", "-e", "borg create 'a b'"});
  EXPECT_EQ(invocation.common.config, "x.conf");
  EXPECT_EQ(invocation.command->argv, (Words{"/bin/sh", "-c", "borg create 'a b'"}));
  EXPECT_EQ(invocation.command->line, "borg create 'a b'");
  EXPECT_EQ(invocation.command->name, "borg");
}

TEST(options, run_takes_words_and_options_of_its_own) {
  const auto invocation = parse({"-v", "run", "-t", "x", "--", "/bin/echo", "-n", "--help"});
  EXPECT_EQ(invocation.command->argv, (Words{"/bin/echo", "-n", "--help"}));
  EXPECT_FALSE(invocation.command->line);
  EXPECT_EQ(invocation.command->name, "echo");
  EXPECT_EQ(invocation.wishes.verbose, 1);
  EXPECT_EQ(parse({"run", "echo", "-t", "x"}).command->argv, (Words{"echo", "-t", "x"}));
}

TEST(options, what_follows_an_action_is_left_to_it) {
  const auto invocation = parse({"-f", "json", "--color=never", "status", "--bad", "-e", "x"});
  EXPECT_EQ(invocation.action, "status");
  EXPECT_EQ(invocation.arguments, (Words{"--bad", "-e", "x"}));
  EXPECT_EQ(invocation.common.format, "json");
  EXPECT_EQ(invocation.common.color, "never");
  EXPECT_FALSE(invocation.command);
}

TEST(options, each_option_changes_its_setting) {
  const Settings s = settings_of({"-m",
                                  "disk",
                                  "-t",
                                  "BORG",
                                  "-a",
                                  "-q",
                                  "--lock=5m",
                                  "--timeout=12h",
                                  "--no-output",
                                  "--every=1d",
                                  "--start",
                                  "--name=tux01",
                                  "--ok-status=0,24",
                                  "--warn-status=1",
                                  "--fail-pattern=a",
                                  "--fail-pattern=b",
                                  "--warn-pattern=c",
                                  "--need-pattern=d",
                                  "--not-quicker=10s",
                                  "-e",
                                  "x"});
  EXPECT_EQ(s.monitor, "disk");
  EXPECT_EQ(s.tag, "BORG");
  EXPECT_TRUE(s.always && s.quiet && s.start && !s.output);
  EXPECT_EQ(s.lock, Seconds{300});
  EXPECT_EQ(s.timeout, Seconds{43200});
  EXPECT_EQ(s.every, Seconds{86400});
  EXPECT_EQ(s.name, "tux01");
  EXPECT_EQ(s.ok_status, (std::vector<int>{0, 24}));
  EXPECT_EQ(s.warn_status, (std::vector<int>{1}));
  EXPECT_EQ(s.fail_pattern, (Words{"a", "b"}));
  EXPECT_EQ(s.warn_pattern, (Words{"c"}));
  EXPECT_EQ(s.need_pattern, (Words{"d"}));
  EXPECT_EQ(s.not_quicker, Seconds{10});
  EXPECT_EQ(settings_of({"--lock", "-e", "x"}).lock, Seconds{0});
}

TEST(options, host_and_port_name_the_queue) {
  const Settings s = settings_of({"--host=tux02", "--port=7777", "-e", "x"});
  EXPECT_TRUE(s.queue_named);
  EXPECT_EQ(s.queues[0].transport, QueueAddress::Transport::redis);
  EXPECT_EQ(s.queues[0].host, "tux02");
  EXPECT_EQ(s.queues[0].port, 7777);
}

TEST(options, those_of_the_ruby_ancestor_are_taken) {
  const Words words{"--always",       "--tag",      "T",           "--host",   "h",
                    "--port",         "1",          "--email=a@x", "--log=/l", "--full",
                    "--store-stdout", "--password", "p",           "-e",       "x"};
  const Settings s = settings_of(words);
  EXPECT_EQ(s.mailto, (Words{"a@x"}));
  EXPECT_EQ(s.log, (Words{"/l"}));
  EXPECT_EQ(parse(words).warnings.size(), 1u);
  EXPECT_EQ(s.queues[0].password, "");
}

TEST(options, wrong_ones_of_a_comment_cost_no_good_one) {
  const auto parsed = [](const Words& words) {
    Invocation invocation;
    parse_watch_options(words, invocation);
    Settings settings;
    for (const auto& change : invocation.changes) change(settings);
    return std::tuple{settings.tag.value_or(""), settings.always, invocation.warnings};
  };
  const auto kept = [](const Words& warnings) {
    return std::tuple{std::string{"T"}, true, warnings};
  };
  EXPECT_EQ(parsed({"-t", "T", "--always"}), kept({}));
  EXPECT_EQ(parsed({"-t", "T", "--aways", "-a"}),
            kept({"in the comment: no such option: --aways; did you mean '--always'?"}));
  EXPECT_EQ(parsed({"--timeout", "5x", "-t", "T", "-a"}),
            kept({"in the comment: --timeout wants a duration, got \"5x\"; such as \"30s\", "
                  "\"5m\", \"36h\", \"2d\""}));
  EXPECT_EQ(parsed({"word", "-t", "T", "-a", "--timeout"}),
            kept({"in the comment: unexpected argument 'word'",
                  "in the comment: --timeout wants DURATION"}));
  EXPECT_EQ(parsed({"--help", "-t", "T", "-e", "reboot", "-a"}),
            kept({"in the comment: --help has no place here",
                  "in the comment: --execute has no place here"}));
}

TEST(options, wrong_ones_are_named) {
  EXPECT_EQ(refusal({"--tiemout=5m", "-e", "x"}),
            "no such option: --tiemout; did you mean '--timeout'?");
  EXPECT_EQ(refusal({"-z"}), "no such option: -z; 'sheepdog --help' lists them");
  EXPECT_EQ(refusal({"-az", "-e", "x"}), "no such option: -z; 'sheepdog --help' lists them");
  EXPECT_EQ(refusal({"--co=x", "-e", "x"}), "--co could be --config or --color");
  EXPECT_EQ(refusal({"--tag"}), "--tag wants TAG");
  EXPECT_EQ(refusal({"-e"}), "-e wants COMMAND");
  EXPECT_EQ(refusal({"--always=yes"}), "--always takes no value");
  EXPECT_EQ(refusal({"--timeout=abc", "-e", "x"}),
            "--timeout wants a duration, got \"abc\"; such as \"30s\", \"5m\", \"36h\", \"2d\"");
  EXPECT_EQ(refusal({"--port=70000", "-e", "x"}),
            "--port wants a number from 1 to 65535, got \"70000\"");
  EXPECT_EQ(refusal({"--ok-status=0,x", "-e", "x"}),
            "--ok-status wants a number from 0 to 255, got \"x\"");
  EXPECT_EQ(refusal({"--fail-pattern=a(", "-e", "x"}),
            "--fail-pattern: 'a(' is no regular expression: Unmatched ( or \\(");
  EXPECT_EQ(refusal({"-t", "a\nb", "-e", "x"}),
            "--tag wants 1 to 256 printable characters, got \"a\\x0a;b\"");
  EXPECT_EQ(refusal({"-m", "../x", "-e", "x"}), "--monitor wants a name, got \"../x\"");
  EXPECT_EQ(refusal({"-f", "xml", "status"}),
            "--format wants one of text, json, sexp, org, got \"xml\"");
}

TEST(options, a_command_line_that_means_nothing_is_refused) {
  EXPECT_EQ(refusal({}), "no command and no action; 'sheepdog --help' tells what there is");
  EXPECT_EQ(refusal({"run"}), "'run' wants PROGRAM [ARG...]");
  EXPECT_EQ(refusal({"-e", "x", "y"}),
            "unexpected argument 'y' beside -e; quote the whole command");
  EXPECT_EQ(refusal({"-e", "x", "run", "y"}),
            "unexpected argument 'run' beside -e; quote the whole command");
  EXPECT_EQ(refusal({"-t", "x", "status"}),
            "--tag is for -e and 'run'; options of an action stand behind it");
}

TEST(options, long_names_can_be_shortened) {
  EXPECT_EQ(settings_of({"--time=5m", "--alw", "-e", "x"}).timeout, Seconds{300});
}

}  // namespace
}  // namespace sheepdog
