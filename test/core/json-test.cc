// json-test.cc -- what strangers may send, and what is said of the rest.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "json.hh"

#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "error.hh"

namespace sheepdog {
namespace {

using std::string_literals::operator""s;

std::string times(std::size_t n, const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < n; ++i) result += text;
  return result;
}

/// What read_json says of `bytes`: its error, or the document written anew, `~` after a lossy one.
std::string verdict(const std::string& bytes) {
  try {
    bool lossy = false;
    const Json json = read_json(bytes, {}, &lossy);
    return write_json(json) + (lossy ? "~" : "");
  } catch (const Error& e) {
    return e.code() == Error::Code::bad_message ? e.what() : "another error";
  }
}

struct Case {
  std::string bytes, expected;
};

void expect_verdicts(const std::vector<Case>& table) {
  for (const Case& row : table)
    EXPECT_EQ(verdict(row.bytes), row.expected) << row.bytes.substr(0, 80);
}

TEST(json, what_is_well_formed_is_read_in_its_order) {
  expect_verdicts({
      {R"( {"tag":"raid", "state":"fail","a":[1,-2.5,true,false,null,[],{}]} )",
       R"({"tag":"raid","state":"fail","a":[1,-2.5,true,false,null,[],{}]})"},
      {"[]", "[]"},
      {"\"x\"", "\"x\""},
      {"-0", "0"},
      {"\xEF\xBB\xBF{\"a\":1}", R"({"a":1})"},  // a byte order mark
      {R"(["\"\\\/\b\f\n\r\t\u00e9\ud83d\udc11\u0000"])", R"(["\"\\/\b\f\n\r\té🐑\u0000"])"},
      {R"({"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]})",
       R"({"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]})"},
      {"[1e-400,0e999,1E2,1.5e+3]", "[0.0,0.0,100.0,1500.0]"},
  });
}

TEST(json, whole_numbers_are_exact_up_to_64_bits) {
  const Json json = read_json(
      "[9223372036854775807,-9223372036854775808,18446744073709551615,"
      "18446744073709551616,1000000000000000000000000000000]");
  EXPECT_EQ(json[0].get<std::int64_t>(), INT64_MAX);
  EXPECT_EQ(json[1].get<std::int64_t>(), INT64_MIN);
  EXPECT_EQ(json[2].get<std::uint64_t>(), UINT64_MAX);
  EXPECT_TRUE(json[3].is_number_float());
  EXPECT_EQ(json[4].get<double>(), 1e30);
}

TEST(json, what_is_malformed_is_named_with_its_place) {
  expect_verdicts({
      {"", "1:1: empty"},
      {" \n\t", "1:1: empty"},
      {R"({"a":1)", "1:1: this object is never closed"},
      {"{\"a\":1,\n \"b\":[1,2", "2:6: this array is never closed"},
      {R"({"a":"x)", "1:6: this string is never closed"},
      {R"({"a":1,})", "1:8: expected a key, got '}'"},
      {R"({a:1})", "1:2: expected a key, got 'a'"},
      {R"({"a" 1})", "1:6: expected ':', got '1'"},
      {R"({"a":1 "b":2})", "1:8: expected ',' or '}', got '\"'"},
      {"[1 2]", "1:4: expected ',' or ']', got '2'"},
      {"[1,]", "1:4: expected a value, got ']'"},
      {"[1,2}", "1:5: expected ',' or ']', got '}'"},
      {"]", "1:1: expected a value, got ']'"},
      {"{'a':1}", "1:2: expected a key, got '''"},
      {R"({"a":True})", "1:6: expected a value, got 'True'"},
      {R"({"a":NaN})", "1:6: expected a value, got 'NaN'"},
      {R"({"a":-Infinity})", "1:6: no number: '-Infinity'"},
      {R"({"a":nullx})", "1:6: expected a value, got 'nullx'"},
      {"{\"a\":\x1b[0m}", "1:6: expected a value, got '\\x1b;'"},
      {R"({"a":1}})", "1:8: junk after the document"},
      {R"({"a":1} {"b":2})", "1:9: junk after the document"},
      {"{\"a\":1}\n# x", "2:1: junk after the document"},
      {"{\"é🐑\":1}x", "1:9: junk after the document"},  // columns are characters
      {"{\"a\":1}\0"s, "1:8: NUL byte"},
      {"{\"a\0b\":1}"s, "1:4: NUL byte"},
      {"\0"s, "1:1: NUL byte"},
      {"{\"a\":\"x\ny\"}", "1:8: control character \\x0a; in a string"},
      {R"({"a":"\q"})", "1:7: bad escape '\\q'"},
      {R"({"a":"\u12g4"})", "1:7: bad escape '\\u12g4'"},
      {R"({"a":"\u1)", "1:7: bad escape '\\u1'"},
      {"\"\\", "1:2: bad escape '\\'"},
  });
}

TEST(json, numbers_are_bounded_and_of_json_only) {
  expect_verdicts({
      {R"({"used":)" + times(212, "1") + "}", "1:9: number of 212 digits"},
      {"[" + times(1, "-") + times(33, "9") + "]", "1:2: number of 33 digits"},
      {"[0." + times(40, "3") + "]", "1:2: number of 42 characters"},
      {"[" + times(200'000, "7") + "]", "1:2: number of 200000 digits"},
      {R"({"a":1e400})", "1:6: number out of range"},
      {R"([-1e309])", "1:2: number out of range"},
      {R"([0.1e999999999])", "1:2: number out of range"},
      {"[01]", "1:2: no number: '01'"},
      {"[1.]", "1:2: no number: '1.'"},
      {"[.5]", "1:2: no number: '.5'"},
      {"[+1]", "1:2: no number: '+1'"},
      {"[-]", "1:2: no number: '-'"},
      {"[1e]", "1:2: no number: '1e'"},
      {"[0x10]", "1:2: no number: '0x10'"},
      {"[1.2.3]", "1:2: no number: '1.2.3'"},
  });
}

TEST(json, equal_keys_are_refused_however_they_are_written) {
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  expect_verdicts({
      {R"({"a":1,"a":2})", "1:8: key 'a' given twice"},
      {R"({"a":1,"\u0061":2})", "1:8: key 'a' given twice"},
      {R"({"\u001b":1,"b":3,"\u001b":2})", "1:19: key '\\x1b;' given twice"},
      {R"({"o":{"x":1,"x":1}})", "1:13: key 'x' given twice"},
      {R"([{"x":1,"x":1}])", "1:9: key 'x' given twice"},
      {R"({"":1,"":1})", "1:7: key '' given twice"},
      {many + R"("k7":1,"k3":1,"k3":2})", "1:312: key 'k7' given twice"},
      {R"({"\ud800":1,"\udc00":1})", "1:13: key '\uFFFD' given twice"},
      {R"({"a":1,"A":2})", R"({"a":1,"A":2})"},
      {"{\"é\":1,\"e\u0301\":2}", "{\"é\":1,\"e\u0301\":2}"},  // NFC and NFD stay two
  });
}

TEST(json, every_limit_holds_and_what_is_at_the_limit_passes) {
  EXPECT_EQ(verdict(times(32, "[") + times(32, "]")), times(32, "[") + times(32, "]"));
  const std::string key(256, 'k');
  EXPECT_EQ(verdict("{\"" + key + "\":1}"), "{\"" + key + "\":1}");
  const std::string full = "\"" + std::string(256 * 1024 - 2, 'x') + "\"";
  EXPECT_EQ(verdict(full), full);
  EXPECT_EQ(read_json("[" + times(99'998, "1,") + "1]").size(), 99'999u);
  expect_verdicts({
      {full + " ", "1:1: larger than 256 KiB"},
      {times(33, "["), "1:33: nested deeper than 32"},
      {times(30'000, R"({"a":)"), "1:161: nested deeper than 32"},
      {times(200'000, "["), "1:33: nested deeper than 32"},
      {"{\"k" + key + "\":1}", "1:2: key of 257 bytes"},
      {"[" + times(99'999, "1,") + "1]", "1:200000: more than 100000 values"},
  });
  EXPECT_THROW(read_json(times(1'000'000, "[")), Error);
  JsonLimits wide;
  wide.number = 400;
  EXPECT_NO_THROW(read_json(times(300, "1"), wide));
  try {
    read_json(times(310, "1"), wide);
    ADD_FAILURE() << "no double holds it";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "1:1: number out of range");
  }
}

TEST(json, broken_text_is_repaired_and_flagged) {
  expect_verdicts({
      {"{\"a\":\"caf\xE9\"}", "{\"a\":\"caf\uFFFD\"}~"},
      {"{\"a\":\"\xC0\xAF\"}", "{\"a\":\"\uFFFD\uFFFD\"}~"},
      {R"({"a":"\ud800"})", "{\"a\":\"\uFFFD\"}~"},
      {R"({"a":"\udc11x"})", "{\"a\":\"\uFFFDx\"}~"},
      {R"({"a":"\ud83d\ud83d\udc11\ud83d\n"})", "{\"a\":\"\uFFFD🐑\uFFFD\\n\"}~"},
      {R"({"\udfff":1})", "{\"\uFFFD\":1}~"},
      {"{\"a\":\"\u202E\"}", "{\"a\":\"\u202E\"}"},  // stored as it is; printable() escapes it
  });
}

TEST(json, hostile_text_is_kept_as_it_is) {
  for (const char* text : {"$(id)", "'; DROP TABLE event; --", "%s%n", "~a~*", "{:*>999999999}",
                           "<script>", "\r\nBcc: x", "\x1b]52;c;eA==\a"}) {
    const std::string written = write_json(Json{{"summary", text}});
    EXPECT_EQ(written.find('\n'), written.npos);
    EXPECT_EQ(read_json(written)["summary"], text);
  }
}

TEST(json, every_single_byte_is_read_or_refused_with_a_place) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string got = verdict(std::string(1, static_cast<char>(byte)));
    const bool digit = byte >= '0' && byte <= '9';
    EXPECT_EQ(got.starts_with("1:1: "), !digit) << byte << ": " << got;
  }
}

TEST(json, every_cut_of_a_document_is_refused_before_it_is_built) {
  const std::string whole =
      R"({"tag":"raid","v":1,"o":{"argv":["a","\u00e9"],"s":-1.5e3},"t":true})";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const std::string got = verdict(whole.substr(0, i));
    EXPECT_TRUE(got.starts_with("1:")) << got;
    EXPECT_EQ(got.find("exception"), got.npos) << got;  // the scanner's words, not the parser's
  }
  EXPECT_EQ(verdict(whole), R"({"tag":"raid","v":1,"o":{"argv":["a","é"],"s":-1500.0},"t":true})");
}

/// The processor time, in seconds, of reading an object of about `size` bytes whose keys are
/// `prefix` and a number.
double cost_of_keys(const std::string& prefix, std::size_t size) {
  std::string text = "{\"x\":0";
  while (text.size() < size) text += ",\"" + prefix + std::to_string(text.size()) + "\":0";
  const std::clock_t begin = std::clock();
  EXPECT_GT(read_json(text + "}").size(), size / 30);
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

TEST(json, many_keys_cost_no_more_each_than_few) {
  for (const char* prefix : {"k", "\\u0041"}) {
    const double few = cost_of_keys(prefix, 62'000), many = cost_of_keys(prefix, 248'000);
    EXPECT_LT(many, 9 * few + 0.002) << prefix;  // a search for each key: 16 times as much
  }
}

TEST(json, writing_never_fails) {
  EXPECT_EQ(write_json(Json{{"a\xFF", "b\xE2\x82"}}), "{\"a\uFFFD\":\"b\uFFFD\"}");
  EXPECT_EQ(write_json(Json{{"x", 1.0 / 3}, {"n", "a\nb"}}),
            R"({"x":0.3333333333333333,"n":"a\nb"})");
  EXPECT_EQ(write_json(Json::array({1e308 * 10})), "[null]");
}

struct Sender {
  std::string message, sender;
  std::int64_t seq;  // 0: no identity
};

TEST(json, the_identity_is_sender_and_seq_or_nothing) {
  const std::string id = "3f9c0000000000000000000000000001";
  const std::vector<Sender> table{
      {R"({"sender":")" + id + R"(","seq":44,"tag":"x"})", id, 44},
      {R"({"seq":9223372036854775807,"o":{"sender":"no"},"sender":"a b"})", "a b", INT64_MAX},
      {R"({"\u0073ender":"\u0061","seq" : 1 })", "a", 1},
      {"{\"sender\":\"caf\xE9\",\"seq\":1}", "caf\uFFFD", 1},
      {R"({"tag":"x"})", "", 0},
      {R"({"sender":"a"})", "", 0},
      {R"({"seq":1})", "", 0},
      {R"({"sender":"","seq":1})", "", 0},
      {R"({"sender":"a\n","seq":1})", "", 0},
      {R"({"sender":")" + times(257, "a") + R"(","seq":1})", "", 0},
      {R"({"sender":5,"seq":1})", "", 0},
      {R"({"sender":["a"],"seq":1})", "", 0},
      {R"({"sender":"a","seq":"1"})", "", 0},
      {R"({"sender":"a","seq":0})", "", 0},
      {R"({"sender":"a","seq":-1})", "", 0},
      {R"({"sender":"a","seq":1.5})", "", 0},
      {R"({"sender":"a","seq":1.0})", "", 0},
      {R"({"sender":"a","seq":1e3})", "", 0},
      {R"({"sender":"a","seq":9223372036854775808})", "", 0},
      {R"({"sender":"a","seq":18446744073709551617})", "", 0},
      {R"({"sender":"a","seq":1,"seq":2})", "", 0},
      {R"({"sender":"a","seq":1}x)", "", 0},
      {R"({"sender":"a","seq":1)", "", 0},
      {R"([{"sender":"a","seq":1}])", "", 0},
      {R"({"o":{"sender":"a","seq":1}})", "", 0},
      {"{\"sender\":\"a\",\"seq\":1}\0"s, "", 0},
      {R"({"sender":"a","seq":1,"x":")" + std::string(256 * 1024, 'x') + "\"}", "", 0},
      {"", "", 0},
  };
  for (const Sender& row : table) {
    const auto identity = identity_of(row.message);
    EXPECT_EQ(identity ? identity->seq : 0, row.seq) << row.message.substr(0, 80);
    EXPECT_EQ(identity ? identity->sender : "", row.sender) << row.message.substr(0, 80);
  }
}

}  // namespace
}  // namespace sheepdog
