// instant.hh -- now, as it is kept and sent.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>

namespace sheepdog {

/// Milliseconds since the epoch, by the clock of this machine. Limits are measured otherwise.
inline std::int64_t epoch_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace sheepdog
