// scheme_errands.hh -- the primitives by which Scheme has programs run beside its own work.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sheepdog {

/// Define them in the current module.
void define_errand_primitives();

}  // namespace sheepdog
