// private_socket.hh -- a Unix socket that only its owner can open, and those who came in.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "descriptor.hh"
#include "seconds.hh"

namespace sheepdog {

/// One who has connected.
class Connection {
 public:
  explicit Connection(Descriptor socket);

  /// Who is at the other end (SO_PEERCRED, unix(7)).
  [[nodiscard]] uid_t uid() const { return uid_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Wait for bytes; how many came, at most `size`; 0: the other end is gone, or this one shut.
  std::size_t read(char* to, std::size_t size);

  /// Whether read() would return at once.
  [[nodiscard]] bool readable() const;

  /// Write all of `bytes`; false, and shut, when the other end is gone or does not read them within
  /// `patience`.
  bool write(std::string_view bytes, Seconds patience);

  /// End it, from any thread: who reads from it reads its end.
  void shut();

  /// Let go of the descriptor; then it is as shut.
  void close() { socket_.close(); }

 private:
  Descriptor socket_;
  uid_t uid_ = 0;
  pid_t pid_ = 0;
};

/// A listening socket, mode 0600; gone from the file system when it is shut or at its end.
class PrivateSocket {
 public:
  /// Listen at `path`. A missing directory is made, mode 0700; one that others can write is refused,
  /// since they could put a socket of theirs in our place. What a dead process left is removed.
  /// Throws Error::broken, also when a living one listens there.
  explicit PrivateSocket(const std::string& path);
  ~PrivateSocket();
  PrivateSocket(const PrivateSocket&) = delete;
  PrivateSocket& operator=(const PrivateSocket&) = delete;

  /// The next who connects; nobody when `patience` is over. Throws Error::closed once it is shut.
  std::unique_ptr<Connection> accept(Seconds patience);

  /// End it, from any thread.
  void shut();

 private:
  std::string path_;
  Descriptor socket_;
  ino_t inode_ = 0;  // of the socket's name
};

}  // namespace sheepdog
