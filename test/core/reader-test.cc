// reader-test.cc -- configurations become data with places; what is wrong is named where it stands.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "reader.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "support.hh"

namespace sheepdog {
namespace {

using std::string_literals::operator""s;

std::string times(std::size_t n, const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < n; ++i) result += text;
  return result;
}

/// Every datum as KIND and value, so that a symbol is told from a number.
std::string plain(const Datum& datum) {
  switch (datum.kind) {
    case Datum::Kind::symbol:
      return datum.text;
    case Datum::Kind::string:
      return '"' + datum.text + '"';
    case Datum::Kind::integer:
      return fmt::format("i{}", datum.integer);
    case Datum::Kind::real:
      return fmt::format("r{}", datum.real);
    case Datum::Kind::boolean:
      return datum.truth ? "#t" : "#f";
    case Datum::Kind::list:
      break;
  }
  std::string text = "(";
  for (const Datum& item : datum.items) {
    if (text.size() > 1) text += datum.dotted ? " . " : " ";
    text += plain(item);
  }
  return text + ")";
}

/// The data of `text`, then its problems as `LINE:COL TEXT` or `TEXT`, `[HINT]` behind.
std::string reading(const std::string& text) {
  const Reading got = read_data(text, "f");
  std::string result;
  for (const Datum& datum : got.data) result += plain(datum);
  for (const Problem& p : got.problems) {
    result += " | ";
    if (p.at.line) result += fmt::format("{}:{} ", p.at.line, p.at.column);
    result += p.text;
    if (!p.hint.empty()) result += " [" + p.hint + "]";
  }
  return result;
}

struct Case {
  std::string text, expected;
};

void expect_readings(const std::vector<Case>& table) {
  for (const Case& row : table)
    EXPECT_EQ(reading(row.text), row.expected) << row.text.substr(0, 80);
}

TEST(reader, a_configuration_becomes_data) {
  expect_readings({
      {"(config (host \"localhost\") (port 7777) (mailto \"\"))",
       "(config (host \"localhost\") (port i7777) (mailto \"\"))"},
      {";;; a client\n(config ;here\n (always yes)\t(warn 80.5)\r\n (x #t #f))",
       "(config (always yes) (warn r80.5) (x #t #f))"},
      {"(config (port . 7777) (redis (host . \"h\") (port . 1)))",
       "(config (port . i7777) (redis (host . \"h\") (port . i1)))"},
      {"(config (redis . ((host . \"h\"))) (a b . (c)) (d . ()))",
       "(config (redis (host . \"h\")) (a b c) (d))"},
      {"\xEF\xBB\xBF(config)", "(config)"},
      {"()(a)b\"c\"5", "()(a)b\"c\"i5"},
      {"(config(host\"a\")(port 5))", "(config (host \"a\") (port i5))"},
      {"(Config Grüße)", "(Config Grüße)"},
  });
}

TEST(reader, words_are_symbols_or_numbers_as_in_scheme) {
  expect_readings({
      {"5m + - ... 1+ -1+ .. .foo 1.2.3 --5 +- 12: e5 -e5 1e 1e+ inf +inf a#b a|b",
       "5m+-...1+-1+...foo1.2.3--5+-12:e5-e51e1e+inf+infa#ba|b"},
      {"(0 -0 +5 007 9223372036854775807 -9223372036854775808)",
       "(i0 i0 i5 i7 i9223372036854775807 i-9223372036854775808)"},
      {"(1. .5 -.5 +1.5 1.e3 1e3 1E-3 1e-400 -0.0)",
       "(r1 r0.5 r-0.5 r1.5 r1000 r1000 r0.001 r0 r-0)"},
      {"(config (port 9223372036854775808))", "(config) | 1:15 number out of range"},
      {"(config (port 1e400) (host \"a\"))", "(config (host \"a\")) | 1:15 number out of range"},
      {"(config -1e400 x)", "(config x) | 1:9 number out of range"},
      {"(1/2 +inf.0 -nan.0)",
       "() | 1:2 '1/2' is neither a whole number nor a decimal"
       " | 1:6 '+inf.0' is neither a whole number nor a decimal"
       " | 1:13 '-nan.0' is neither a whole number nor a decimal"},
      {"(" + times(32, "1") + ".)", "() | 1:2 number of 32 digits"},
      {"(" + times(200'000, "1") + ")", "() | 1:2 word of 200000 bytes"},
      {"(" + times(256, "a") + ")", "(" + times(256, "a") + ")"},
      {"(" + times(257, "a") + ")", "() | 1:2 word of 257 bytes"},
  });
}

TEST(reader, strings_take_the_usual_escapes) {
  expect_readings({
      {R"("a\n\t\r\a\b\f\v\"\\b")", "\"a\n\t\r\a\b\f\v\"\\b\""},
      {R"("\x41;\xe9;\x1F411;")", "\"Aé🐑\""},
      {"\"one\\\n   two\nthree\"", "\"onetwo\nthree\""},
      {"\"; ( #. ' no comment\"", "\"; ( #. ' no comment\""},
      {R"((config (redact "\d+") (tag "x")))",
       "(config (tag \"x\")) | 1:18 unknown escape '\\d' in a string [a backslash itself is "
       "written twice]"},
      {R"((a "\x41" "\x;" "\xd800;" "\x110000;" "\xfffffffffffff;"))",
       "(a) | 1:5 bad escape '\\x41' in a string | 1:12 bad escape '\\x' in a string"
       " | 1:18 bad escape '\\xd800;' in a string | 1:28 bad escape '\\x110000;' in a string"
       " | 1:40 bad escape '\\xffffffffff' in a string"},
      {R"((a "\x0;"))", "(a) | 1:5 NUL in a string"},
      {"(a \"\\\xC3\xA9\")",
       "(a) | 1:5 unknown escape '\\é' in a string"
       " [a backslash itself is written twice]"},
  });
}

// What can be wrong with a configuration's bytes and syntax.
TEST(reader, the_table_of_validation_prints_as_it_is_written) {
  const std::string wanted = " [expected (config ...)]";
  expect_readings({
      {"", " | is empty" + wanted},
      {" \n;only a comment", " | is empty" + wanted},
      {times(1 << 20, " ") + " ", " | is larger than 1 MiB" + wanted},
      {"(config\n\n\n (label \"caf\xE9\"))", " | not UTF-8 at byte 23 (line 4)" + wanted},
      {"\xFF\xFE(\0c\0"s, " | not UTF-8 at byte 1 (line 1)" + wanted},  // UTF-16
      {"(config)\n\0"s, " | not UTF-8 at byte 10 (line 2)" + wanted},
      {"(config (host \"a\")\n",
       "(config (host \"a\")) | 1:1 this list is never closed [the file ends at 2:1]"},
      {"(config (host \"a\")))\n)",
       "(config (host \"a\")) | 1:20 unexpected ')' | 2:1 unexpected ')'"},
      {"#.(system \"id\")", " | 1:1 '#.' is not allowed here"},
      {"`(,x)", " | 1:1 '`' is not allowed here | 1:3 ',' is not allowed here"},
      {"(config (port 1e400))", "(config) | 1:15 number out of range"},
      {times(64, "(") + times(64, ")"), times(64, "(") + times(64, ")")},
      {times(65, "(") + times(65, ")"), "() | 1:65 nested deeper than 64"},
      {times(70, "(a . "), "(a) | 1:321 nested deeper than 64"},  // its dots are not blamed
  });
}

TEST(reader, what_would_be_evaluated_or_abbreviated_is_refused) {
  expect_readings({
      {"(config (host #.(getenv \"H\")) (port 1))",
       "(config (port i1)) | 1:15 '#.' is not allowed here"},
      {"(config #.(x) (port 1))", "(config (port i1)) | 1:9 '#.' is not allowed here"},
      {"(config '(port 1) (host \"a\"))", "(config (host \"a\")) | 1:9 ''' is not allowed here"},
      {"(config (a 'b) (c ,@d))",
       "(config) | 1:12 ''' is not allowed here | 1:19 ',' is not allowed here"},
      {"(config [port 1])",
       "(config port i1) | 1:9 '[' is not allowed here [write it with ( and )]"},
      {"(config {a})]",
       "(config a) | 1:9 '{' is not allowed here [write it with ( and )]"
       " | 1:13 ']' is not allowed here"},
      {"(a #true #tx #false)",
       "(a) | 1:4 '#true' is not allowed here [write #t]"
       " | 1:10 '#tx' is not allowed here [write #t]"
       " | 1:14 '#false' is not allowed here [write #f]"},
      {"(a #:key #\\x #(1 2) #u8(1) #\"x\" #;(b) # #)",
       "(a) | 1:4 '#:' is not allowed here | 1:10 '#\\' is not allowed here"
       " | 1:14 '#(' is not allowed here | 1:21 '#u' is not allowed here"
       " | 1:28 '#\"' is not allowed here | 1:33 '#;' is not allowed here"
       " | 1:39 '#' is not allowed here | 1:41 '#' is not allowed here"},
      {"#| (a \" |# (b)", "(b) | 1:1 '#|' is not allowed here [a comment begins with ;]"},
      {"(a ')b", "(a)b | 1:4 ''' is not allowed here"},
      {"#2:100000:100000()", " | 1:1 '#2' is not allowed here"},
  });
}

TEST(reader, a_dot_stands_only_in_a_pair) {
  expect_readings({
      {"(config (. a) (a .) (a . b c) (a b . c) (a . b . c) (a . (b . c)))",
       "(config) | 1:10 '.' is not allowed here | 1:18 '.' is not allowed here"
       " | 1:24 '.' is not allowed here | 1:36 '.' is not allowed here"
       " | 1:48 '.' is not allowed here | 1:56 '.' is not allowed here"},
      {". a", "a | 1:1 '.' is not allowed here"},
  });
}

TEST(reader, what_was_pasted_and_cannot_be_seen_is_named) {
  expect_readings({
      {"(config (port\u00A07777))", "(config) | 1:14 U+00A0 is not allowed here"},
      {"(config (host \u201Ca\u201D))",
       "(config) | 1:15 '\u201C' is not allowed here [a string stands between \"]"
       " | 1:17 '\u201D' is not allowed here [a string stands between \"]"},
      {"(a\x1b\u202E)", "(a) | 1:3 U+001B is not allowed here | 1:4 U+202E is not allowed here"},
      {"(a \"\x1b\u202E\u00A0\") ;\u00A0\x01", "(a \"\x1b\u202E\u00A0\")"},
  });
}

TEST(reader, what_is_never_closed_is_named_where_it_opens) {
  expect_readings({
      {"(config (host \"a)\n (port 5))\n",
       "(config) | 1:15 this string is never closed [the file ends at 3:1]"},
      {"(config (watch disk (mount \"/\")\n",
       "(config (watch disk (mount \"/\"))) | 1:1 this list is never closed [the file ends at "
       "2:1]"},
      {"\"\\", " | 1:1 this string is never closed [the file ends at 1:3]"},
      {"\"\\x41", " | 1:1 this string is never closed [the file ends at 1:6]"},
      {"\"a\\n", " | 1:1 this string is never closed [the file ends at 1:5]"},
  });
}

TEST(reader, places_are_lines_and_characters) {
  const Reading got = read_data("; é\n(é🐑 \"a\nb\" (x))\r\n\ty", "f");
  ASSERT_EQ(got.data.size(), 2u);
  const auto at = [](const Datum& d) { return fmt::format("{}:{}", d.at.line, d.at.column); };
  EXPECT_EQ(at(got.data[0]), "2:1");
  EXPECT_EQ(at(got.data[0].items[0]), "2:2");
  EXPECT_EQ(at(got.data[0].items[1]), "2:5");
  EXPECT_EQ(at(got.data[0].items[2]), "3:4");
  EXPECT_EQ(at(got.data[0].items[2].items[0]), "3:5");
  EXPECT_EQ(at(got.data[1]), "4:2");
}

TEST(reader, a_hostile_text_is_cut_short) {
  EXPECT_EQ(read_data(times(500'000, ")"), "f").problems.size(), 51u);
  EXPECT_EQ(read_data(times(500'000, "()"), "f").problems.at(0).text, "more than 100000 data");
  EXPECT_EQ(read_data(times(1'000'000, "("), "f").problems.size(), 1u);
  EXPECT_EQ(read_data(times(1'000'000, "'"), "f").problems.back().text,
            "too many errors, the rest was not read");
}

TEST(reader, every_cut_and_every_flipped_byte_is_read_or_refused) {
  const std::string whole = "(config (host . \"a\\x41;\\n\") #t (b 1.5e3 -7 'x [y] #.(z)) ;c\n)";
  for (std::size_t i = 0; i <= whole.size(); ++i) {
    read_data(whole.substr(0, i), "f");
    for (int byte = 0; i < whole.size() && byte < 256; ++byte) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(byte);
      const Reading got = read_data(flipped, "f");
      EXPECT_TRUE(!got.data.empty() || !got.problems.empty());
    }
  }
}

TEST(reader, a_problem_is_printed_with_its_place_and_hint) {
  EXPECT_EQ(to_text(Problem{"herd.conf", {4, 17}, "unknown key 'prot'", "did you mean 'port'?"}),
            "herd.conf:4:17: error: unknown key 'prot'\nhint: did you mean 'port'?");
  EXPECT_EQ(to_text(Problem{"a\n\x1b", {0, 0}, "is empty", ""}), "a\\x0a;\\x1b;: error: is empty");
  EXPECT_EQ(to_text(Problem{"f", {1, 2}, "old", "", true}), "f:1:2: warning: old");
}

TEST(reader, a_file_that_cannot_be_read_says_why) {
  const TemporaryDirectory directory;
  const auto says = [&](const std::string& name) {
    const Reading got = read_data_file(directory / name);
    if (got.problems.empty()) return plain(got.data.at(0));
    EXPECT_EQ(got.problems[0].file, directory / name);
    EXPECT_EQ(got.problems[0].at.line, 0u);
    return got.problems[0].text;
  };
  write_file(directory / "good", "(config (x \"" + std::string(100'000, 'x') + "\"))");
  write_file(directory / "huge", std::string(5 << 20, ' '));
  write_file(directory / "empty", "");
  mkfifo((directory / "fifo").c_str(), 0600);
  EXPECT_EQ(says("good").size(), 100'015u);
  EXPECT_EQ(says("huge"), "is larger than 1 MiB");
  EXPECT_EQ(says("empty"), "is empty");
  EXPECT_EQ(says("missing"), "cannot be read: No such file or directory");
  EXPECT_EQ(says("."), "cannot be read: Is a directory");
  EXPECT_EQ(says("fifo"), "cannot be read: not a regular file");
  EXPECT_EQ(says("good/x"), "cannot be read: Not a directory");
}

TEST(datum, is_shown_as_it_would_be_written_and_short) {
  const auto shown = [](const std::string& text) {
    return to_text(read_data(text, "f").data.at(0));
  };
  EXPECT_EQ(shown("localhost"), "localhost");
  EXPECT_EQ(shown("007"), "007");
  EXPECT_EQ(shown("#f"), "#f");
  EXPECT_EQ(shown(R"("a@b\r\nBcc: \"c\\")"), R"("a@b\x0d;\x0a;Bcc: \"c\\")");
  EXPECT_EQ(shown("(watch disk (mount \"/\") (a . 5))"), "(watch disk (mount \"/\") (a . 5))");
  EXPECT_EQ(shown("\"" + times(50, "é") + "\""), "\"" + times(40, "é") + "...\"");
  EXPECT_EQ(shown("(" + times(100, "word ") + ")"),
            "(word word word word word word word word ...)");
  EXPECT_EQ(shown("()"), "()");
  EXPECT_LT(shown(times(64, "(a ") + times(64, ")")).size(), 200u);
}

}  // namespace
}  // namespace sheepdog
