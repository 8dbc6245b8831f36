// fit.hh -- a message made small enough: its output is cut further, nothing else.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "json.hh"
#include "queue.hh"

namespace sheepdog {

/// `message` as JSON in at most `limit` bytes. Where it is larger, the middle of `outcome.stdout`
/// is left out, then of `outcome.stderr`, and `outcome.cut` is true; status and command stay as
/// they are. Throws Error::bad_message when that does not suffice.
std::string fit_message(Json message, std::size_t limit = max_message);

/// `text` with its middle left out, so that `keep` bytes of it remain, a sixth of them at the
/// beginning, cut at line ends where there are some near, with a line `[... N bytes left out ...]`
/// between. A `text` that is cut already is cut there again, and N counts both.
std::string cut_middle(std::string_view text, std::size_t keep);

}  // namespace sheepdog
