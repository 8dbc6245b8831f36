// lock.hh -- one at a time: a locked file that names its holder.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "descriptor.hh"
#include "seconds.hh"

namespace sheepdog {

/// Who holds a lock, as the file says: the process to be named and signalled, which is the
/// supervisor if a worker holds it; 0 where it does not say.
struct Holder {
  pid_t pid = 0;
  std::int64_t since = 0;  // epoch ms
};

/// A lock (flock(2)) that ends with this object or with the process, even by `kill -9`, and that no
/// child keeps (close-on-exec). The file stays: removing it would let two in.
class Lock {
 public:
  /// Wait at most `patience`. Nothing: it is ours now, and `file` says so. Throws Error::broken
  /// when the file cannot be used.
  std::optional<Holder> acquire(const std::string& file, Seconds patience = Seconds{0});
  void release() { file_.close(); }

 private:
  Descriptor file_;
};

/// The same for a lock that lasts until the process ends or `release_lock`: the holder's pid, or
/// nothing when it is ours now (again).
std::optional<std::int64_t> hold_lock(const std::string& file, Seconds patience);
void release_lock(const std::string& file);

}  // namespace sheepdog
