// prefetch.hh -- a queue that lets go of one batch and fetches the next while this one is handled.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <future>
#include <memory>

#include "queue.hh"

namespace sheepdog {

/// The queue of a worker, with the same promises, for a single caller. While much comes,
/// acknowledge() returns at once: another thread tells the queue, and then claims as many messages
/// as were asked for the last time, which the next claim() gives. What that thread could not do is
/// thrown by the next call. At most one batch is claimed ahead; whoever does not ask for it leaves
/// it to its heirs, like a worker that died.
class Prefetch final : public Queue {
 public:
  explicit Prefetch(std::unique_ptr<Queue> queue);
  ~Prefetch() override;  // waits for the thread

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

  std::unique_ptr<Queue> queue_;
  int limit_ = 0;  // of the last claim
  std::future<void> work_;
  std::vector<Entry> next_;  // the thread's until `work_` is ready
};

}  // namespace sheepdog
