// watch.cc -- what stands before the wrapper: the configuration's values, then the options.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "watch.hh"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <clocale>
#include <utility>

#include "log.hh"
#include "wrapper.hh"

namespace sheepdog {

void prepare_process(const char* program) {
  for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;  // it was closed, and what we open must not take its place
    close(fd);
    break;
  }
  // Cron's C locale would make `?` of all that is not ASCII, in regular expressions and in Guile.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  open_log(program, {});
}

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
