// file_lock.hh -- flock(2) for the length of a scope, with a time limit that it has not itself.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <utility>

#include "descriptor.hh"

namespace sheepdog {

using Deadline = std::chrono::steady_clock::time_point;

/// The lock on a file or directory.
class FileLock {
 public:
  /// Look until `deadline`, every few ms; once when that is over. Throws Error::spool_failed when
  /// the file system knows no locks.
  FileLock(const Descriptor& file, Deadline deadline);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : fd_{other.fd_}, held_{std::exchange(other.held_, false)} {}
  FileLock& operator=(FileLock&&) = delete;
  explicit operator bool() const { return held_; }

 private:
  int fd_;
  bool held_ = false;
};

}  // namespace sheepdog
