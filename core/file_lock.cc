// file_lock.cc -- asked again and again.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "file_lock.hh"

#include <sys/file.h>

#include <cerrno>
#include <thread>

#include "spool_file.hh"

namespace sheepdog {

FileLock::FileLock(const Descriptor& file, Deadline deadline) : fd_{file.get()} {
  while (!(held_ = flock(fd_, LOCK_EX | LOCK_NB) == 0)) {
    if (errno != EWOULDBLOCK && errno != EINTR) spool_failed("lock the spool");
    if (std::chrono::steady_clock::now() >= deadline) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

FileLock::~FileLock() {
  if (held_) flock(fd_, LOCK_UN);
}

}  // namespace sheepdog
