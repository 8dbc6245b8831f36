// prepare.cc -- what nobody may take for granted in a process that cron starts.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "prepare.hh"

#include <fcntl.h>
#include <unistd.h>

#include <clocale>

#include "log.hh"

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

}  // namespace sheepdog
