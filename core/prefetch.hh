// prefetch.hh -- a worker's way in: the next batch is fetched and stored while this one is handled.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <future>
#include <memory>
#include <optional>

#include "database.hh"
#include "intake.hh"
#include "queue.hh"

namespace sheepdog {

/// The queue of a worker, with the same promises, for a single caller. While much comes, a thread
/// claims, commits and acknowledges one batch ahead, by a connection of its own; what was asked of
/// the queue meanwhile waits for it.
class Prefetch final : public Queue {
 public:
  explicit Prefetch(std::unique_ptr<Queue> queue);
  ~Prefetch() override;  // waits for the thread

  /// Take in at most `limit` messages, as take_in() of intake.hh does, or tell what the thread has
  /// taken in since the last call; what that could not do is thrown here. Waits at most `patience`
  /// for the first, and lets others have its turn meanwhile (turn.hh). `db` is a file, the same at
  /// each call.
  Intake take_in(Database& db, int limit, Seconds patience);

  void push(std::span<const Outgoing> messages) override;
  [[nodiscard]] bool durable() const override;
  std::vector<Entry> claim(int limit, Seconds patience) override;
  void acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) override;
  std::optional<std::int64_t> acknowledged(const std::string& sender) override;
  Depth depth() override;
  std::string describe() override;
  [[nodiscard]] std::string identity() const override;

 private:
  Queue& idle();  // once the thread is done with it
  Intake taken_ahead();
  void take_ahead(Database& db, int limit);

  std::unique_ptr<Queue> queue_;
  std::optional<Database> beside_;  // the thread's, like `queue_`, until `ahead_` is ready
  std::future<Intake> ahead_;
};

}  // namespace sheepdog
