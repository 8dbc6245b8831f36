// json_scan.cc -- a pushdown automaton over the bytes; the first breach ends it.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "json_scan.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "text.hh"

namespace sheepdog {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// Of the bytes of a number, and of what people take for one.
bool is_number_part(char c) {
  return is_digit(c) || is_letter(c) || c == '.' || c == '+' || c == '-';
}

/// The bytes at which the text of a string does not simply go on.
constexpr std::array<bool, 256> stops_string = [] {
  std::array<bool, 256> stops{};
  for (std::size_t c = 0; c < 0x20; ++c) stops[c] = true;
  stops['"'] = stops['\\'] = true;
  return stops;
}();

/// The value of four hexadecimal digits, or -1.
int hex4(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 4) return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  return error == std::errc{} && end == text.data() + 4 ? static_cast<int>(value) : -1;
}

/// The unit of UTF-16 that an escape `\u....` at the beginning of `text` stands for, or -1.
int escaped_unit(std::string_view text) {
  return text.starts_with("\\u") ? hex4(text.substr(2)) : -1;
}

bool is_high(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

std::size_t skip_digits(std::string_view token, std::size_t at) {
  while (at < token.size() && is_digit(token[at])) ++at;
  return at;
}

/// Does `token` follow the grammar of numbers (RFC 8259, 6)?
bool is_number(std::string_view token) {
  const auto digits = [&](std::size_t& at) {
    const std::size_t from = at;
    at = skip_digits(token, at);
    return at > from;
  };
  std::size_t at = token.starts_with('-') ? 1 : 0;
  const bool zero = token.substr(at).starts_with('0');
  if (zero) ++at;
  if (!zero && !digits(at)) return false;
  if (token.substr(at).starts_with('.') && !digits(++at)) return false;
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    if (!digits(at)) return false;
  }
  return at == token.size();
}

/// Is the number `token` beyond what a double holds? What is too small for one counts as 0.
bool is_too_large(std::string_view token) {
  const std::size_t exponent = token.find_first_of("eE");
  if (exponent == token.npos && token.size() <= 300) return false;
  if (exponent != token.npos && token[exponent + 1] == '-') return false;
  double value = 0;
  return std::from_chars(token.data(), token.data() + token.size(), value).ec != std::errc{};
}

std::string length_of_number(std::string_view token) {
  const std::string_view digits = token.substr(token.starts_with('-') ? 1 : 0);
  return skip_digits(digits, 0) == digits.size()
             ? fmt::format("number of {} digits", digits.size())
             : fmt::format("number of {} characters", token.size());
}

/// The key that is the second of two equal ones, of those the first; nullptr when all differ.
const JsonScanner::Member* first_repetition(const JsonScanner::Member* begin,
                                            const JsonScanner::Member* end) {
  using Member = JsonScanner::Member;
  if (end - begin <= 16) {
    for (const Member* second = begin; second != end; ++second)
      for (const Member* first = begin; first != second; ++first)
        if (first->name == second->name) return second;
    return nullptr;
  }
  std::vector<const Member*> sorted;
  for (const Member* member = begin; member != end; ++member) sorted.push_back(member);
  std::sort(sorted.begin(), sorted.end(), [](const Member* a, const Member* b) {
    const int order = a->name.compare(b->name);
    return order != 0 ? order < 0 : a < b;
  });
  const Member* result = nullptr;
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i - 1]->name == sorted[i]->name && (!result || sorted[i] < result))
      result = sorted[i];
  return result;
}

}  // namespace

JsonScanner::JsonScanner(std::string_view text, const JsonLimits& limits, Json::json_sax_t* sax)
    : text_{text}, limits_{limits}, sax_{sax} {
  members_.reserve(32);
  frames_.reserve(8);
}

void JsonScanner::scan() {
  skip_blanks();
  value();
  while (!frames_.empty()) {
    skip_blanks();
    Frame& frame = frames_.back();
    if (!at_end() && text_[at_] == (frame.object ? '}' : ']')) {
      close();
      continue;
    }
    if (!frame.fresh) {
      if (at_end() || text_[at_] != ',') expected(frame.object ? "',' or '}'" : "',' or ']'");
      ++at_;
      skip_blanks();
    }
    frame.fresh = false;
    if (frame.object) key();
    value();
  }
  skip_blanks();
  if (!at_end()) throw JsonBreach{at_, text_[at_] ? "junk after the document" : "NUL byte"};
}

void JsonScanner::skip_blanks() {
  while (!at_end() && is_blank(text_[at_])) ++at_;
}

void JsonScanner::value() {
  if (++values_ > limits_.values)
    throw JsonBreach{at_, fmt::format("more than {} values", limits_.values)};
  const std::size_t from = at_;
  const bool outermost_member = frames_.size() == 1 && frames_[0].object;
  const char first = at_end() ? '\0' : text_[at_];
  bool escaped = false;
  if (first == '{' || first == '[')
    open(first == '{');
  else if (first == '"') {
    const std::string_view raw = string(escaped);
    tell_string(raw, escaped);
  } else if (is_digit(first) || first == '-' || first == '+' || first == '.')
    number();
  else
    literal();
  if (outermost_member) members_.back().value = text_.substr(from, at_ - from);
}

void JsonScanner::open(bool object) {
  if (frames_.size() >= limits_.depth)
    throw JsonBreach{at_, fmt::format("nested deeper than {}", limits_.depth)};
  frames_.push_back({at_, members_.size(), object, true});
  ++at_;
  if (sax_) object ? sax_->start_object(0) : sax_->start_array(0);
}

void JsonScanner::close() {
  const Frame frame = frames_.back();
  check_equal_keys(frame.first_member);
  frames_.pop_back();
  if (!frames_.empty()) members_.resize(frame.first_member);
  ++at_;
  if (sax_) frame.object ? sax_->end_object() : sax_->end_array();
}

void JsonScanner::key() {
  if (at_end() || text_[at_] != '"') expected("a key");
  const std::size_t from = at_;
  bool escaped = false;
  std::string_view name = string(escaped);
  if (escaped) name = unescaped_.emplace_front(unescape_json(name));
  if (name.size() > limits_.key)
    throw JsonBreach{from, fmt::format("key of {} bytes", name.size())};
  members_.push_back({name, from, {}});
  if (sax_) sax_->key(told_.assign(name));
  skip_blanks();
  if (at_end() || text_[at_] != ':') expected("':'");
  ++at_;
  skip_blanks();
}

std::string_view JsonScanner::string(bool& escaped) {
  const std::size_t from = at_++;
  for (;;) {
    while (!at_end() && !stops_string[static_cast<unsigned char>(text_[at_])]) ++at_;
    if (at_end()) throw JsonBreach{from, "this string is never closed"};
    if (text_[at_] == '"') return text_.substr(from + 1, at_++ - from - 1);
    if (text_[at_] != '\\')
      throw JsonBreach{at_, text_[at_] ? fmt::format("control character {} in a string",
                                                     printable(text_.substr(at_, 1)))
                                       : "NUL byte"};
    escaped = true;
    escape();
  }
}

void JsonScanner::escape() {
  const std::string_view rest = text_.substr(at_);
  if (rest.size() > 1 && std::string_view{"\"\\/bfnrt"}.find(rest[1]) != rest.npos) {
    at_ += 2;
    return;
  }
  const int unit = escaped_unit(rest);
  if (unit < 0)
    throw JsonBreach{at_, fmt::format("bad escape '{}'",
                                      printable(rest.substr(0, rest.starts_with("\\u") ? 6 : 2)))};
  const bool pair = is_high(unit) && is_low(escaped_unit(rest.substr(6)));
  if (!pair && (is_high(unit) || is_low(unit))) lone_ = true;
  at_ += pair ? 12 : 6;
}

void JsonScanner::number() {
  const std::size_t from = at_;
  while (!at_end() && is_number_part(text_[at_])) ++at_;
  const std::string_view token = text_.substr(from, at_ - from);
  if (token.size() > limits_.number) throw JsonBreach{from, length_of_number(token)};
  if (!is_number(token)) throw JsonBreach{from, fmt::format("no number: '{}'", token)};
  if (is_too_large(token)) throw JsonBreach{from, "number out of range"};
  if (sax_) tell_number(token);
}

void JsonScanner::tell_string(std::string_view raw, bool escaped) {
  if (!sax_) return;
  sax_->string(escaped ? told_ = unescape_json(raw) : told_.assign(raw));
}

void JsonScanner::tell_number(std::string_view token) {
  const auto read = [&](auto& value) {
    const char* const end = token.data() + token.size();
    const auto [stop, error] = std::from_chars(token.data(), end, value);
    return error == std::errc{} && stop == end;
  };
  std::int64_t integer = 0;
  std::uint64_t natural = 0;
  double real = 0;  // stays so when it is too small for a double
  if (read(integer))
    sax_->number_integer(integer);
  else if (read(natural))
    sax_->number_unsigned(natural);
  else
    read(real), sax_->number_float(real, std::string{});
}

void JsonScanner::literal() {
  for (const std::string_view word : {"true", "false", "null"}) {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with(word) && (rest.size() == word.size() || !is_letter(rest[word.size()]))) {
      at_ += word.size();
      if (sax_) word == "null" ? sax_->null() : sax_->boolean(word == "true");
      return;
    }
  }
  expected("a value");
}

void JsonScanner::check_equal_keys(std::size_t first) const {
  const Member* again =
      first_repetition(members_.data() + first, members_.data() + members_.size());
  if (again)
    throw JsonBreach{again->offset, fmt::format("key '{}' given twice", printable(again->name))};
}

void JsonScanner::expected(const char* what) const {
  if (at_end() && frames_.empty()) throw JsonBreach{0, "empty"};
  if (at_end())
    throw JsonBreach{frames_.back().offset, frames_.back().object ? "this object is never closed"
                                                                  : "this array is never closed"};
  if (text_[at_] == '\0') throw JsonBreach{at_, "NUL byte"};
  std::size_t length = 0;  // of the word there, else of one character
  while (length < 20 && at_ + length < text_.size() && is_letter(text_[at_ + length])) ++length;
  if (length == 0) length = first_character(text_.substr(at_)).length;
  throw JsonBreach{
      at_, fmt::format("expected {}, got '{}'", what, printable(text_.substr(at_, length)))};
}

std::string unescape_json(std::string_view raw) {
  std::string result;
  while (!raw.empty()) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    result.append(raw.substr(0, plain));
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    const int unit = escaped_unit(raw);
    if (unit < 0) {
      constexpr std::string_view letters = "bfnrt", meanings = "\b\f\n\r\t";
      const std::size_t known = letters.find(raw[1]);
      result += known == letters.npos ? raw[1] : meanings[known];
      raw.remove_prefix(2);
      continue;
    }
    raw.remove_prefix(6);
    const int low = is_high(unit) ? escaped_unit(raw) : -1;
    if (is_low(low)) raw.remove_prefix(6);
    const int code = is_low(low) ? 0x10000 + ((unit - 0xD800) << 10) + low - 0xDC00
                     : is_high(unit) || is_low(unit) ? 0xFFFD
                                                     : unit;
    append_character(result, static_cast<char32_t>(code));
  }
  return result;
}

}  // namespace sheepdog
