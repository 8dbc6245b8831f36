// redis.cc -- a poll loop that carries the bytes, and when it gives up.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redis.hh"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "connect.hh"

namespace sheepdog {
namespace {

std::string errno_text() { return std::generic_category().message(errno); }

}  // namespace

struct Redis::State {
  QueueAddress address;
  Descriptor socket;
  std::optional<ReplyReader> reader;
  std::int64_t generation = 0;

  void drop() {
    socket.close();
    reader.reset();
  }

  /// Whether the other side has closed it, or speaks unasked, since the last round.
  [[nodiscard]] bool stale() const {
    return reader->has_more() || wait_for(socket, POLLIN, Clock::time_point{}) != 0;
  }

  void connect(Clock::time_point deadline) {
    drop();
    if (address.secret) address.password = address.secret();
    socket = address.socket.empty() ? connect_tcp(address.host, address.port, deadline)
                                    : connect_unix(address.socket, deadline);
    reader.emplace();
    ++generation;
  }

  std::vector<Command> greeting(const std::string& database) const {
    std::vector<Command> commands;
    if (!address.user.empty()) {
      commands.push_back({"AUTH", address.user, address.password});
    } else if (!address.password.empty()) {
      commands.push_back({"AUTH", address.password});
    }
    if (address.database != 0) commands.push_back({"SELECT", database});
    return commands;
  }

  /// Write `bytes` and read `wanted` replies, both as it goes: a server that answers much while we
  /// still send would else wait for us as we for it.
  std::vector<Reply> exchange(std::string_view bytes, std::size_t wanted,
                              Clock::time_point deadline) {
    std::vector<Reply> replies;
    reader->begin_round();
    while (replies.size() < wanted) {
      const auto ready =
          wait_for(socket, static_cast<short>(POLLIN | (bytes.empty() ? 0 : POLLOUT)), deadline);
      // Also when there always is something to read, byte by byte.
      if (ready == 0 || Clock::now() > deadline) throw std::runtime_error{"timed out"};
      if (ready & POLLOUT) bytes.remove_prefix(send_some(bytes));
      if (!(ready & (POLLIN | POLLHUP | POLLERR))) continue;
      receive_some();
      while (replies.size() < wanted) {
        auto reply = reader->next();
        if (!reply) break;
        replies.push_back(std::move(*reply));
      }
    }
    return replies;
  }

  std::size_t send_some(std::string_view bytes) const {
    const auto n = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EAGAIN || errno == EINTR) return 0;
    throw std::runtime_error{errno_text()};
  }

  void receive_some() {
    std::array<char, 256 * 1024> buffer;
    const auto n = recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0) throw std::runtime_error{"it closed the connection"};
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) throw std::runtime_error{errno_text()};
    reader->feed({buffer.data(), static_cast<std::size_t>(n)});
  }
};

Redis::Redis(QueueAddress address) : state_{std::make_unique<State>()} {
  state_->address = std::move(address);
}
Redis::~Redis() = default;
Redis::Redis(Redis&&) noexcept = default;

std::int64_t Redis::generation() const { return state_->generation; }
const QueueAddress& Redis::address() const { return state_->address; }

std::vector<Reply> Redis::run(std::span<const Command> commands, Clock::time_point deadline) {
  auto& state = *state_;
  const auto hint =
      state.address.socket.empty()
          ? fmt::format("'redis-cli -h {} -p {} ping' should say PONG", state.address.host,
                        state.address.port)
          : fmt::format("'redis-cli -s {} ping' should say PONG", state.address.socket);
  try {
    if (!state.socket || state.stale()) {
      state.connect(deadline);
      const auto database = std::to_string(state.address.database);
      const auto greeting = state.greeting(database);
      for (const auto& reply : state.exchange(to_bytes(greeting), greeting.size(), deadline))
        check(reply);
    }
    return state.exchange(to_bytes(commands), commands.size(), deadline);
  } catch (const Error&) {
    state.drop();
    throw;
  } catch (const std::runtime_error& e) {
    state.drop();
    throw Error{Error::Code::queue_unreachable,
                fmt::format("cannot reach redis at {}: {}", state.address.place(), e.what()), hint};
  } catch (...) {
    state.drop();
    throw;
  }
}

Reply Redis::run(const Command& command, Clock::time_point deadline) {
  return run(std::span{&command, 1}, deadline).front();
}

Reply Redis::run_although_full(const Command& command, Clock::time_point deadline) {
  auto reply = run(command, deadline);
  if (!reply.is_error("OOM")) return reply;
  const auto script = std::string{although_full} + "return redis.call(unpack(ARGV))";
  Command same{"EVAL", script, "0"};
  same.insert(same.end(), command.begin(), command.end());
  auto second = run(same, deadline);
  return second.is_error("ERR Error compiling") ? reply : second;
}

std::vector<Reply> Redis::must(std::span<const Command> commands, Clock::time_point deadline) {
  auto replies = run(commands, deadline);
  for (const auto& reply : replies) check(reply);
  return replies;
}

Reply Redis::must(const Command& command, Clock::time_point deadline) {
  return must(std::span{&command, 1}, deadline).front();
}

void Redis::check(const Reply& reply) const {
  if (reply.kind != Reply::Kind::error) return;
  static constexpr std::array passing{"LOADING", "BUSY ", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN"};
  const bool passes = std::any_of(passing.begin(), passing.end(),
                                  [&](const char* word) { return reply.is_error(word); });
  throw Error{passes ? Error::Code::queue_unreachable : Error::Code::queue_refused,
              fmt::format("redis at {} refuses: {}", state_->address.place(), reply.text)};
}

}  // namespace sheepdog
