// quantity.hh -- durations and sizes as people write them.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "seconds.hh"

namespace sheepdog {

/// Seconds of "90s" "5m" "36h" "2d" "1w" (decimals allowed: "0.5s"), to the millisecond and up to
/// 1000 years; nothing if it is none. (sheepdog quantity) reads the same.
std::optional<Seconds> parse_duration(std::string_view text);

/// Bytes of "64KiB" "10MB" "512"; nothing if it is none.
std::optional<std::int64_t> parse_size(std::string_view text);

}  // namespace sheepdog
