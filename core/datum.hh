// datum.hh -- a configuration as data: what stands where.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sheepdog {

struct Position {
  std::size_t line = 1;    // from 1
  std::size_t column = 1;  // characters, from 1
};

/// One datum of a configuration file. A list keeps its items; a dotted pair `(a . b)` is a list
/// of two with `dotted` true (the last item is the tail).
struct Datum {
  enum class Kind { list, symbol, string, integer, real, boolean };
  Kind kind = Kind::list;
  Position at;               // of its first character
  bool dotted = false;       // of a list
  std::vector<Datum> items;  // of a list
  std::string text;          // of a symbol or string: its characters; of a number: as written
  std::int64_t integer = 0;
  double real = 0;
  bool truth = false;

  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_symbol(std::string_view name) const {
    return kind == Kind::symbol && text == name;
  }
};

/// `datum` as its author would write it, shortened to about 40 characters: for "got ..." in errors.
std::string to_text(const Datum& datum);

}  // namespace sheepdog
