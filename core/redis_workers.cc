// redis_workers.cc -- a lock that the kernel gives back, a counter for those far away.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redis_workers.hh"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "paths.hh"

namespace sheepdog {
namespace {

constexpr std::string_view page = "500";  // entries that change hands at once

// Only a consumer without pending entries may go: with it they would go for good.
constexpr std::string_view forget = R"(
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
  redis.call('HDEL', KEYS[2], ARGV[2])
end)";

std::string make_name() {
  std::uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random)
    random = static_cast<std::uint64_t>(Redis::Clock::now().time_since_epoch().count());
  return fmt::format("{}:{}:{:016x}", short_host_name(), getpid(), random);
}

/// Bind `name` as an abstract socket; no descriptor when somebody has it, or it is too long.
Descriptor bind_name(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "sheepdog/" + name;
  if (path.size() >= sizeof address.sun_path) return Descriptor{};
  std::copy(path.begin(), path.end(), address.sun_path + 1);  // after a NUL byte
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
  Descriptor fd{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length))
    return Descriptor{};
  return fd;
}

Redis::Clock::time_point after(Seconds time) {
  return Redis::Clock::now() + std::chrono::duration_cast<Redis::Clock::duration>(time);
}

std::string host_of(const std::string& worker) {
  const auto colon = worker.find(':');
  return colon == worker.npos ? "" : worker.substr(0, colon);
}

}  // namespace

RedisWorker::RedisWorker(RedisGroup group, std::string name)
    : RedisWorker{std::move(group), std::move(name), Pace{}} {}

RedisWorker::RedisWorker(RedisGroup group, std::string name, Pace pace)
    : group_{std::move(group)},
      name_{name.empty() ? make_name() : std::move(name)},
      host_{host_of(name_)},
      pace_{pace},
      life_{bind_name(name_)} {}

bool RedisWorker::is_dead(const std::string& other, const std::string& counter) {
  if (!host_.empty() && host_of(other) == host_) return static_cast<bool>(bind_name(other));
  const auto now = Clock::now();
  const auto [seen, is_new] = watched_.try_emplace(other, Watched{counter, now});
  if (seen->second.counter != counter) seen->second = {counter, now};
  return now - seen->second.since >= pace_.silence;
}

bool RedisWorker::tend(Redis& redis, std::int64_t held, Clock::time_point deadline) {
  if (generation_ != redis.generation() && next_ != Clock::time_point{}) {
    generation_ = redis.generation();
    next_ = std::min(next_, after(pace_.settling));
  }
  if (Clock::now() < next_) return false;
  const std::vector<Command> commands{{"HINCRBY", group_.lives, name_, "1"},
                                      {"HGETALL", group_.lives},
                                      {"XINFO", "CONSUMERS", group_.stream, group_.group}};
  // An error is no consumer: the group may be gone.
  const auto replies = redis.run(commands, deadline);
  // Without memory others would take us for dead.
  if (replies[0].is_error("OOM")) redis.run_although_full(commands[0], deadline);
  std::map<std::string, std::string> counters;
  for (std::size_t i = 0; i + 1 < replies[1].items.size(); i += 2)
    counters[replies[1].items[i].text] = replies[1].items[i + 1].text;
  bool owed = false;
  for (const auto& consumer : replies[2].items) {  // "name" NAME "pending" N ...
    if (consumer.items.size() < 4) continue;
    const auto& other = consumer.items[1].text;
    if (other == name_) {
      owed = consumer.items[3].integer > held || owed;
    } else if (is_dead(other, counters[other])) {
      owed = inherit(redis, other, deadline) || owed;
    }
  }
  next_ = after(pace_.beat);
  return owed;
}

bool RedisWorker::inherit(Redis& redis, const std::string& other, Clock::time_point deadline) {
  bool any = false;
  for (;;) {
    const auto pending =
        redis.must({"XPENDING", group_.stream, group_.group, "-", "+", page, other}, deadline);
    if (pending.items.empty()) break;
    Command claim{"XCLAIM", group_.stream, group_.group, name_, "0"};
    for (const auto& entry : pending.items) claim.push_back(entry.at(0).text);
    claim.push_back("JUSTID");
    redis.must(claim, deadline);
    any = true;
  }
  redis.must({"EVAL", forget, "2", group_.stream, group_.lives, group_.group, other}, deadline);
  watched_.erase(other);
  return any;
}

}  // namespace sheepdog
