// version.hh -- which Sheepdog this is.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sheepdog {

/// What `--version` prints: "sheepdog (Sheepdog) 0.1".
extern const char* const version;

}  // namespace sheepdog
