// program_name.hh -- what a program is called in a message: its tag, when nobody gave one.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace sheepdog {

/// The base name of the program `path`, printable, at most 200 bytes (a tag may have 256 characters,
/// and more may be put behind it); "" when there is none.
std::string program_name(std::string_view path);

/// The same of the first word of the shell command `line` that is no assignment; "sh" when there is
/// none.
std::string line_name(std::string_view line);

}  // namespace sheepdog
