// prepare.hh -- what a main does first.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sheepdog {

/// From now on descriptors 0 to 2 are there, text is UTF-8 in any locale, and messages come from
/// `program`.
void prepare_process(const char* program);

}  // namespace sheepdog
