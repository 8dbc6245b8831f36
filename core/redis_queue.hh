// redis_queue.hh -- the queue of a herd: a stream of Redis with one consumer group.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "queue.hh"
#include "redis.hh"
#include "redis_workers.hh"

namespace sheepdog {

/// The names of MESSAGE.md under `address.channel`: CHANNEL:barks, :inbox, :acks, and :workers (of
/// redis_workers.hh). Redis 5 to 7.
class RedisQueue : public Queue {
 public:
  explicit RedisQueue(QueueAddress address, std::string worker = {});

  void push(std::span<const Outgoing> messages) override;
  [[nodiscard]] bool durable() const override { return false; }
  std::vector<Entry> claim(int limit, Seconds patience) override;
  void acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) override;
  std::optional<std::int64_t> acknowledged(const std::string& sender) override;
  Depth depth() override;
  std::string describe() override;
  [[nodiscard]] std::string identity() const override;

 private:
  void prepare();
  std::vector<Entry> read_some(int limit, Seconds wait);
  std::vector<Entry> read(int limit, Seconds wait);
  std::vector<Entry> take(Reply& stream);
  std::vector<Entry> read_cut();
  void note_trouble(std::string_view what, const std::string& key, const Reply& reply);
  [[nodiscard]] Redis::Clock::time_point limit_of(Seconds wait = Seconds{0}) const;

  Redis redis_;
  std::string barks_, acks_, name_;
  std::vector<std::string> inboxes_;
  std::optional<RedisWorker> worker_;  // once we claim
  std::int64_t generation_ = 0;        // the connection for which the group is there
  bool group_lost_ = false;            // Redis says so
  bool owed_ = true;                   // what we claimed may not all be acknowledged
  std::int64_t claimed_ = 0;           // since the last acknowledgement
  std::size_t entry_size_ = 0;         // bytes, mean of the last batch
  int most_ = 1 << 20;                 // entries at once, less after a reply that was too large
  std::set<std::string> complained_;   // keys whose trouble is logged
};

}  // namespace sheepdog
