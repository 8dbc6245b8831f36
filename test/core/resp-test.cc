// resp-test.cc -- what a server says is taken for replies, within limits.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "resp.hh"

#include <gtest/gtest.h>

#include <stdexcept>

#include "queue_support.hh"

namespace sheepdog {
namespace {

using std::string_literals::operator""s;

std::string times(std::size_t n, const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < n; ++i) result += text;
  return result;
}

std::string show(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::nil:
      return "nil";
    case Reply::Kind::integer:
      return std::to_string(reply.integer);
    case Reply::Kind::text:
      return '"' + reply.text + '"';
    case Reply::Kind::error:
      return '!' + reply.text;
    case Reply::Kind::list:
      break;
  }
  std::string text = "(";
  for (const Reply& item : reply.items) text += (text.size() > 1 ? " " : "") + show(item);
  return text + ")";
}

/// The replies in `bytes`; why there are no more of them; "~" when the last is not whole.
std::string replies(const std::string& bytes) {
  std::string result;
  ReplyReader reader;
  try {
    reader.feed(bytes);
    while (auto reply = reader.next()) result += show(*reply) + ";";
    return result + (reader.has_more() ? "~" : "");
  } catch (const ReplyTooLarge&) {
    return result + "too large";
  } catch (const std::runtime_error& e) {
    return result + (std::string{e.what()}.starts_with("no answer of Redis: ") ? "none" : e.what());
  }
}

TEST(resp, replies_are_what_they_say) {
  EXPECT_EQ(replies("+OK\r\n:-1\r\n$-1\r\n$3\r\na\0b\r\n-ERR x\r\n*-1\r\n"s),
            "\"OK\";-1;nil;\"a\0b\";!ERR x;nil;"s);
  EXPECT_EQ(replies("*2\r\n*2\r\n$1\r\na\r\n*0\r\n:7\r\n"), "((\"a\" ()) 7);");
  EXPECT_EQ(replies("+OK\r\n$5\r\nab"), "\"OK\";~");
  EXPECT_EQ(replies("+OK\r\nHTTP/1.1 400 Bad Request\r\n"), "\"OK\";none");
  EXPECT_EQ(replies("%1\r\n+a\r\n,1.5\r\n"), "none");  // RESP 3
}

TEST(resp, a_count_that_is_only_announced_is_not_believed) {
  EXPECT_EQ(replies("*262144\r\n"), "");
  EXPECT_EQ(replies("*262145\r\n"), "too large");
  EXPECT_EQ(replies("*2147483647\r\n"), "too large");
  EXPECT_EQ(replies("*2\r\n*262143\r\n"), "too large");  // all lists together
  EXPECT_EQ(replies(times(7, "*1\r\n") + ":1\r\n"), times(7, "(") + "1" + times(7, ")") + ";");
  EXPECT_NE(replies(times(9, "*1\r\n") + ":1\r\n"), times(9, "(") + "1" + times(9, ")") + ";");
}

TEST(resp, all_replies_of_a_round_have_one_limit) {
  ReplyReader reader;
  const std::string most = "$16777216\r\n" + std::string(16'777'216, 'x') + "\r\n";
  reader.feed(most);
  EXPECT_TRUE(reader.next());
  EXPECT_THROW(reader.feed(most), ReplyTooLarge);
  reader.begin_round();
  reader.feed(most);
  EXPECT_TRUE(reader.next());
}

TEST(resp, an_item_that_is_not_there_is_an_error_of_the_queue) {
  const Reply reply;
  EXPECT_EQ(error_of([&] { static_cast<void>(reply.at(0)); }),
            "queue-unreachable: redis answers something else than it was asked");
}

TEST(resp, commands_are_lists_of_texts) {
  const std::vector<Command> commands{{"PING"}, {"SET", "a", "b\r\n"}};
  EXPECT_EQ(to_bytes(commands),
            "*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$3\r\nb\r\n\r\n");
}

}  // namespace
}  // namespace sheepdog
