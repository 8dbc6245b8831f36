// atom.hh -- a word of a configuration: symbol or number.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "datum.hh"

namespace sheepdog {

/// What a word means, or why it means nothing.
struct Atom {
  Datum datum;
  std::string trouble;  // "number out of range"; empty: none
};

/// The meaning of `word`, which is not empty. Numbers are Scheme's (R7RS 7.1.1) as far as they are
/// whole numbers or decimals: `5`, `+5`, `-.5`, `1.`, `1e3`; its other numbers are refused, all
/// else is a symbol: `5m`, `+`, `...`, `1.2.3`.
Atom atom_of(std::string_view word);

/// What the escape at the beginning of `text`, a backslash and more, stands for in a string.
struct Escape {
  std::size_t length = 0;  // bytes of it
  std::string text;        // UTF-8
  std::string trouble;     // empty: none
};

/// `\n` `\t` `\r` `\a` `\b` `\f` `\v` `\"` `\\` `\xHH;` and a backslash at the end of a line, which
/// goes with the blanks that the next begins with (R7RS 6.7).
Escape escape_of(std::string_view text);

}  // namespace sheepdog
