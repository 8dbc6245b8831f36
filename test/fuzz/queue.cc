// queue.cc -- a queue whose server answers anything: an Error at most, and entries that are
// bounded. SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "descriptor.hh"
#include "error.hh"
#include "log.hh"
#include "redis_queue.hh"
#include "target.hh"

namespace sheepdog::fuzz {
namespace {

/// The name of an abstract socket of this process, as a path.
std::string socket_name() {
  return std::string{'\0'} + "sheepdog-fuzz-" + std::to_string(getpid());
}

/// Answers each connection with the next part of a script, and no more: whoever asks again connects
/// again, so nobody ever waits for anything.
class Server {
 public:
  explicit Server(std::string_view script) : script_{script} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = socket_name();
    std::memcpy(address.sun_path, name.data(), name.size());
    listening_ = Descriptor{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    promise(bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                listen(listening_.get(), 8) == 0,
            "a socket can be had");
    thread_ = std::thread{[this] { serve(); }};
  }
  ~Server() {
    shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }
  Server(const Server&) = delete;

 private:
  void serve() {
    std::vector<Descriptor> connections;  // closed at the end: a reset would lose what was said
    for (;;) {
      const int fd = accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      connections.emplace_back(fd);
      const std::string_view part = next_part();
      [[maybe_unused]] const auto sent =
          send(fd, part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      shutdown(fd, SHUT_WR);
    }
  }

  std::string_view next_part() {
    constexpr std::string_view mark = "%%\r\n";
    const std::string_view part = script_.substr(0, script_.find(mark));
    script_.remove_prefix(std::min(script_.size(), part.size() + mark.size()));
    return part;
  }

  std::string_view script_;
  Descriptor listening_;
  std::thread thread_;
};

/// Keeps warnings out of the log.
struct Quiet {
  Quiet() { open_log("sheepdog", {"stderr", Level::error}); }
  ~Quiet() { open_log("sheepdog", {}); }
};

/// Whether `work` went well; an Error is the only way in which it may not.
template <typename Work>
bool works(Work work) {
  try {
    work();
    return true;
  } catch (const Error& e) {
    promise(e.code() == Error::Code::queue_unreachable || e.code() == Error::Code::queue_refused,
            "an error of a queue is one of its two");
    return false;
  }
}

void check(const Entry& entry) {
  promise(entry.message.size() <= max_message, "a message is bounded");
  promise(entry.length >= static_cast<std::int64_t>(entry.message.size()), "its length is said");
  promise(entry.first >= 0 && (!entry.sent || *entry.sent >= 0), "its numbers are in range");
}

}  // namespace

bool queue(std::string_view bytes) {
  const Quiet quiet;
  const Server server{bytes};
  QueueAddress address;
  address.transport = QueueAddress::Transport::redis;
  address.socket = socket_name();
  RedisQueue queue{address, "host:1:worker"};
  std::vector<std::string> ids;
  const bool claimed = works([&] {
    for (const Entry& entry : queue.claim(5, Seconds{0})) {
      check(entry);
      ids.push_back(entry.id);
    }
  });
  works([&] { queue.acknowledge(ids, {{"sender", 1}}); });
  works([&] { queue.acknowledged("sender"); });
  works([&] {
    const Depth depth = queue.depth();
    promise(depth.waiting >= 0 && depth.claimed >= 0, "a queue is not less than empty");
  });
  works([&] { queue.describe(); });
  works([&] { queue.push(std::vector<Outgoing>{{.message = "{}"}}); });
  return claimed && !ids.empty();
}

}  // namespace sheepdog::fuzz
