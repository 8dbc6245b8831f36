// connect.cc -- connect(2) and getaddrinfo(3), neither of which knows a time limit.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "connect.hh"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;
using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

[[noreturn]] void fail(int error) {
  throw std::runtime_error{error == ETIMEDOUT ? "timed out"
                                              : std::generic_category().message(error)};
}

/// getaddrinfo(3) in this thread; throws its reason.
Addresses look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error == EAI_SYSTEM) fail(errno);
  if (error) throw std::runtime_error{gai_strerror(error)};
  return {found, freeaddrinfo};
}

/// Runs `work` in a thread that no signal of ours disturbs, and leaves it alone at the deadline: a
/// name server that does not answer holds it for half a minute.
template <typename Work>
auto by_deadline(Work work, Clock::time_point deadline) {
  std::packaged_task<decltype(work())()> task{std::move(work)};
  auto result = task.get_future();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread{std::move(task)}.detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (result.wait_until(deadline) != std::future_status::ready)
    throw std::runtime_error{"the look-up of its name timed out"};
  return result.get();
}

Addresses addresses_of(const std::string& host, int port, Clock::time_point deadline) {
  const auto service = std::to_string(port);
  try {
    return look_up(host, service, AI_NUMERICHOST);
  } catch (const std::runtime_error&) {  // a name: somebody must be asked
    return by_deadline([host, service] { return look_up(host, service, AI_ADDRCONFIG); }, deadline);
  }
}

Descriptor connect_address(int family, const sockaddr* address, socklen_t length,
                           Clock::time_point deadline) {
  Descriptor fd{socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) fail(errno);
  if (connect(fd.get(), address, length) == 0) return fd;
  // EAGAIN: the backlog of a Unix socket is full; nothing would tell when it is not.
  if (errno != EINPROGRESS && errno != EINTR) fail(errno);
  if (wait_for(fd, POLLOUT, deadline) == 0) fail(ETIMEDOUT);
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size)) fail(errno);
  if (error) fail(error);
  return fd;
}

}  // namespace

short wait_for(const Descriptor& fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd watched{fd.get(), events, 0};
    const int n = poll(&watched, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
    if (n > 0) return watched.revents;
    if (n == 0) return 0;
    if (errno != EINTR) fail(errno);
  }
}

Descriptor connect_tcp(const std::string& host, int port, Clock::time_point deadline) {
  const auto addresses = addresses_of(host, port, deadline);
  std::string reason = "no address";
  int left = 0;
  for (const auto* a = addresses.get(); a; a = a->ai_next) ++left;
  for (const auto* a = addresses.get(); a; a = a->ai_next, --left) {
    try {
      // Each gets its share of the time, so that one that swallows packets leaves some.
      const auto share = Clock::now() + (deadline - Clock::now()) / left;
      auto fd = connect_address(a->ai_family, a->ai_addr, a->ai_addrlen, share);
      const int on = 1;
      setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
      return fd;
    } catch (const std::runtime_error& e) {
      reason = e.what();
    }
  }
  throw std::runtime_error{reason};
}

Descriptor connect_unix(const std::string& path, Clock::time_point deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) fail(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  return connect_address(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address,
                         deadline);
}

}  // namespace sheepdog
