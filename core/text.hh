// text.hh -- bytes of others made into text that is safe to keep, to show and to compare.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sheepdog {

/// The first character of some bytes, or their first maximal invalid part (Unicode 15, 3.9: the
/// longest beginning of a well-formed sequence, at least one byte).
struct Character {
  char32_t code = 0;
  std::size_t length = 0;  // bytes, 1 to 4
  bool valid = false;
};

/// Decode the beginning of `bytes`, which are not empty.
Character first_character(std::string_view bytes);

/// Append `code`, a Unicode scalar value, to `text` as UTF-8.
void append_character(std::string& text, char32_t code);

struct Repaired {
  std::string text;    // valid UTF-8
  bool lossy = false;  // something was replaced by U+FFFD
};

/// Make `bytes` valid UTF-8: each maximal invalid part becomes one U+FFFD (Unicode 15, 3.9), a
/// sequence cut off at the very end too.
Repaired repair_utf8(std::string_view bytes);

/// The offset of the first byte that is no valid UTF-8, if any. Surrogates and overlong forms are
/// not.
std::optional<std::size_t> invalid_utf8(std::string_view bytes);

/// `text` for a terminal or a log: C0, DEL, C1, bidi controls, U+2028/9 and invalid bytes become
/// `\x1b;`; newline and tab stay when `lines`, else they are escaped too.
std::string printable(std::string_view text, bool lines = false);

/// Columns that `text` takes on a terminal (wcwidth of the C.UTF-8 locale); what it knows no
/// width of, and each invalid part, counts as one.
std::size_t display_width(std::string_view text);

/// The edit distance (Levenshtein) of two short words, in characters; of words over 256 bytes the
/// longer length.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace sheepdog
