// capture-test.cc -- head and tail of a stream
// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture.hh"

#include <gtest/gtest.h>

#include <string>

namespace sheepdog {
namespace {

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(capture, what_fits_is_kept_whole) {
  HeadTail kept{3, 4};
  kept.put("012");
  kept.put("3456");
  EXPECT_EQ(kept.text(), "0123456");
  EXPECT_FALSE(kept.cut());
  EXPECT_EQ(kept.total(), 7u);
}

TEST(capture, the_middle_is_left_out_and_counted) {
  HeadTail kept{3, 4};
  kept.put("0123456789");
  EXPECT_EQ(kept.text(), "012\n[... 3 bytes left out ...]\n6789");
  EXPECT_TRUE(kept.cut());
  EXPECT_EQ(kept.total(), 10u);
}

TEST(capture, a_long_stream_keeps_its_two_ends_whatever_the_pieces) {
  for (const std::size_t piece : {1u, 7u, 4096u, 100'000u}) {
    HeadTail kept{16, 32};
    const std::string all =
        "the beginning..." + std::string(300'000, 'x') + "and this is the end of a stream.";
    for (std::size_t at = 0; at < all.size(); at += piece) kept.put(all.substr(at, piece));
    EXPECT_EQ(kept.text(),
              "the beginning...\n[... 300000 bytes left out ...]\nand this is the end of a stream.")
        << piece;
  }
}

TEST(capture, the_cuts_are_at_line_ends) {
  HeadTail kept{20, 20};
  for (int i = 0; i < 100; ++i) kept.put("line " + std::to_string(100 + i) + "\n");  // 9 bytes each
  EXPECT_EQ(kept.text(), "line 100\nline 101\n[... 864 bytes left out ...]\nline 198\nline 199\n");
}

TEST(capture, no_character_is_cut_in_two) {
  HeadTail kept{5, 5};
  kept.put(repeat("é", 50));
  EXPECT_EQ(kept.text(), "éé\n[... 92 bytes left out ...]\néé");
}

std::vector<Span> find_abc(std::string_view text) {
  std::vector<Span> found;
  for (auto at = text.find("abc"); at != text.npos; at = text.find("abc", at + 3))
    found.push_back({at, at + 3});
  return found;
}

TEST(capture, a_secret_under_the_cut_shows_no_part_of_itself) {
  HeadTail kept{4, 4};
  kept.put("01abc567890123" + std::string(100'000, '.') + "3456abc90");
  EXPECT_EQ(kept.text(find_abc), "01***\n[... 100015 bytes left out ...]\n***90");
  HeadTail whole{4, 4};
  whole.put("01abc345abc9");
  EXPECT_EQ(whole.text(find_abc), "01***\n[... 4 bytes left out ...]\n***9");
}

TEST(capture, a_secret_in_what_is_kept_is_masked) {
  HeadTail kept{100, 100};
  kept.put("say abc, say abcabc");
  EXPECT_EQ(kept.text(find_abc), "say ***, say ******");
}

TEST(capture, an_empty_head_or_tail_is_possible) {
  HeadTail kept{0, 4};
  kept.put("0123456789");
  EXPECT_EQ(kept.text(), "[... 6 bytes left out ...]\n6789");
  HeadTail head{4, 0};
  head.put("0123456789");
  EXPECT_EQ(head.text(), "0123\n[... 6 bytes left out ...]\n");
}

}  // namespace
}  // namespace sheepdog
