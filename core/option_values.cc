// option_values.cc -- each kind of value, and what is said of a wrong one.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "option_values.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "error.hh"
#include "pattern.hh"
#include "quantity.hh"
#include "text.hh"

namespace sheepdog::option {

void refuse(const std::string& text, const std::string& hint) {
  throw Error{Error::Code::usage, text, hint};
}

Seconds duration(const char* option, const char* text) {
  const auto parsed = parse_duration(text);
  if (!parsed)
    refuse(fmt::format("--{} wants a duration, got \"{}\"", option, printable(text)),
           "such as \"30s\", \"5m\", \"36h\", \"2d\"");
  return *parsed;
}

int number(const char* option, std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    refuse(fmt::format("--{} wants a number from {} to {}, got \"{}\"", option, least, most,
                       printable(text)));
  return value;
}

std::vector<int> statuses(const char* option, std::string_view text) {
  std::vector<int> all;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    all.push_back(number(option, text.substr(at, comma - at), 0, 255));
    at = comma + 1;
  }
  return all;
}

std::string pattern(const char* option, const char* text) {
  try {
    Patterns{{text}, {}, {}};
  } catch (const Error& e) {
    refuse(fmt::format("--{}: {}", option, printable(e.what())));
  }
  return text;
}

static bool is_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= 253 && letter(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || c == '.' || c == '_' || c == '-'; });
}

std::string name(const char* option, const std::string& text) {
  if (!is_name(text)) refuse(fmt::format("--{} wants a name, got \"{}\"", option, printable(text)));
  return text;
}

std::string tag(const std::string& text) {
  if (text.empty() || text.size() > 256 || printable(text) != text)
    refuse(fmt::format("--tag wants 1 to 256 printable characters, got \"{}\"", printable(text)));
  return text;
}

std::string one_of(const char* option, const std::string& text,
                   std::initializer_list<std::string_view> words) {
  if (std::find(words.begin(), words.end(), text) == words.end())
    refuse(fmt::format("--{} wants one of {}, got \"{}\"", option, fmt::join(words, ", "),
                       printable(text)));
  return text;
}

}  // namespace sheepdog::option
