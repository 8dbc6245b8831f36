// secret.hh -- where a password comes from when it is needed, not before.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "seconds.hh"

namespace sheepdog {

/// Gives the first line of `file`, or of what `argv` prints on stdout within `limit`. Both throw
/// Error::queue_refused when there is none; an argv that fails tells its last line of stderr.
std::function<std::string()> password_from_file(std::string file);
std::function<std::string()> password_from_command(std::vector<std::string> argv, Seconds limit);

}  // namespace sheepdog
