// text-test.cc -- foreign bytes become text that is whole, visible and comparable.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "text.hh"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sheepdog {
namespace {

using std::string_literals::operator""s;

struct Repair {
  std::string bytes, text;
};

TEST(text, each_maximal_invalid_part_becomes_one_replacement) {
  const std::vector<Repair> table{
      {"", ""},
      {"caf\xC3\xA9", "caf\xC3\xA9"},
      {"caf\xE9", "caf\uFFFD"},  // Latin-1
      {"\xE2\x82", "\uFFFD"},    // cut off at the very end
      {"\xE2\x82x", "\uFFFDx"},  // cut off by another character
      {"\xF0\x9F\x90 \xF0\x9F\x90\x91", "\uFFFD \U0001F411"},
      {"\xC0\xAF", "\uFFFD\uFFFD"},                      // overlong '/'
      {"\xE0\x80\xAF", "\uFFFD\uFFFD\uFFFD"},            // overlong, of three
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},            // a surrogate
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // above U+10FFFF
      {"\xF8\x88\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\x80\xBF\xFF\xFE", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xF1\x80\x80\xE1\x80\xC2 b", "\uFFFD\uFFFD\uFFFD b"},  // Unicode 15, table 3-11
      {"12345678\xFF"
       "12345678",
       "12345678\uFFFD"
       "12345678"},
      {"a\0b"s, "a\0b"s},
  };
  for (const Repair& row : table) {
    const Repaired repaired = repair_utf8(row.bytes);
    EXPECT_EQ(repaired.text, row.text);
    EXPECT_EQ(repaired.lossy, row.bytes != row.text);
    EXPECT_EQ(invalid_utf8(row.bytes).has_value(), row.bytes != row.text);
    EXPECT_EQ(invalid_utf8(repaired.text), std::nullopt);
  }
}

TEST(text, the_first_invalid_byte_is_named) {
  EXPECT_EQ(invalid_utf8("12345678\xC3\xA9 caf\xE9 \xFF"), 14u);
  EXPECT_EQ(invalid_utf8("caf\xC3"), 3u);
}

TEST(text, every_scalar_value_survives_writing_and_reading) {
  for (char32_t code = 0; code <= 0x10FFFF; code += code < 0x300 ? 1 : 97) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    append_character(text, code);
    const Character c = first_character(text);
    EXPECT_TRUE(c.valid && c.code == code && c.length == text.size()) << std::hex << +code;
  }
}

TEST(text, nothing_that_steers_a_terminal_is_printed_as_it_is) {
  const std::vector<Repair> table{
      {"borg: Grüße 🐑 \\ \"x\"", "borg: Grüße 🐑 \\ \"x\""},
      {"\x1b]52;c;cm0gLXJm\a", "\\x1b;]52;c;cm0gLXJm\\x07;"},
      {"a\0b\x7F"s, "a\\x00;b\\x7f;"},
      {"one\r\ntwo\tthree", "one\\x0d;\\x0a;two\\x09;three"},
      {"\u009b31m", "\\x9b;31m"},  // CSI as C1
      {"\u202Egpj.exe\u2066\u200F\u061C", "\\x202e;gpj.exe\\x2066;\\x200f;\\x61c;"},
      {"\u2028\u2029", "\\x2028;\\x2029;"},
      {"caf\xE9 \xE2\x82", "caf\\xe9; \\xe2;\\x82;"},
      {"\u00A0\u2010\u2027\u202F\u206A", "\u00A0\u2010\u2027\u202F\u206A"},
  };
  for (const Repair& row : table) EXPECT_EQ(printable(row.bytes), row.text);
}

TEST(text, newlines_and_tabs_stay_where_lines_are_wanted) {
  EXPECT_EQ(printable("one\r\n\ttwo\x1b", true), "one\\x0d;\n\ttwo\\x1b;");
}

TEST(text, width_counts_columns_not_bytes) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("tux01/disk /"), 12u);
  EXPECT_EQ(display_width("Grüße"), 5u);
  EXPECT_EQ(display_width("e\u0301"), 1u);  // a combining accent
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("🐑"), 2u);
  EXPECT_EQ(display_width("caf\xE9"), 4u);
}

TEST(text, edit_distance_is_levenshteins_in_characters) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "port"), 4u);
  EXPECT_EQ(edit_distance("disk", "dsk"), 1u);
  EXPECT_EQ(edit_distance("prot", "port"), 2u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("Grüße", "Gruße"), 1u);
  EXPECT_EQ(edit_distance(std::string(100'000, 'a'), "b"), 100'000u);
}

}  // namespace
}  // namespace sheepdog
