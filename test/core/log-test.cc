// log-test.cc -- a line says who, how bad and what, and nothing else gets into the log.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "log.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>

#include "error.hh"
#include "support.hh"

namespace sheepdog {
namespace {

/// What `work` writes to stderr, which leads to a file meanwhile; `journal`: $JOURNAL_STREAM names
/// it.
template <typename Work>
std::string standard_error(Work work, bool journal = false) {
  const TemporaryDirectory directory;
  const std::string file = directory / "stderr";
  const int before = dup(STDERR_FILENO);
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(fd, STDERR_FILENO);
  close(fd);
  struct stat status {};
  fstat(STDERR_FILENO, &status);
  if (journal)
    setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
  work();
  unsetenv("JOURNAL_STREAM");
  dup2(before, STDERR_FILENO);
  close(before);
  open_log("core-test", {});
  return read_file(file);
}

void log_each_level() {
  log(Level::error, "one");
  log(Level::warning, "two");
  log(Level::notice, "three");
  log(Level::info, "four");
  log(Level::debug, "five");
}

TEST(log, a_line_names_program_and_level) {
  EXPECT_EQ(standard_error([] {
              open_log("sheepdog-daemon", {});
              log_each_level();
            }),
            "sheepdog-daemon: error: one\nsheepdog-daemon: warning: two\nsheepdog-daemon: three\n");
}

TEST(log, the_level_says_what_is_left_out) {
  EXPECT_EQ(standard_error([] {
              open_log("x", {"stderr", Level::debug});
              log_each_level();
            }),
            "x: error: one\nx: warning: two\nx: three\nx: info: four\nx: debug: five\n");
  EXPECT_EQ(standard_error([] {
              open_log("x", {"stderr", Level::error});
              log_each_level();
            }),
            "x: error: one\n");
}

TEST(log, the_journal_is_told_the_priority) {
  EXPECT_EQ(
      standard_error(
          [] {
            open_log("x", {"stderr", Level::debug});
            log_each_level();
          },
          true),
      "<3>x: error: one\n<4>x: warning: two\n<5>x: three\n<6>x: info: four\n<7>x: debug: five\n");
  EXPECT_EQ(standard_error([] {
              setenv("JOURNAL_STREAM", "1:2", 1);  // of a stderr that was redirected since
              open_log("x", {});
              log(Level::notice, "three");
            }),
            "x: three\n");
}

TEST(log, a_text_stays_on_its_line_and_steers_nothing) {
  EXPECT_EQ(standard_error([] {
              open_log("x", {});
              log(Level::notice, "a\nx: error: forged\x1b[2J %s%n {}");
              complain("b\nc", "d\r\u202E", "warning");
              complain("cannot reach the queue");
            }),
            "x: a\\x0a;x: error: forged\\x1b;[2J %s%n {}\n"
            "x: warning: b\\x0a;c\nhint: d\\x0d;\\x202e;\n"
            "x: error: cannot reach the queue\n");
}

TEST(log, a_file_is_appended_to_with_the_time_and_opened_anew_after_rotation) {
  const TemporaryDirectory directory;
  const std::string file = directory / "log";
  write_file(file, "before\n");
  open_log("x", {file});
  log(Level::error, "one");
  std::filesystem::rename(file, file + ".1");
  log(Level::notice, "two");
  open_log("x", {file});
  log(Level::notice, "three");
  open_log("core-test", {});
  const std::string stamp = R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d )";
  EXPECT_TRUE(
      std::regex_match(read_file(file + ".1"),
                       std::regex{"before\n" + stamp + "x: error: one\n" + stamp + "x: two\n"}))
      << read_file(file + ".1");
  EXPECT_TRUE(std::regex_match(read_file(file), std::regex{stamp + "x: three\n"}));
}

TEST(log, a_file_that_cannot_be_opened_changes_nothing) {
  const TemporaryDirectory directory;
  mkfifo((directory / "fifo").c_str(), 0600);
  const auto says = [&](const std::string& name) -> std::string {
    try {
      open_log("other", {directory / name});
      return "";
    } catch (const Error& e) {
      return std::string{e.what()}.substr(directory.path().size());
    }
  };
  EXPECT_EQ(standard_error([&] {
              open_log("x", {});
              EXPECT_NE(says("none/log").find("/none/log': No such file or directory"),
                        std::string::npos);
              EXPECT_NE(says("fifo").find("/fifo': No such device or address"), std::string::npos);
              log(Level::notice, "still here");
            }),
            "x: still here\n");
}

TEST(log, a_full_disk_stops_nobody) {
  EXPECT_EQ(standard_error([] {
              open_log("x", {"/dev/full"});
              log(Level::error, "to syslog, if there is one");
            }),
            "");
}

TEST(log, the_program_is_named_once) {
  open_log("sheepdog-handler", {});
  EXPECT_EQ(program_name(), "sheepdog-handler");
  open_log("core-test", {});
}

TEST(log, levels_are_known_by_name) {
  Level level = Level::notice;
  EXPECT_TRUE(parse_level("debug", level));
  EXPECT_EQ(level, Level::debug);
  EXPECT_FALSE(parse_level("loud", level));
  EXPECT_FALSE(parse_level("", level));
  EXPECT_EQ(level, Level::debug);
}

}  // namespace
}  // namespace sheepdog
