// seconds.hh -- the unit of time limits in C++.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>

namespace sheepdog {

/// Limits and patience. Instants that are kept or sent are integers in milliseconds instead.
using Seconds = std::chrono::duration<double>;

}  // namespace sheepdog
