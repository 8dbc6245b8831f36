// option_values.hh -- the values of options, checked.
//
// Each throws Error::usage naming the option, its name given without the leading dashes.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "seconds.hh"

namespace sheepdog::option {

/// Throw Error::usage.
[[noreturn]] void refuse(const std::string& text, const std::string& hint = {});

Seconds duration(const char* option, const char* text);
int number(const char* option, std::string_view text, int least, int most);
/// "0,24" -> {0, 24}
std::vector<int> statuses(const char* option, std::string_view text);
/// A regular expression that compiles.
std::string pattern(const char* option, const char* text);
/// A host, a monitor: letters, digits, `.`, `_`, `-`.
std::string name(const char* option, const std::string& text);
std::string tag(const std::string& text);
std::string one_of(const char* option, const std::string& text,
                   std::initializer_list<std::string_view> words);

}  // namespace sheepdog::option
