// version_order.hh -- which of two versions of a package is the newer one.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace sheepdog {

/// Less than 0, 0 or more than 0, as `a` is older than, as old as or newer than `b`, by Debian's rule
/// (deb-version(7)): epoch, upstream version and revision; `~` comes before everything, even the
/// end, letters before other characters, and digits count as numbers: 1.0~rc1 < 1.0 < 1.9 < 1.10.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace sheepdog
