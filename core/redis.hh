// redis.hh -- a connection to Redis: commands in, replies out, each round within its time limit.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "queue.hh"
#include "resp.hh"

namespace sheepdog {

/// The first line of a script that may want memory where there is none; from Redis 7.0 on.
inline constexpr std::string_view although_full = "#!lua flags=allow-oom\n";

/// One connection; connects at the first use, and anew after any error. Every round has one deadline,
/// replies have limits (resp.hh), nothing raises SIGPIPE.
class Redis {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Redis(QueueAddress address);
  ~Redis();
  Redis(Redis&&) noexcept;

  /// Send all `commands` at once; their replies, in order, errors among them. Throws
  /// Error::queue_unreachable when they are not there by `deadline`: then the connection is
  /// dropped, so that a late reply is never taken for another command's. When the connection had
  /// to be made anew, generation() changed; Error::queue_refused when Redis did not let us in.
  std::vector<Reply> run(std::span<const Command> commands, Clock::time_point deadline);
  Reply run(const Command& command, Clock::time_point deadline);

  /// The same, also where Redis has no memory left for anything (`OOM`): for what gives it some in
  /// the end. A Redis before 7.0 refuses.
  Reply run_although_full(const Command& command, Clock::time_point deadline);

  /// run(), but the first reply that is an error is thrown (see check).
  std::vector<Reply> must(std::span<const Command> commands, Clock::time_point deadline);
  Reply must(const Command& command, Clock::time_point deadline);

  /// Throw what the error `reply` means: Error::queue_unreachable when Redis says that it is busy
  /// or loading, else Error::queue_refused; its own words are in the text.
  void check(const Reply& reply) const;

  /// How often a connection was made.
  [[nodiscard]] std::int64_t generation() const;
  [[nodiscard]] const QueueAddress& address() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sheepdog
