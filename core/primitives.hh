// primitives.hh -- what Scheme sees of us.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sheepdog {

/// Define module (sheepdog core). In Guile mode, once.
void define_core_module();

}  // namespace sheepdog
