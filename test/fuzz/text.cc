// text.cc -- any bytes for a terminal, a log line, a comparison.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "text.hh"

#include <algorithm>

#include "target.hh"

namespace sheepdog::fuzz {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

void check_repair(std::string_view bytes) {
  const Repaired repaired = repair_utf8(bytes);
  promise(!invalid_utf8(repaired.text), "what is repaired is UTF-8");
  promise(repaired.lossy == invalid_utf8(bytes).has_value(), "a repair is flagged");
  promise(repaired.lossy || repaired.text == bytes, "what is whole stays as it is");
  promise(repaired.text.size() <= 3 * bytes.size(), "a repair is bounded");
}

void check_printable(std::string_view bytes) {
  const std::string shown = printable(bytes), lines = printable(bytes, true);
  promise(!invalid_utf8(shown) && !invalid_utf8(lines), "what is shown is UTF-8");
  promise(std::none_of(shown.begin(), shown.end(), is_control), "no control character is shown");
  promise(printable(shown) == shown, "shown once more, it is the same");
  promise(printable(lines) == shown || bytes.find_first_of("\n\t") != bytes.npos,
          "with lines or without, it is the same");
  promise(shown.size() <= 8 * bytes.size(), "what is shown is bounded");
}

}  // namespace

bool text(std::string_view bytes) {
  check_repair(bytes);
  check_printable(bytes);
  std::string again;
  for (std::size_t i = 0; i < bytes.size();) {
    const Character c = first_character(bytes.substr(i));
    promise(c.length >= 1 && c.length <= 4 && i + c.length <= bytes.size(), "a character fits");
    if (c.valid)
      append_character(again, c.code);
    else
      again += bytes.substr(i, c.length);
    i += c.length;
  }
  promise(again == bytes, "decoded and encoded, it is the same");
  promise(display_width(bytes) <= 2 * bytes.size(), "a width is bounded");
  const std::size_t half = bytes.size() / 2;
  const std::string_view a = bytes.substr(0, half), b = bytes.substr(half);
  promise(edit_distance(a, b) <= std::max(a.size(), b.size()), "a distance is bounded");
  promise(edit_distance(a, b) == edit_distance(b, a), "a distance has no direction");
  promise(edit_distance(a, a) == 0, "a word is no distance from itself");
  return !invalid_utf8(bytes);
}

}  // namespace sheepdog::fuzz
