// watch.hh -- from an understood command line to the end of the process.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "options.hh"

namespace sheepdog {

/// Read the configuration that counts, put the options over it, run the command, end the process as
/// the command did.
[[noreturn]] void watch(const Invocation& invocation);

}  // namespace sheepdog
