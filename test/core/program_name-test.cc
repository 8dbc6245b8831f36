// program_name-test.cc -- what is watched has a name that fits into a tag.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "program_name.hh"

#include <gtest/gtest.h>

namespace sheepdog {
namespace {

TEST(program_name, the_name_of_a_line_is_that_of_its_program) {
  EXPECT_EQ(line_name("/usr/bin/borg create x"), "borg");
  EXPECT_EQ(line_name("  A=1 B='x' borg create"), "borg");
  EXPECT_EQ(line_name("(cd /x; make)"), "cd");
  EXPECT_EQ(line_name("borg;true"), "borg");
  EXPECT_EQ(line_name("\"/opt/x/run\" y"), "run");
  EXPECT_EQ(line_name(""), "sh");
  EXPECT_EQ(line_name("A=1"), "sh");
}

TEST(program_name, it_is_printable_and_short_enough_for_a_tag) {
  EXPECT_EQ(program_name("/opt/a\x1b\xe9"), "a\\x1b;\\xe9;");
  EXPECT_EQ(program_name("/opt/"), "");
  EXPECT_EQ(program_name(std::string(300, 'n')), std::string(200, 'n'));
  std::string shown;
  for (int i = 0; i < 40; ++i) shown += "\\xe9;";
  EXPECT_EQ(program_name(std::string(60, '\xe9')), shown);  // no escape is cut in two
  EXPECT_EQ(line_name(std::string(4000, 'n') + " x"), std::string(200, 'n'));
}

}  // namespace
}  // namespace sheepdog
