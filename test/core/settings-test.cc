// settings-test.cc -- what the mechanism takes from a configuration.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "settings.hh"

#include <gtest/gtest.h>

#include "error.hh"
#include "redact.hh"
#include "support.hh"

namespace sheepdog {
namespace {

using Texts = std::vector<std::string>;

/// A configuration in a file of its own, and the places of a user.
struct settings : testing::Test {
  settings() {
    paths.state = directory / "state";
    paths.spool = directory / "state/spool";
  }

  std::string write(const std::string& name, const std::string& text) const {
    const auto file = directory / name;
    write_file(file, text);
    std::filesystem::permissions(file, std::filesystem::perms{0600});
    return file;
  }

  Settings read(const std::string& text) const {
    return read_settings(write("sheepdog.conf", text), paths);
  }

  /// Its problems, each "LINE:COL: TEXT" and, if there is one, "; HINT".
  static Texts problems(const Settings& s) {
    Texts texts;
    for (const auto& problem : s.problems)
      texts.push_back(std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column) +
                      ": " + problem.text + (problem.hint.empty() ? "" : "; " + problem.hint));
    return texts;
  }

  TemporaryDirectory directory;
  Paths paths;
};

TEST_F(settings, the_seeds_configuration_names_a_redis) {
  const auto s = read(R"((config (host "localhost") (port 7777) (mailto "")))");
  ASSERT_EQ(s.queues.size(), 1U);
  EXPECT_EQ(s.queues[0].transport, QueueAddress::Transport::redis);
  EXPECT_EQ(s.queues[0].place(), "localhost:7777");
  EXPECT_TRUE(s.queue_named);
  EXPECT_FALSE(s.standalone());
  EXPECT_TRUE(s.mailto.empty());
  EXPECT_EQ(problems(s), Texts{});
  EXPECT_EQ(s.spool, paths.spool);
}

TEST_F(settings, without_a_configuration_a_machine_is_by_itself) {
  const auto s = read_settings(std::nullopt, paths);
  EXPECT_TRUE(s.standalone());
  EXPECT_EQ(s.queues.at(0).place(), paths.state);
  EXPECT_EQ(s.name, short_host_name());
  EXPECT_EQ(s.monitor, "error");
  EXPECT_FALSE(s.lock);
  EXPECT_EQ(s.redact, default_redactions());
}

TEST_F(settings, a_configuration_that_names_no_queue_is_standalone) {
  EXPECT_TRUE(read(R"((config (mailto "a@x") (watch disk (mount "/"))))").standalone());
  EXPECT_TRUE(read(R"((config (queue "local:")))").standalone());
}

TEST_F(settings, redis_may_be_written_as_lists_and_pairs) {
  for (const char* text : {R"((config (redis (host "h") (port 1234) (password "p"))))",
                           R"((config (redis (host . "h") (port . 1234) (password . "p"))))",
                           R"((config (redis . ((host . "h") (port . 1234) (password . "p")))))"}) {
    const auto s = read(text);
    EXPECT_EQ(s.queues.at(0).place(), "h:1234") << text;
    EXPECT_EQ(s.queues[0].password, "p") << text;
    EXPECT_EQ(problems(s), Texts{}) << text;
  }
}

TEST_F(settings, a_port_alone_is_one_of_this_machine) {
  EXPECT_EQ(read("(config (port . 7777))").queues.at(0).place(), "localhost:7777");
  EXPECT_EQ(read(R"((config (host "h")))").queues.at(0).place(), "h:6379");
}

TEST_F(settings, queues_are_urls_with_options) {
  const auto s = read(R"((config (queue "redis://tux01:7000/3" (channel kennel) (timeout "500ms"))
                                 (queue "unix:/run/redis.sock" (user "web1") (timeout "0.5s"))
                                 (queue "redis://[::1]") (queue "local:/var/lib/sheepdog")))");
  ASSERT_EQ(s.queues.size(), 4U);
  EXPECT_EQ(s.queues[0].place(), "tux01:7000/3");
  EXPECT_EQ(s.queues[0].channel, "kennel");
  EXPECT_EQ(s.queues[0].timeout, Seconds{2});
  EXPECT_EQ(s.queues[1].socket, "/run/redis.sock");
  EXPECT_EQ(s.queues[1].user, "web1");
  EXPECT_EQ(s.queues[1].timeout, Seconds{0.5});
  EXPECT_EQ(s.queues[2].host, "::1");
  EXPECT_EQ(s.queues[3].directory, "/var/lib/sheepdog");
  EXPECT_EQ(problems(s), Texts{"1:65: 'timeout' wants a duration, got \"500ms\"; such as \"30s\", "
                               "\"5m\", \"36h\", \"2d\""});
}

TEST_F(settings, a_shared_local_queue_has_its_database_beside_it) {
  const auto s = read(R"((config (queue "local:/srv/dog")))");
  EXPECT_EQ(s.database, "/srv/dog/sheepdog.db");
  EXPECT_EQ(s.state, paths.state);
  EXPECT_EQ(read(R"((config (queue "local:")))").database, std::nullopt);
}

TEST_F(settings, passwords_come_from_files_and_programs_when_they_are_needed) {
  const auto file = write("secret", "from the file\nrest\n");
  auto s = read("(config (queue \"redis://h\" (password-file \"" + file + "\")))");
  ASSERT_TRUE(s.queues.at(0).secret);
  EXPECT_EQ(s.queues[0].secret(), "from the file");
  s = read(R"((config (queue "redis://h" (password-command "echo" "from the program"))))");
  EXPECT_EQ(s.queues.at(0).secret(), "from the program");
  s = read(R"((config (queue "redis://h" (password-file "/nonexistent/secret"))))");
  try {
    s.queues.at(0).secret();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.what(),
              std::string{"no password from /nonexistent/secret: No such file or directory"});
  }
  s = read(R"((config (queue "redis://h" (password-command "sh" "-c" "echo no >&2; exit 3"))))");
  try {
    s.queues.at(0).secret();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.what(), std::string{"no password from sh: exit status 3: no"});
  }
}

TEST_F(settings, a_password_that_others_can_read_is_a_problem) {
  const auto file = write("sheepdog.conf", R"((config (redis (host "h") (password "p"))))");
  std::filesystem::permissions(file, std::filesystem::perms{0644});
  const auto s = read_settings(file, paths);
  EXPECT_EQ(problems(s), Texts{"1:27: a password in a file that others can read (mode 644); "
                               "chmod 600 " +
                               file + ", or (password-file \"...\")"});
  EXPECT_EQ(s.queues.at(0).host, "h");
}

TEST_F(settings, how_a_job_is_run_is_read) {
  const auto s = read(R"((config (monitor monitor-error) (always yes) (quiet #t) (start yes)
    (lock "5m") (timeout "12h") (ok-status 0 24) (warn-status 1) (fail-pattern "ERROR" "FATAL")
    (warn-pattern "total size is 0") (need-pattern "done") (not-quicker "1.5s")))");
  EXPECT_EQ(s.monitor, "error");
  EXPECT_TRUE(s.always && s.quiet && s.start);
  EXPECT_EQ(s.lock, Seconds{300});
  EXPECT_EQ(s.timeout, Seconds{43200});
  EXPECT_EQ(s.ok_status, (std::vector<int>{0, 24}));
  EXPECT_EQ(s.warn_status, std::vector<int>{1});
  EXPECT_EQ(s.fail_pattern, (Texts{"ERROR", "FATAL"}));
  EXPECT_EQ(s.warn_pattern, Texts{"total size is 0"});
  EXPECT_EQ(s.need_pattern, Texts{"done"});
  EXPECT_EQ(s.not_quicker, Seconds{1.5});
  EXPECT_EQ(problems(s), Texts{});
  EXPECT_EQ(read("(config (lock yes))").lock, Seconds{0});
  EXPECT_FALSE(read("(config (lock no))").lock);
}

TEST_F(settings, where_things_lie_is_read) {
  const auto s = read(R"((config (name "penguin2") (mailto "a@x" "b@x") (log syslog (level debug))
    (spool "out" (max-size "1MB") (max-messages 5) (resend "1m")) (database "/srv/dog.db")
    (capture (head "1KiB") (tail "2KiB")) (redact "secret-[0-9]+") (inbox "sheepdog_run")
    (queue "redis://h")))");
  EXPECT_EQ(s.name, "penguin2");
  EXPECT_EQ(s.mailto, (Texts{"a@x", "b@x"}));
  EXPECT_EQ(s.log, (Texts{"syslog", "debug"}));
  EXPECT_EQ(s.spool, directory / "out");
  EXPECT_EQ(s.spool_limits.bytes, 1'000'000);
  EXPECT_EQ(s.spool_limits.messages, 5);
  EXPECT_EQ(s.spool_limits.resend, Seconds{60});
  EXPECT_EQ(s.database, "/srv/dog.db");
  EXPECT_EQ(s.head, 1024U);
  EXPECT_EQ(s.tail, 2048U);
  EXPECT_EQ(s.redact.back(), "secret-[0-9]+");
  EXPECT_EQ(s.redact.size(), default_redactions().size() + 1);
  EXPECT_EQ(s.queues.at(0).inboxes, Texts{"sheepdog_run"});
  EXPECT_EQ(problems(s), Texts{});
  EXPECT_EQ(read(R"((config (redact "x") (redact none)))").redact, Texts{"x"});
}

TEST_F(settings, a_wrong_value_is_told_and_the_default_stays) {
  const auto s = read(R"((config (port "7777") (host localhost) (always 5) (ok-status 0 "x" 300)
(timeout 5) (port 77 78) (host "a b") (lock "5 min") (queue "http://x")))");
  EXPECT_EQ(
      problems(s),
      (Texts{"1:15: 'port' wants a number from 1 to 65535, got \"7777\"; write it without quotes: "
             "(port 7777)",
             "1:29: 'host' wants a string, got localhost; write it in quotes: (host \"localhost\")",
             "1:48: 'always' wants yes or no, got 5",
             "1:64: 'ok-status' wants a status from 0 to 255, got \"x\"",
             "1:68: 'ok-status' wants a status from 0 to 255, got 300",
             "2:10: 'timeout' wants a duration, got 5; such as \"30s\", \"5m\", \"36h\", \"2d\"",
             "2:22: 'port' wants one value, got 2",
             "2:32: 'host' wants a host name or address, got \"a b\"",
             "2:45: 'lock' wants a duration, got \"5 min\"; such as \"30s\", \"5m\", \"36h\", "
             "\"2d\"",
             "2:61: 'queue' wants the address of a queue, got \"http://x\"; such as "
             "\"redis://localhost:7777\", \"unix:/run/redis/redis.sock\", \"local:\""}));
  EXPECT_FALSE(s.always);
  EXPECT_EQ(s.ok_status, std::vector<int>{0});
}

TEST_F(settings, only_a_slash_makes_the_log_a_file) {
  const auto log = [&](const char* entry) {
    const auto s = read(entry);
    return std::pair{s.log, problems(s)};
  };
  const auto refused = [](const char* got) {
    return std::pair{Texts{}, Texts{std::string{"1:14: 'log' wants syslog, stderr or a FILE with a "
                                                "slash, got "} +
                                    got + "; such as \"./sheepdog.log\""}};
  };
  EXPECT_EQ(log("(config (log \"sderr\"))"), refused("\"sderr\""));
  EXPECT_EQ(log("(config (log sderr))"), refused("sderr"));
  EXPECT_EQ(log("(config (log \"/var/log/\"))"), refused("\"/var/log/\""));
  EXPECT_EQ(log("(config (log \"stderr\"))").first, Texts{"stderr"});
  EXPECT_EQ(log("(config (log \"./dog\"))").first, Texts{directory / "./dog"});
}

TEST_F(settings, an_error_never_makes_a_machine_standalone) {
  for (const char* text : {"", "(config (mailto \"x\")", "(config (hots \"tux02\"))",
                           "(config (prot 7777))", "(config (port \"7777\"))",
                           "(config (queue \"amqp://x\"))", "\xff", "(config (que \"x\"))"}) {
    const auto s = read(text);
    EXPECT_TRUE(s.must_wait()) << text;
    EXPECT_FALSE(s.standalone()) << text;
    EXPECT_EQ(s.spool, paths.spool) << text;
  }
  EXPECT_TRUE(read_settings(directory / "missing", paths).must_wait());
}

TEST_F(settings, a_queue_that_was_understood_is_used_whatever_else_is_wrong) {
  const auto s = read(R"((config (host "h") (spool "out") (always maybe) )");
  EXPECT_FALSE(s.must_wait());
  EXPECT_FALSE(s.standalone());
  EXPECT_EQ(s.queues.at(0).host, "h");
  EXPECT_EQ(s.spool, directory / "out");
}

TEST_F(settings, included_files_are_found_beside_the_one_that_names_them) {
  std::filesystem::create_directory(directory / "more");
  write("more/queue.conf", R"((config (host "h") (include "names.conf")))");
  write("more/names.conf", R"((config (name "n")))");
  const auto s = read(R"((config (include "more/queue.conf") (quiet yes)))");
  EXPECT_EQ(s.queues.at(0).host, "h");
  EXPECT_EQ(s.name, "n");
  EXPECT_TRUE(s.quiet);
  EXPECT_EQ(s.files, (Texts{directory / "sheepdog.conf", directory / "more/queue.conf",
                            directory / "more/names.conf"}));
  EXPECT_EQ(problems(s), Texts{});
}

TEST_F(settings, a_circle_of_files_ends) {
  const auto b = write("b.conf", R"((config (include "sheepdog.conf")))");
  const auto s = read(R"((config (include "b.conf")))");
  const auto a = directory / "sheepdog.conf";
  EXPECT_EQ(problems(s), Texts{"1:18: includes itself: " + a + " -> " + b + " -> " + a});
}

TEST_F(settings, files_are_included_four_deep) {
  for (int i = 1; i <= 6; ++i)
    write(std::to_string(i), "(config (include \"" + std::to_string(i + 1) + "\"))");
  const auto s = read(R"((config (include "1")))");
  EXPECT_EQ(s.files.size(), 5U);
  EXPECT_EQ(problems(s), Texts{"1:18: included more than 4 deep"});
}

TEST_F(settings, a_newer_version_is_an_error) {
  EXPECT_EQ(problems(read("(config (version 0))")), Texts{});
  EXPECT_EQ(problems(read("(config (version 7))")),
            Texts{"1:18: version 7 needs a newer sheepdog, this one reads 0"});
}

TEST(settings_names, a_leading_monitor_is_dropped) {
  EXPECT_EQ(monitor_name("monitor-error"), "error");
  EXPECT_EQ(monitor_name("error"), "error");
  EXPECT_EQ(monitor_name("monitor-"), "monitor-");
}

}  // namespace
}  // namespace sheepdog
