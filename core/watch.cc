// watch.cc -- what stands before the wrapper: the configuration's values, then the options.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "watch.hh"

#include <malloc.h>

#include <utility>

#include "log.hh"
#include "wrapper.hh"

namespace sheepdog {

void watch(const Invocation& invocation) {
  // One arena of memory for all threads: making another costs more than the few ever wait for it.
  mallopt(M_ARENA_MAX, 1);
  for (const auto& warning : invocation.warnings) complain(warning, {}, "warning");
  const Paths paths = find_paths();
  Settings settings = read_settings(find_configuration(invocation.common.config, paths), paths);
  for (const auto& change : invocation.changes) change(settings);
  end_process(wrap(*invocation.command, std::move(settings), invocation.wishes, paths));
}

}  // namespace sheepdog
