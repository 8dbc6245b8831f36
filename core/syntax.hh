// syntax.hh -- what is written between the first and the last character of a configuration.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "reader.hh"

namespace sheepdog {

/// The part of read_data that is about syntax. `text` is valid UTF-8 without NUL; one in which
/// nothing stands gives neither data nor problems.
Reading read_syntax(std::string_view text, const std::string& file);

}  // namespace sheepdog
