// runs-test.cc -- what is remembered from run to run
// SPDX-License-Identifier: GPL-3.0-or-later
#include "runs.hh"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "error.hh"
#include "support.hh"

namespace sheepdog {
namespace {

TEST(runs, the_last_state_of_a_tag_is_remembered) {
  TemporaryDirectory directory;
  const Runs runs{directory / "runs"};
  EXPECT_FALSE(runs.last_state("a tag/of things"));
  runs.sent("a tag/of things", "fail");
  runs.sent("b", "ok");
  EXPECT_EQ(Runs{directory / "runs"}.last_state("a tag/of things"), "fail");
  EXPECT_EQ(runs.last_state("b"), "ok");
  runs.sent("b", "warn");
  EXPECT_EQ(runs.last_state("b"), "warn");
}

TEST(runs, refusals_in_a_row_are_counted) {
  TemporaryDirectory directory;
  const Runs runs{directory / "runs"};
  EXPECT_EQ(runs.refused("a"), 1);
  runs.sent("a", "warn");
  EXPECT_EQ(runs.refused("a"), 2);
  runs.admitted("a");
  EXPECT_EQ(runs.refused("a"), 1);
  EXPECT_EQ(runs.last_state("a"), "warn");
}

TEST(runs, nonsense_in_a_file_is_no_memory) {
  TemporaryDirectory directory;
  const Runs runs{directory.path()};
  for (const char* nonsense : {"", "{", "[]", "{\"state\": 7, \"refusals\": \"x\"}"}) {
    write_file(directory / "a.last", nonsense);
    EXPECT_FALSE(runs.last_state("a"));
  }
  EXPECT_EQ(runs.refused("a"), 1);
}

TEST(runs, a_name_for_files_is_one_component_and_its_own) {
  EXPECT_EQ(tag_file_name("BORG-ETC"), "BORG-ETC");
  EXPECT_EQ(tag_file_name("../../etc/passwd"), "%2e.%2f..%2fetc%2fpasswd");
  EXPECT_EQ(tag_file_name(".."), "%2e.");
  EXPECT_EQ(tag_file_name(""), "%");
  const std::string a(300, 'x'), b = std::string(299, 'x') + "y";
  EXPECT_LE(tag_file_name(a).size(), 200u);
  EXPECT_NE(tag_file_name(a), tag_file_name(b));
}

Beginning beginning(const std::string& tag) {
  return {tag, "borg create", "error", "r1", 1795335303123, getpid()};
}

TEST(runs, a_run_that_goes_on_is_not_lost) {
  TemporaryDirectory directory;
  const Runs runs{directory / "runs"};
  EXPECT_TRUE(runs.lost().empty());
  StartRecord record = runs.begin(beginning("a"));
  EXPECT_TRUE(runs.lost().empty());
  record.end();
  EXPECT_TRUE(runs.lost().empty());
  EXPECT_TRUE(std::filesystem::is_empty(directory / "runs"));
}

TEST(runs, a_run_whose_process_was_killed_is_lost_and_told_of_once) {
  TemporaryDirectory directory;
  const Runs runs{directory / "runs"};
  const pid_t child = fork();
  if (child == 0) {
    const StartRecord record = runs.begin(beginning("a"));
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  {
    auto lost = runs.lost();
    ASSERT_EQ(lost.size(), 1u);
    EXPECT_EQ(lost[0].beginning.tag, "a");
    EXPECT_EQ(lost[0].beginning.command, "borg create");
    EXPECT_EQ(lost[0].beginning.run, "r1");
    EXPECT_EQ(lost[0].beginning.started, 1795335303123);
    EXPECT_TRUE(runs.lost().empty());  // somebody is telling of it
  }
  auto again = runs.lost();  // but died before he did
  ASSERT_EQ(again.size(), 1u);
  again[0].record.end();
  EXPECT_TRUE(runs.lost().empty());
}

TEST(runs, a_record_without_sense_is_removed) {
  TemporaryDirectory directory;
  write_file(directory / "a.1.2.start", "{\"tag\":");
  EXPECT_TRUE(Runs{directory.path()}.lost().empty());
  EXPECT_FALSE(std::filesystem::exists(directory / "a.1.2.start"));
}

TEST(runs, a_good_configuration_is_known_until_it_changes) {
  TemporaryDirectory directory;
  const Runs runs{directory / "runs"};
  write_file(directory / "a.conf", "(config)");
  write_file(directory / "b.conf", "(config (always yes))");
  EXPECT_FALSE(runs.found_good({directory / "a.conf"}));
  runs.note_good({directory / "a.conf"});
  runs.note_good({directory / "b.conf", directory / "a.conf"});
  EXPECT_TRUE(runs.found_good({directory / "a.conf"}));
  EXPECT_TRUE(runs.found_good({directory / "b.conf", directory / "a.conf"}));
  EXPECT_FALSE(runs.found_good({directory / "b.conf"}));
  // Who may write it is part of what is good.
  std::filesystem::permissions(directory / "b.conf", std::filesystem::perms::all);
  EXPECT_FALSE(runs.found_good({directory / "b.conf", directory / "a.conf"}));
  write_file(directory / "a.conf", "(config (prot 1))");
  EXPECT_FALSE(runs.found_good({directory / "a.conf"}));
  EXPECT_FALSE(runs.found_good({directory / "missing"}));
}

TEST(runs, a_place_that_cannot_be_written_is_an_error) {
  TemporaryDirectory directory;
  write_file(directory / "file", "");
  EXPECT_THROW(Runs{directory / "file/runs"}.sent("a", "ok"), Error);
  EXPECT_THROW(static_cast<void>(Runs{directory / "file/runs"}.begin(beginning("a"))), Error);
  EXPECT_FALSE(Runs{directory / "file/runs"}.last_state("a"));
}

}  // namespace
}  // namespace sheepdog
