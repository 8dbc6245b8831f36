// redis.cc -- a poll loop carries the bytes, hiredis (0.14 and 1.x) formats and parses them.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redis.hh"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "connect.hh"

namespace sheepdog {
namespace {

constexpr std::size_t max_reply = 32 * 1024 * 1024;

using Reader = std::unique_ptr<redisReader, decltype(&redisReaderFree)>;

std::string format(std::span<const Command> commands) {
  std::string bytes;
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const auto& command : commands) {
    words.clear(), lengths.clear();
    for (const auto& word : command) words.push_back(word.data()), lengths.push_back(word.size());
    char* text = nullptr;
    const auto n =
        redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), lengths.data());
    const std::unique_ptr<char, decltype(&redisFreeCommand)> owned{text, redisFreeCommand};
    if (n < 0) throw std::bad_alloc{};
    bytes.append(text, static_cast<std::size_t>(n));
  }
  return bytes;
}

Reply convert(const redisReply& raw) {
  Reply reply;
  switch (raw.type) {
    case REDIS_REPLY_NIL:
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::integer;
      reply.integer = raw.integer;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::list;
      reply.items.reserve(raw.elements);
      for (std::size_t i = 0; i < raw.elements; ++i)
        reply.items.push_back(convert(*raw.element[i]));
      break;
    default:  // strings, statuses, errors
      reply.kind = raw.type == REDIS_REPLY_ERROR ? Reply::Kind::error : Reply::Kind::text;
      reply.text.assign(raw.str, static_cast<std::size_t>(raw.len));
  }
  return reply;
}

std::string errno_text() { return std::generic_category().message(errno); }

}  // namespace

struct Redis::State {
  QueueAddress address;
  Descriptor socket;
  Reader reader{nullptr, redisReaderFree};
  std::int64_t generation = 0;

  void drop() {
    socket.close();
    reader.reset();
  }

  /// Whether the other side has closed it, or speaks unasked, since the last round.
  [[nodiscard]] bool stale() const { return wait_for(socket, POLLIN, Clock::time_point{}) != 0; }

  void connect(Clock::time_point deadline) {
    drop();
    if (address.secret) address.password = address.secret();
    socket = address.socket.empty() ? connect_tcp(address.host, address.port, deadline)
                                    : connect_unix(address.socket, deadline);
    reader.reset(redisReaderCreate());
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
    std::size_t fed = 0;
    while (replies.size() < wanted) {
      const auto ready =
          wait_for(socket, static_cast<short>(POLLIN | (bytes.empty() ? 0 : POLLOUT)), deadline);
      if (ready == 0) throw std::runtime_error{"timed out"};
      if (ready & POLLOUT) bytes.remove_prefix(send_some(bytes));
      if (!(ready & (POLLIN | POLLHUP | POLLERR))) continue;
      fed += receive_some();
      const auto before = replies.size();
      while (replies.size() < wanted && take(replies)) fed = 0;
      if (replies.size() == before && fed > max_reply) throw ReplyTooLarge{};
    }
    return replies;
  }

  std::size_t send_some(std::string_view bytes) const {
    const auto n = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EAGAIN || errno == EINTR) return 0;
    throw std::runtime_error{errno_text()};
  }

  std::size_t receive_some() {
    std::array<char, 256 * 1024> buffer;
    const auto n = recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0) throw std::runtime_error{"it closed the connection"};
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n < 0) throw std::runtime_error{errno_text()};
    if (redisReaderFeed(reader.get(), buffer.data(), static_cast<std::size_t>(n)) != REDIS_OK)
      throw std::runtime_error{reader->errstr};
    return static_cast<std::size_t>(n);
  }

  bool take(std::vector<Reply>& replies) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader.get(), &raw) != REDIS_OK)
      throw std::runtime_error{std::string{"no answer of Redis: "} + reader->errstr};
    if (!raw) return false;
    const std::unique_ptr<void, decltype(&freeReplyObject)> owned{raw, freeReplyObject};
    replies.push_back(convert(*static_cast<redisReply*>(raw)));
    return true;
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
      for (const auto& reply : state.exchange(format(greeting), greeting.size(), deadline))
        check(reply);
    }
    return state.exchange(format(commands), commands.size(), deadline);
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
