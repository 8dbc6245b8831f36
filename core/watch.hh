// watch.hh -- from an understood command line to the end of the process.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "options.hh"
#include "paths.hh"

namespace sheepdog {

/// What a main does first: descriptors 0 to 2 are there, text is UTF-8 in any locale.
void prepare_process(const char* program);

/// Read the configuration that counts, put the options over it, run the command, end the process as
/// the command did.
[[noreturn]] void watch(const Invocation& invocation);

}  // namespace sheepdog
