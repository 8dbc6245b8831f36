// quantity.cc -- a plain decimal number with the name of a unit at once behind it.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "quantity.hh"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace sheepdog {
namespace {

using Unit = std::pair<std::string_view, double>;

constexpr std::array<Unit, 5> duration_units{
    {{"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}, {"w", 7 * 86400e3}}};  // ms
constexpr std::array<Unit, 11> size_units{{{"", 1},
                                           {"B", 1},
                                           {"kB", 1e3},
                                           {"KB", 1e3},
                                           {"MB", 1e6},
                                           {"GB", 1e9},
                                           {"TB", 1e12},
                                           {"KiB", 0x1p10},
                                           {"MiB", 0x1p20},
                                           {"GiB", 0x1p30},
                                           {"TiB", 0x1p40}}};
constexpr double longest = 1000.0 * 366 * 86400e3;  // ms
constexpr std::size_t most_digits = 19;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <std::size_t N>
std::optional<double> parse(std::string_view text, const std::array<Unit, N>& units) {
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  if (end == 0 || end > most_digits || !is_digit(text[0]) || !is_digit(text[end - 1])) return {};
  double number = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  if (error != std::errc{} || stop != text.data() + end) return {};
  for (const auto& [name, factor] : units)
    if (text.substr(end) == name) return number * factor;
  return {};
}

}  // namespace

std::optional<Seconds> parse_duration(std::string_view text) {
  const auto ms = parse(text, duration_units);
  if (!ms || *ms > longest) return {};
  return Seconds{std::round(*ms) / 1e3};
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  const auto bytes = parse(text, size_units);
  if (!bytes || *bytes >= 0x1p62) return {};
  return std::llround(*bytes);
}

}  // namespace sheepdog
