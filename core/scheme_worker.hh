// scheme_worker.hh -- the primitives by which Scheme tells the supervisor what it does.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sheepdog {

/// Define them in the current module.
void define_worker_primitives();

}  // namespace sheepdog
