// local_push.hh -- the local queue for programs without SQLite: another process pushes.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "queue.hh"

namespace sheepdog {

/// The queue in `directory`, to push to and nothing else; all that takes out throws Error::usage.
class LocalPush : public Queue {
 public:
  explicit LocalPush(std::string directory) : directory_{std::move(directory)} {}

  void push(std::span<const Outgoing> messages) override;
  [[nodiscard]] bool durable() const override { return true; }
  std::vector<Entry> claim(int limit, Seconds patience) override;
  void acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) override;
  std::optional<std::int64_t> acknowledged(const std::string& sender) override;
  Depth depth() override;
  std::string describe() override;
  [[nodiscard]] std::string identity() const override;

 private:
  std::string directory_;
};

}  // namespace sheepdog
