// redis_workers.hh -- the workers of a consumer group: who lives, and who inherits from the dead.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "descriptor.hh"
#include "redis.hh"

namespace sheepdog {

/// Where a group stands: `stream`, its `group`, and the hash `lives` (worker -> a counter).
struct RedisGroup {
  std::string stream, group, lives;
};

/// One worker, HOST:PID:RANDOM. No clock of Redis's takes part, since a step of it would rob the
/// living: a worker of this host is dead when its name, bound as an abstract Unix
/// socket (unix(7)), is free; any other one when the counter that it moves every 10 s has not
/// moved for 60 s of our monotonic time.
class RedisWorker {
 public:
  using Clock = Redis::Clock;
  struct Pace {
    Seconds beat{10};     // between two moves of our counter, and two looks at the others'
    Seconds silence{60};  // after which another host's worker is dead
    Seconds settling{1};  // after which no earlier connection of ours waits for entries
  };

  /// Without a `name` one is made.
  RedisWorker(RedisGroup group, std::string name);
  RedisWorker(RedisGroup group, std::string name, Pace pace);

  /// When it is time: move our counter, and take over what the dead had claimed; whether there was
  /// anything, or Redis counts more than `held` entries as ours: an earlier connection of ours was
  /// given them when it was gone. To call often.
  bool tend(Redis& redis, std::int64_t held, Clock::time_point deadline);
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] bool is_dead(const std::string& other, const std::string& counter);
  bool inherit(Redis& redis, const std::string& other, Clock::time_point deadline);

  struct Watched {
    std::string counter;
    Clock::time_point since;
  };
  RedisGroup group_;
  std::string name_, host_;
  Pace pace_;
  Descriptor life_;  // the bound socket
  Clock::time_point next_{};
  std::int64_t generation_ = 0;  // of the connection
  std::map<std::string, Watched> watched_;
};

}  // namespace sheepdog
