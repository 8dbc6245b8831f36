// crontab_line-test.cc -- what sheepdog-sh makes of a line
// SPDX-License-Identifier: GPL-3.0-or-later
#include "crontab_line.hh"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sheepdog {
namespace {

using Words = std::vector<std::string>;

TEST(crontab_line, the_trailing_comment_holds_options) {
  EXPECT_EQ(read_crontab_line("borg create x # sheepdog: -t BORG-ETC -a ").options,
            "-t BORG-ETC -a");
  EXPECT_EQ(read_crontab_line("borg create x #sheepdog:-a").options, "-a");
  EXPECT_EQ(read_crontab_line("borg create x # another comment").options, "");
  EXPECT_EQ(read_crontab_line("echo '# sheepdog: -a'").options, "");
  EXPECT_EQ(read_crontab_line("echo a#b # sheepdog: -a").options, "-a");
}

TEST(crontab_line, the_tag_tells_the_program_and_tells_lines_apart) {
  const std::string tag = read_crontab_line("/usr/bin/borg create x").tag;
  EXPECT_EQ(tag.substr(0, 5), "borg-");
  EXPECT_EQ(tag.size(), 11u);
  EXPECT_EQ(tag.find_first_not_of("0123456789abcdef", 5), std::string::npos);
  EXPECT_EQ(read_crontab_line("/usr/bin/borg create x  # sheepdog: -a").tag, tag);
  EXPECT_NE(read_crontab_line("/usr/bin/borg create y").tag, tag);
}

TEST(crontab_line, our_own_programs_are_not_watched) {
  EXPECT_TRUE(read_crontab_line("sheepdog -t x -e true").own);
  EXPECT_TRUE(read_crontab_line("  /usr/bin/sheepdog-daemon --once").own);
  EXPECT_FALSE(read_crontab_line("sheepdogs").own);
  EXPECT_FALSE(read_crontab_line("echo sheepdog").own);
}

TEST(crontab_line, words_are_divided_as_by_a_shell) {
  EXPECT_EQ(split_words("-t 'a b' \"c \\\" d\" e\\ f ''"),
            (Words{"-t", "a b", "c \" d", "e f", ""}));
  EXPECT_EQ(split_words("  "), Words{});
}

}  // namespace
}  // namespace sheepdog
