// text.cc -- UTF-8 by hand: no locale takes part, nothing raises.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "text.hh"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

namespace sheepdog {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned char byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

/// What may follow the lead byte of a sequence: its length and the range of its second byte, which
/// excludes overlong forms, surrogates and what is above U+10FFFF (Unicode 15, table 3-7).
struct Lead {
  std::size_t length;
  unsigned char low, high;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

/// How many ASCII bytes `bytes` has from `from` on, counted by eights.
std::size_t ascii_from(std::string_view bytes, std::size_t from) {
  std::size_t i = from;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, bytes.data() + i, 8);
    if (eight & 0x8080808080808080u) break;
  }
  while (i < bytes.size() && byte_at(bytes, i) < 0x80) ++i;
  return i - from;
}

/// Not to be sent to a terminal or a log line as it is.
bool is_unprintable(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// The locale whose wcwidth knows Unicode, whatever the process uses; nullptr when it is missing.
locale_t unicode_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

std::u32string characters(std::string_view text) {
  std::u32string result;
  for (std::size_t i = 0; i < text.size();) {
    const Character c = first_character(text.substr(i));
    result += c.valid ? c.code : U'\uFFFD';
    i += c.length;
  }
  return result;
}

}  // namespace

Character first_character(std::string_view bytes) {
  const unsigned char first = byte_at(bytes, 0);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = lead_of(first);
  if (lead.length == 0) return {0, 1, false};
  char32_t code = first & (0x7Fu >> lead.length);
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (i == bytes.size()) return {0, i, false};
    const unsigned char next = byte_at(bytes, i);
    const bool fits = i == 1 ? next >= lead.low && next <= lead.high : next >= 0x80 && next <= 0xBF;
    if (!fits) return {0, i, false};
    code = code << 6 | (next & 0x3Fu);
  }
  return {code, lead.length, true};
}

void append_character(std::string& text, char32_t code) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

std::optional<std::size_t> invalid_utf8(std::string_view bytes) {
  for (std::size_t i = 0;;) {
    i += ascii_from(bytes, i);
    if (i == bytes.size()) return std::nullopt;
    const Character c = first_character(bytes.substr(i));
    if (!c.valid) return i;
    i += c.length;
  }
}

Repaired repair_utf8(std::string_view bytes) {
  Repaired result;
  result.text.reserve(bytes.size());
  while (const auto bad = invalid_utf8(bytes)) {
    result.text.append(bytes.substr(0, *bad)).append(replacement);
    result.lossy = true;
    bytes.remove_prefix(*bad);
    bytes.remove_prefix(first_character(bytes).length);
  }
  result.text.append(bytes);
  return result;
}

std::string printable(std::string_view text, bool lines) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Character c = first_character(text.substr(i));
    const std::string_view bytes = text.substr(i, c.length);
    if (!c.valid) {
      for (std::size_t j = 0; j < bytes.size(); ++j)
        result += fmt::format("\\x{:02x};", byte_at(bytes, j));
    } else if (is_unprintable(c.code) && !(lines && (c.code == '\n' || c.code == '\t'))) {
      result += fmt::format("\\x{:02x};", static_cast<std::uint32_t>(c.code));
    } else {
      result.append(bytes);
    }
    i += c.length;
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  const std::size_t ascii = ascii_from(text, 0);
  if (ascii == text.size()) return ascii;
  const locale_t unicode = unicode_locale();
  const locale_t before = unicode ? uselocale(unicode) : nullptr;
  std::size_t width = ascii;
  for (const char32_t c : characters(text.substr(ascii))) {
    const int columns = unicode ? wcwidth(static_cast<wchar_t>(c)) : 1;
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
  }
  if (unicode) uselocale(before);
  return width;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (std::max(a.size(), b.size()) > 256) return a == b ? 0 : std::max(a.size(), b.size());
  const std::u32string x = characters(a), y = characters(b);
  std::vector<std::size_t> row(y.size() + 1);  // distances of a beginning of x to those of y
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < y.size(); ++j) {
      const std::size_t replaced = diagonal + (x[i] == y[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[y.size()];
}

}  // namespace sheepdog
