// pattern-test.cc -- what a job's output says
// SPDX-License-Identifier: GPL-3.0-or-later
#include "pattern.hh"

#include <gtest/gtest.h>

#include <string>

#include "error.hh"

namespace sheepdog {
namespace {

TEST(pattern, the_line_that_was_found_is_told) {
  Patterns patterns{{"[Ee]rror"}, {"size is 0$"}, {"^done"}};
  patterns.see(1, "one\nan error in two\nanother error\n");
  patterns.see(2, "total size is 0\ndone.\n");
  patterns.end();
  EXPECT_EQ(patterns.fail_found(), "an error in two");
  EXPECT_EQ(patterns.warn_found(), "total size is 0");
  EXPECT_FALSE(patterns.need_missing());
}

TEST(pattern, what_is_not_there_is_not_found) {
  Patterns patterns{{"error"}, {"warning"}, {"done", "finished"}};
  patterns.see(1, "all is done\n");
  patterns.end();
  EXPECT_FALSE(patterns.fail_found());
  EXPECT_FALSE(patterns.warn_found());
  EXPECT_EQ(patterns.need_missing(), "finished");
}

TEST(pattern, pieces_do_not_hide_a_line) {
  Patterns patterns{{"^a needle$"}, {}, {}};
  for (const char* piece : {"hay\na nee", "d", "le", "\nhay\n"}) patterns.see(1, piece);
  EXPECT_EQ(patterns.fail_found(), "a needle");
}

TEST(pattern, the_streams_are_not_mixed) {
  Patterns patterns{{"a needle"}, {}, {}};
  patterns.see(1, "a nee");
  patterns.see(2, "dle\n");
  patterns.end();
  EXPECT_FALSE(patterns.fail_found());
}

TEST(pattern, a_last_line_without_its_end_counts) {
  Patterns patterns{{"needle$"}, {}, {}};
  patterns.see(2, "hay\nneedle");
  EXPECT_FALSE(patterns.fail_found());
  patterns.end();
  EXPECT_EQ(patterns.fail_found(), "needle");
}

TEST(pattern, a_line_of_megabytes_is_looked_through) {
  Patterns patterns{{"needle"}, {}, {"thread"}};
  const std::string hay(60'000, '.');
  for (int i = 0; i < 50; ++i) patterns.see(1, hay);
  patterns.see(1, "nee");
  patterns.see(1, "dle" + hay);
  patterns.end();
  ASSERT_TRUE(patterns.fail_found());
  EXPECT_LE(patterns.fail_found()->size(), 4096u);
  EXPECT_NE(patterns.fail_found()->find("needle"), std::string::npos);
  EXPECT_EQ(patterns.need_missing(), "thread");
}

TEST(pattern, the_end_of_a_piece_hides_nothing) {
  for (std::size_t before = 64 * 1024 - 8; before < 64 * 1024 + 8; ++before) {
    Patterns patterns{{"needle"}, {}, {}};
    patterns.see(1, std::string(before, '.'));
    for (const char c : std::string{"needle..."}) patterns.see(1, {&c, 1});
    patterns.end();
    EXPECT_TRUE(patterns.fail_found()) << before;
  }
}

TEST(pattern, nul_and_bad_utf_8_hide_nothing) {
  Patterns patterns{{"a.b needle"}, {}, {}};
  patterns.see(1, std::string{"\0\xff\xfe x\0a\xff"
                              "b needle\n",
                              17});
  EXPECT_TRUE(patterns.fail_found());
}

TEST(pattern, an_expression_that_does_not_compile_is_named) {
  try {
    Patterns{{}, {"a("}, {}};
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string{e.what()}, "'a(' is no regular expression: Unmatched ( or \\(");
  }
}

}  // namespace
}  // namespace sheepdog
