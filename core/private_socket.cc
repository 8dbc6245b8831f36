// private_socket.cc -- bind without a moment in which others could connect, accept, read, write.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "private_socket.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "connect.hh"
#include "error.hh"
#include "paths.hh"

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& path, const std::string& why, std::string hint = {}) {
  throw Error{Error::Code::broken, fmt::format("cannot listen at {}: {}", path, why),
              std::move(hint)};
}

[[noreturn]] void fail_errno(const std::string& path) { fail(path, std::strerror(errno)); }

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  constexpr auto most = sizeof address.sun_path - 1;
  if (path.size() > most)
    fail(path, fmt::format("the name is longer than {} bytes, the most of a Unix socket", most));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// The directory of `path`, there and ours; locked, so that of two who start at once the second sees
/// what the first has made.
Descriptor lock_directory(const std::string& path) {
  const std::string directory = std::filesystem::path{path}.parent_path();
  make_directory(directory, 0700);
  Descriptor fd{open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat status {};
  if (!fd || fstat(fd.get(), &status)) fail_errno(path);
  if ((status.st_uid != geteuid() && status.st_uid != 0) || (status.st_mode & 0022))
    fail(path, "others can write its directory", fmt::format("chmod 0700 {}", directory));
  while (flock(fd.get(), LOCK_EX))
    if (errno != EINTR) fail_errno(path);
  return fd;
}

/// Make room at `path`: what is there must be a socket where nobody listens.
void remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (lstat(path.c_str(), &status)) {
    if (errno == ENOENT) return;
    fail_errno(path);
  }
  if (!S_ISSOCK(status.st_mode)) fail(path, "it exists, and is no socket");
  const Descriptor probe{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const auto* raw = reinterpret_cast<const sockaddr*>(&address);
  // EAGAIN: so many wait to be let in that somebody must be there.
  if (connect(probe.get(), raw, sizeof address) == 0 || errno == EAGAIN)
    fail(path, "another process listens there");
  if (errno != ECONNREFUSED) fail_errno(path);
  if (unlink(path.c_str())) fail_errno(path);
}

Clock::time_point after(Seconds patience) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
}

}  // namespace

Connection::Connection(Descriptor socket) : socket_{std::move(socket)} {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size))
    throw Error{Error::Code::broken, fmt::format("who connects? {}", std::strerror(errno))};
  uid_ = peer.uid, pid_ = peer.pid;
}

std::size_t Connection::read(char* to, std::size_t size) {
  for (;;) {
    const ssize_t n = recv(socket_.get(), to, size, 0);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return 0;  // a connection that was reset is at its end
  }
}

bool Connection::write(std::string_view bytes, Seconds patience) {
  const auto deadline = after(patience);
  while (!bytes.empty()) {
    const ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
      bytes.remove_prefix(static_cast<std::size_t>(n));
    else if (errno == EAGAIN ? !wait_for(socket_, POLLOUT, deadline) : errno != EINTR)
      return shut(), false;
  }
  return true;
}

bool Connection::readable() const { return wait_for(socket_, POLLIN, Clock::now()) != 0; }

void Connection::shut() { shutdown(socket_.get(), SHUT_RDWR); }

PrivateSocket::PrivateSocket(const std::string& path) : path_{path} {
  const sockaddr_un address = address_of(path);
  const Descriptor directory = lock_directory(path);
  remove_stale(path, address);
  Descriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  // On Linux its name gets the mode that it has itself: no umask of the whole process is changed,
  // beside which another thread might make a file.
  struct stat status {};
  if (!fd || fchmod(fd.get(), 0600) ||
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ||
      listen(fd.get(), 8) || lstat(path.c_str(), &status))
    fail_errno(path);
  inode_ = status.st_ino;
  socket_ = std::move(fd);
}

PrivateSocket::~PrivateSocket() { shut(); }

std::unique_ptr<Connection> PrivateSocket::accept(Seconds patience) {
  const auto deadline = after(patience);
  for (;;) {
    const short ready = wait_for(socket_, POLLIN, deadline);
    if (!ready) return nullptr;
    if (ready & POLLHUP) throw Error{Error::Code::closed, path_ + " is shut"};
    Descriptor fd{accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (fd) return std::make_unique<Connection>(std::move(fd));
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      std::this_thread::sleep_for(std::chrono::milliseconds{100});  // it stays in line
  }
}

void PrivateSocket::shut() {
  shutdown(socket_.get(), SHUT_RDWR);
  struct stat status {};
  if (inode_ && !lstat(path_.c_str(), &status) && status.st_ino == inode_) unlink(path_.c_str());
  inode_ = 0;
}

}  // namespace sheepdog
