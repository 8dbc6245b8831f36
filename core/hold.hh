// hold.hh -- output held back until it is known whether anybody wants to see it.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "descriptor.hh"

namespace sheepdog {

/// Two streams in the order in which their pieces came: a little in memory, the rest in an unlinked
/// temporary file. Where there is no room for that, it is not complete. Any thread may `put`.
class Hold {
 public:
  void put(int stream, std::string_view bytes);  // stream: 1 or 2
  [[nodiscard]] bool complete() const;

  /// Write all of it to descriptors 1 and 2; false when one could not be written.
  bool release();

 private:
  bool spill();

  mutable std::mutex mutex_;
  bool complete_ = true;
  std::string recent_;  // pieces: a byte for the stream, 4 for the length, the bytes
  Descriptor file_;     // the older pieces
};

/// Write all of `bytes` to `fd`, however long that takes; false, with errno set, when it cannot be.
bool write_all(int fd, std::string_view bytes);

}  // namespace sheepdog
