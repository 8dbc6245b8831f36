// local_queue.hh -- the queue of a machine by itself: a SQLite file of its own.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "database.hh"
#include "descriptor.hh"
#include "queue.hh"

namespace sheepdog {

/// `queue.db` in `directory`. What push() took is committed to the disk. Several workers may share
/// it: each holds a lock on one byte of `queue.workers` (fcntl(2), F_OFD_SETLK), which the kernel
/// gives back with the process, and what the dead had claimed is anyone's again.
class LocalQueue : public Queue {
 public:
  /// A database held by others is waited for `timeout` at most.
  explicit LocalQueue(std::string directory, Seconds timeout = Seconds{2.0});

  void push(std::span<const Outgoing> messages) override;
  [[nodiscard]] bool durable() const override { return true; }
  std::vector<Entry> claim(int limit, Seconds patience) override;
  void acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) override;
  std::optional<std::int64_t> acknowledged(const std::string& sender) override;
  Depth depth() override;
  std::string describe() override;
  [[nodiscard]] std::string identity() const override;

 private:
  Database& db() const;  // opened at the first use
  [[nodiscard]] std::string workers_file() const;
  std::vector<Entry> claim_now(int limit);
  void become_worker();
  void free_the_dead();
  template <typename Work>
  auto attempt(Work work) const;

  std::string directory_;
  Seconds timeout_;
  mutable std::unique_ptr<Database> db_;
  Descriptor workers_;       // the file of locks, once we are a worker
  std::int64_t worker_ = 0;  // our byte in it
};

}  // namespace sheepdog
