// fit-test.cc -- a message made small enough.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "fit.hh"

#include <gtest/gtest.h>

#include "error.hh"

namespace sheepdog {
namespace {

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

TEST(fit, a_small_message_stays_as_it_is) {
  EXPECT_EQ(fit_message(Json{{"tag", "x"}}, 100), R"({"tag":"x"})");
}

TEST(fit, the_middle_of_a_text_is_left_out_at_line_ends) {
  EXPECT_EQ(cut_middle(lines(20), 60),
            "line 0\n[... 95 bytes left out ...]\nline 14\nline 15\nline 16\nline 17\nline 18\n"
            "line 19\n");
}

TEST(fit, a_text_without_line_ends_is_cut_between_characters) {
  EXPECT_EQ(cut_middle("aäöüÄÖÜßx", 8), "a\n[... 8 bytes left out ...]\nÖÜßx");
}

TEST(fit, a_text_that_was_cut_is_cut_at_the_same_place_and_counted_together) {
  EXPECT_EQ(cut_middle("one\ntwo\n[... 1000 bytes left out ...]\nthree\nfour\nfive\n", 24),
            "one\n[... 1004 bytes left out ...]\nthree\nfour\nfive\n");
  EXPECT_EQ(cut_middle("one\ntwo\n[... 1000 bytes left out ...]\nthree\nfour\nfive\n", 14),
            "on\n[... 1012 bytes left out ...]\nfour\nfive\n");
}

TEST(fit, a_text_that_fits_is_not_touched) { EXPECT_EQ(cut_middle("one\ntwo\n", 8), "one\ntwo\n"); }

TEST(fit, stdout_goes_before_stderr) {
  Json message{{"tag", "x"},
               {"outcome", {{"status", 2}, {"stdout", lines(1000)}, {"stderr", lines(10)}}}};
  const auto text = fit_message(message, 2000);
  EXPECT_LE(text.size(), 2000U);
  const auto fitted = read_json(text);
  EXPECT_EQ(fitted["outcome"]["stderr"], lines(10));
  EXPECT_EQ(fitted["outcome"]["status"], 2);
  EXPECT_EQ(fitted["outcome"]["cut"], true);
  const auto output = fitted["outcome"]["stdout"].get<std::string>();
  EXPECT_TRUE(output.starts_with("line 0\n"));
  EXPECT_TRUE(output.ends_with("line 999\n"));
  EXPECT_GT(output.size(), 1000U);
}

TEST(fit, stderr_is_cut_when_stdout_does_not_suffice) {
  Json message{{"outcome", {{"stdout", lines(1000)}, {"stderr", lines(1000)}}}};
  const auto fitted = read_json(fit_message(message, 2000));
  EXPECT_TRUE(fitted["outcome"]["stdout"].get<std::string>().starts_with("[... "));
  EXPECT_TRUE(fitted["outcome"]["stderr"].get<std::string>().ends_with("line 999\n"));
}

TEST(fit, characters_that_are_written_long_are_counted_as_written) {
  Json message{{"outcome", {{"stdout", std::string(3000, '\x01') + std::string(3000, 'x')}}}};
  EXPECT_LE(fit_message(message, 2000).size(), 2000U);
}

TEST(fit, what_is_large_without_its_output_is_refused) {
  Json message{{"summary", std::string(3000, 'x')}, {"outcome", {{"stdout", lines(100)}}}};
  try {
    fit_message(message, 2000);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Error::Code::bad_message);
    EXPECT_TRUE(std::string{e.what()}.starts_with("the message is 3"));
  }
}

}  // namespace
}  // namespace sheepdog
