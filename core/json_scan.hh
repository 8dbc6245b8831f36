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
/// the range of its numbers, without recursion; what passes, a parser takes without an error but
/// for lone surrogates. The text must outlive it.
class JsonScanner {
 public:
  /// One member of an object.
  struct Member {
    std::string_view name;   // decoded
    std::size_t offset = 0;  // of its key
    std::string_view value;  // of the outermost object: as it stands; of a container its opening
  };

  JsonScanner(std::string_view text, const JsonLimits& limits);

  /// Throws JsonBreach.
  void scan();

  /// After scan(): the members of the outermost value, if that is an object.
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }

  /// After scan(): where an escape `\uXXXX` is half of a surrogate pair without its other half.
  [[nodiscard]] const std::vector<std::size_t>& lone_surrogates() const { return lone_; }

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
  void check_equal_keys(std::size_t first) const;
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[noreturn]] void expected(const char* what) const;

  std::string_view text_;
  JsonLimits limits_;
  std::size_t at_ = 0, values_ = 0;
  std::vector<Frame> frames_;
  std::vector<Member> members_;  // of all open objects
  std::vector<std::size_t> lone_;
  std::forward_list<std::string> unescaped_;  // names that were written with escapes
};

/// What is meant by `raw`, the text between the quotes of a JSON string that was scanned.
std::string unescape_json(std::string_view raw);

}  // namespace sheepdog
