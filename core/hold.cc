// hold.cc -- a temporary file of pieces, each with its stream.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "hold.hh"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace sheepdog {
namespace {

constexpr std::size_t in_memory = 64 * 1024;

/// A file without a name in $TMPDIR or /tmp.
Descriptor nameless_file() {
  const char* given = std::getenv("TMPDIR");
  const std::string directory = given && *given ? given : "/tmp";
  Descriptor file{open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file) return file;
  std::string name = directory + "/sheepdog.XXXXXX";  // a file system without O_TMPFILE
  file = Descriptor{mkostemp(name.data(), O_CLOEXEC)};
  if (file) unlink(name.c_str());
  return file;
}

/// What a read of the pieces has at hand: a window that moves through the file, then memory.
class Pieces {
 public:
  Pieces(int file, std::string_view recent) : file_{file}, recent_{recent} {
    if (file_ >= 0) lseek(file_, 0, SEEK_SET);
  }

  /// Exactly `size` bytes into `to`; false at the end.
  bool read(char* to, std::size_t size) {
    while (size > 0 && file_ >= 0) {
      const ssize_t n = ::read(file_, to, size);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        file_ = -1;
        break;
      }
      to += n, size -= static_cast<std::size_t>(n);
    }
    if (size > recent_.size()) return false;
    std::memcpy(to, recent_.data(), size);
    recent_.remove_prefix(size);
    return true;
  }

 private:
  int file_;
  std::string_view recent_;
};

}  // namespace

void Hold::put(int stream, std::string_view bytes) {
  const std::lock_guard guard{mutex_};
  if (!complete_ || bytes.empty()) return;
  const auto size = static_cast<std::uint32_t>(bytes.size());
  char head[5] = {static_cast<char>(stream)};
  std::memcpy(head + 1, &size, sizeof size);
  recent_.append(head, sizeof head).append(bytes);
  if (recent_.size() > in_memory && !spill()) {
    complete_ = false;
    recent_.clear();
    file_.close();
  }
}

bool Hold::spill() {
  if (!file_) file_ = nameless_file();
  const bool written = file_ && write_all(file_.get(), recent_);
  recent_.clear();
  return written;
}

bool Hold::complete() const {
  const std::lock_guard guard{mutex_};
  return complete_;
}

bool Hold::release() {
  const std::lock_guard guard{mutex_};
  Pieces pieces{file_ ? file_.get() : -1, recent_};
  char head[5];
  std::vector<char> bytes;
  bool written = true;
  while (pieces.read(head, sizeof head)) {
    std::uint32_t size = 0;
    std::memcpy(&size, head + 1, sizeof size);
    bytes.resize(size);
    if (!pieces.read(bytes.data(), size)) return false;
    written = write_all(head[0], {bytes.data(), size}) && written;
  }
  recent_.clear();
  file_.close();
  return written;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {  // somebody made our stdout non-blocking
      pollfd ready{fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace sheepdog
