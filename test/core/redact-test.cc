// redact-test.cc -- secrets do not leave
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redact.hh"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace sheepdog {
namespace {

std::string redacted(const std::string& text) {
  static const Redactor redactor{default_redactions()};
  return redactor.redact(text);
}

using Words = std::vector<std::string>;

TEST(redact, passwords_in_options_are_masked) {
  EXPECT_EQ(redacted("x --password=abc -v"), "x --password=*** -v");
  EXPECT_EQ(redacted("x --Password=\"a b\" -v"), "x --Password=*** -v");
  EXPECT_EQ(redacted("x --db-password 'a b' -v"), "x --db-password *** -v");
  EXPECT_EQ(redacted("x -passwd abc"), "x -passwd ***");
  EXPECT_EQ(redacted("x --api-key=abc --token abc"), "x --api-key=*** --token ***");
  EXPECT_EQ(redacted("curl -u me:abc http://h/"), "curl -u me:*** http://h/");
  EXPECT_EQ(redacted("curl --user=me:abc http://h/"), "curl --user=me:*** http://h/");
  EXPECT_EQ(redacted("mysql -u root -pabc db"), "mysql -u root -p*** db");
  EXPECT_EQ(redacted("sshpass -p abc ssh h"), "sshpass -p *** ssh h");
  EXPECT_EQ(redacted("-H 'Authorization: Bearer abc.def'"), "-H 'Authorization: Bearer ***'");
}

TEST(redact, passwords_in_assignments_and_documents_are_masked) {
  EXPECT_EQ(redacted("BORG_PASSPHRASE='a b' borg create"), "BORG_PASSPHRASE=*** borg create");
  EXPECT_EQ(redacted("MYSQL_PWD=abc;PGPASSWORD=def"), "MYSQL_PWD=***;PGPASSWORD=***");
  EXPECT_EQ(redacted("GET /x?token=abc&y=1"), "GET /x?token=***&y=1");
  EXPECT_EQ(redacted("{\"password\": \"abc\", \"x\": 1}"), "{\"password\": \"***\", \"x\": 1}");
}

TEST(redact, passwords_in_urls_are_masked) {
  EXPECT_EQ(redacted("redis://:abc@host:6379/0"), "redis://:***@host:6379/0");
  EXPECT_EQ(redacted("ssh://me:a/b@c@host/dir"), "ssh://me:***@host/dir");
  EXPECT_EQ(redacted("http://me:abc@h http://you:def@h"), "http://me:***@h http://you:***@h");
}

TEST(redact, what_is_no_secret_stays) {
  for (const std::string text :
       {"borg create --stats /export/backup/borg::stamp /export/ipfs", "http://host:8080/path",
        "tests passed: 12", "cat --password-file=/etc/x", "tokens: 12", "mysql -P3306 db",
        "mkdir -p /x", "a@b:c", "--password --verbose", "key: value", ""})
    EXPECT_EQ(redacted(text), text);
}

TEST(redact, a_secret_that_is_a_word_of_its_own_is_masked_whole) {
  const Redactor redactor{default_redactions()};
  EXPECT_EQ(redactor.redact(Words{"x", "--password", "a b c", "-v"}),
            (Words{"x", "--password", "***", "-v"}));
  EXPECT_EQ(redactor.redact(Words{"x", "--password=abc", "y"}),
            (Words{"x", "--password=***", "y"}));
  EXPECT_EQ(redactor.redact(Words{"curl", "-u", "me:abc"}), (Words{"curl", "-u", "me:***"}));
}

TEST(redact, own_expressions_mask_all_that_they_match) {
  const Redactor redactor{{"[0-9]{4}-[0-9]{4}", "gr[uü]n"}};
  EXPECT_EQ(redactor.redact("1234-5678, grün 9999-00001"), "***, *** ***1");
  EXPECT_EQ(redactor.redact("nothing here"), "nothing here");
}

TEST(redact, matches_that_overlap_are_one) {
  const Redactor redactor{{"abc", "bcd"}};
  EXPECT_EQ(redactor.redact("xabcdx"), "x***x");
}

TEST(redact, bytes_of_any_kind_hide_nothing) {
  const Redactor redactor{default_redactions()};
  const std::string bytes = std::string{"\xff\0", 2} + "--password=a\xff" + "b\n\xc3";
  EXPECT_EQ(redactor.redact(bytes), (std::string{"\xff\0", 2} + "--password=***\n\xc3"));
}

TEST(redact, what_matches_nothing_of_length_does_not_loop) {
  EXPECT_EQ(Redactor{{"x*"}}.redact("aaxxa"), "aa***a");
}

TEST(redact, an_expression_that_does_not_compile_is_a_problem) {
  const Redactor redactor{{"a", "("}};
  EXPECT_EQ(redactor.problems(), (Words{"redact \"(\": Unmatched ( or \\("}));
}

TEST(redact, two_hundred_kilobytes_take_no_time) {
  std::string text;
  while (text.size() < 200'000)
    text += "2026-11-22 some line of a log with key and user in it, u:p\n";
  const auto before = std::chrono::steady_clock::now();
  redacted(text);
  const auto took = std::chrono::steady_clock::now() - before;
  RecordProperty("ms", static_cast<int>(took / std::chrono::milliseconds{1}));
  EXPECT_LT(took, std::chrono::milliseconds{500});
}

}  // namespace
}  // namespace sheepdog
