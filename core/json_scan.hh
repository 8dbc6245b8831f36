// json_scan.hh -- the look at a JSON document before anything is built from it.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include "json.hh"

namespace sheepdog {

/// The first thing wrong in a document: `offset` of its byte, `text` such as "number of 212
/// digits".
struct JsonBreach {
  std::size_t offset = 0;
  std::string text;
};

/// Checks the whole grammar (RFC 8259) of one document of valid UTF-8, its limits, equal keys and
/// the range of its numbers, without recursion, and tells it on the way: a lone surrogate as U+FFFD,
/// a whole number as integer where 64 bits hold it. The text must outlive it.
class JsonScanner {
 public:
  /// One member of an object.
  struct Member {
    std::string_view name;   // decoded
    std::size_t offset = 0;  // of its key
    std::string_view value;  // of the outermost object: as it stands; of a container its opening
  };

  /// `sax` is told every value; nullptr: none. After a JsonBreach forget what it was told.
  JsonScanner(std::string_view text, const JsonLimits& limits, Json::json_sax_t* sax = nullptr);

  /// Throws JsonBreach.
  void scan();

  /// After scan(): the members of the outermost value, if that is an object.
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }

  /// After scan(): was there an escape `\u....` that is half of a surrogate pair, without the other?
  [[nodiscard]] bool lone_surrogates() const { return lone_; }

 private:
  struct Frame {
    std::size_t offset;
    std::size_t first_member;
    bool object;
    bool fresh;  // nothing in it yet
  };

  void skip_blanks();
  void value();
  void open(bool object);
  void close();
  void key();
  std::string_view string(bool& escaped);  // what is between the quotes
  void escape();
  void number();
  void literal();
  void tell_string(std::string_view raw, bool escaped);
  void tell_number(std::string_view token);
  void check_equal_keys(std::size_t first) const;
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[noreturn]] void expected(const char* what) const;

  std::string_view text_;
  JsonLimits limits_;
  std::size_t at_ = 0, values_ = 0;
  std::vector<Frame> frames_;
  std::vector<Member> members_;  // of all open objects
  bool lone_ = false;
  Json::json_sax_t* sax_;
  std::string told_;  // what sax_ is told: kept for its memory
  std::forward_list<std::string> unescaped_;  // names that were written with escapes
};

/// What is meant by `raw`, the text between the quotes of a JSON string that was scanned.
std::string unescape_json(std::string_view raw);

}  // namespace sheepdog
