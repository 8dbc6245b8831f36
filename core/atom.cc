// atom.cc -- words and escapes as Scheme reads them, without Scheme's surprises.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "atom.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "text.hh"

namespace sheepdog {

namespace {

constexpr std::size_t longest_word = 256, longest_number = 32;  // bytes

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_sign(char c) { return c == '+' || c == '-'; }

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

enum class Shape { symbol, whole, decimal, other_number };

/// Which kind of word `unsigned_word` is; `word` is the same with its sign.
Shape shape_of(std::string_view word, std::string_view unsigned_word) {
  if (word == "+inf.0" || word == "-inf.0" || word == "+nan.0" || word == "-nan.0")
    return Shape::other_number;
  const std::size_t before = digits_at(unsigned_word, 0);
  std::size_t at = before, after = 0;
  if (at == unsigned_word.size()) return before ? Shape::whole : Shape::symbol;
  if (unsigned_word[at] == '/') {
    after = digits_at(unsigned_word, at + 1);
    return before && after && at + 1 + after == unsigned_word.size() ? Shape::other_number
                                                                     : Shape::symbol;
  }
  if (unsigned_word[at] == '.') {
    after = digits_at(unsigned_word, at + 1);
    at += 1 + after;
  }
  if (before + after == 0) return Shape::symbol;
  if (at == unsigned_word.size()) return Shape::decimal;
  if (unsigned_word[at] != 'e' && unsigned_word[at] != 'E') return Shape::symbol;
  ++at;
  if (at < unsigned_word.size() && is_sign(unsigned_word[at])) ++at;
  const std::size_t exponent = digits_at(unsigned_word, at);
  return exponent && at + exponent == unsigned_word.size() ? Shape::decimal : Shape::symbol;
}

/// `digits` without its leading plus, which from_chars refuses.
template <typename Number>
std::errc parse(std::string_view digits, Number& number) {
  if (digits.starts_with('+')) digits.remove_prefix(1);
  return std::from_chars(digits.data(), digits.data() + digits.size(), number).ec;
}

/// Too small for a double is 0, as everywhere; too large is not.
bool parse_decimal(std::string_view word, double& real) {
  if (parse(word, real) == std::errc{}) return true;
  const auto exponent = word.find_first_of("eE");
  real = 0;
  return exponent != word.npos && word[exponent + 1] == '-';
}

Escape hex_escape(std::string_view text) {
  const std::size_t end =
      std::min(text.find_first_not_of("0123456789abcdefABCDEF", 2), text.size());
  const bool closed = end > 2 && end < text.size() && text[end] == ';';
  std::uint32_t code = 0;
  const auto error = std::from_chars(text.data() + 2, text.data() + end, code, 16).ec;
  Escape escape{closed ? end + 1 : end, {}, {}};
  if (!closed || error != std::errc{} || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
    escape.trouble = fmt::format("bad escape '{}' in a string",
                                 text.substr(0, std::min<std::size_t>(escape.length, 12)));
  else if (code == 0)
    escape.trouble = "NUL in a string";
  else
    append_character(escape.text, code);
  return escape;
}

}  // namespace

Atom atom_of(std::string_view word) {
  Atom atom;
  atom.datum.kind = Datum::Kind::symbol;
  atom.datum.text = word;
  if (word.size() > longest_word) {
    atom.trouble = fmt::format("word of {} bytes", word.size());
    return atom;
  }
  const Shape shape = shape_of(word, word.substr(is_sign(word[0]) ? 1 : 0));
  if (shape == Shape::symbol) return atom;
  if (shape == Shape::other_number) {
    atom.trouble = fmt::format("'{}' is neither a whole number nor a decimal", word);
  } else if (word.size() > longest_number) {
    const auto digits = std::count_if(word.begin(), word.end(), is_digit);
    atom.trouble = fmt::format("number of {} digits", digits);
  } else if (shape == Shape::whole) {
    atom.datum.kind = Datum::Kind::integer;
    if (parse(word, atom.datum.integer) != std::errc{}) atom.trouble = "number out of range";
  } else {
    atom.datum.kind = Datum::Kind::real;
    if (!parse_decimal(word, atom.datum.real)) atom.trouble = "number out of range";
  }
  return atom;
}

Escape escape_of(std::string_view text) {
  constexpr std::string_view letters = "ntrabfv\"\\", meanings = "\n\t\r\a\b\f\v\"\\";
  if (text.size() < 2) return {text.size(), {}, "nothing after a backslash"};
  if (const auto known = letters.find(text[1]); known != letters.npos)
    return {2, std::string{meanings[known]}, {}};
  if (text[1] == 'x') return hex_escape(text);
  if (text[1] == '\n') return {std::min(text.find_first_not_of(" \t", 2), text.size()), {}, {}};
  const std::size_t length = 1 + first_character(text.substr(1)).length;
  return {length,
          {},
          fmt::format("unknown escape '{}' in a string", printable(text.substr(0, length)))};
}

}  // namespace sheepdog
