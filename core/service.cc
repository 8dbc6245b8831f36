// service.cc -- signals through a pipe, datagrams to the service manager.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "service.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "error.hh"

namespace sheepdog {
namespace {

// A handler may run in any thread, Guile's too: it only writes a byte, which `poll` sees even when
// the signal came just before it.
int wishes[2] = {-1, -1};
void (*on_stop)() noexcept = nullptr;

void on_signal(int signal) {
  const int saved = errno;
  const char byte = signal == SIGHUP ? 'h' : 's';
  if (signal != SIGHUP && on_stop) on_stop();
  [[maybe_unused]] const auto written = write(wishes[1], &byte, 1);
  errno = saved;
}

}  // namespace

void catch_signals(void (*at_stop)() noexcept) {
  if (wishes[0] >= 0) return;
  on_stop = at_stop;
  if (pipe2(wishes, O_CLOEXEC | O_NONBLOCK) != 0)
    throw Error{Error::Code::broken, std::string{"cannot make a pipe: "} + std::strerror(errno)};
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaction(signal, &action, nullptr);
}

std::optional<Wish> wait_for_wish(Seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting{wishes[0], POLLIN, 0};
    const int ready =
        poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000)));
    if (ready > 0) {
      char bytes[64];
      const auto count = read(wishes[0], bytes, sizeof bytes);
      if (count <= 0) continue;
      const bool stop = std::memchr(bytes, 's', static_cast<std::size_t>(count)) != nullptr;
      return stop ? Wish::stop : Wish::reload;
    }
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
  }
}

void notify_manager(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path == nullptr || *path == '\0' || std::strlen(path) >= sizeof address.sun_path) return;
  std::strcpy(address.sun_path, path);
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  if (*path == '@') address.sun_path[0] = '\0';  // abstract
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
         size);
  close(fd);
}

}  // namespace sheepdog
