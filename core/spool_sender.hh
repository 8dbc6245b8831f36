// spool_sender.hh -- one sender's directory in a spool: the listing is the state.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "descriptor.hh"
#include "seconds.hh"
#include "spool_file.hh"

namespace sheepdog {

using Deadline = std::chrono::steady_clock::time_point;

/// A lock on a file or directory, flock(2), for the length of a scope.
class FileLock {
 public:
  /// Wait for it until `deadline`, looking every few ms: flock has no time limit of its own.
  FileLock(const Descriptor& file, Deadline deadline);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : fd_{other.fd_}, held_{std::exchange(other.held_, false)} {}
  FileLock& operator=(FileLock&&) = delete;
  explicit operator bool() const { return held_; }

 private:
  int fd_;
  bool held_ = false;
};

/// `SPOOL/SENDER`. Names change only under lock(), so that nobody who lists meanwhile misses the
/// highest; only the holder of the lock on hand_over_file() takes messages out.
class SpoolSender {
 public:
  SpoolSender(const Descriptor& spool, std::string id);

  struct Listing {
    std::vector<SpoolName> names;      // in order
    std::vector<std::string> strange;  // left by a process that died; none of ours
    std::int64_t highest = 0;          // 0: there was never a message
    /// The lowest number that is not settled.
    [[nodiscard]] std::int64_t first() const;
    [[nodiscard]] std::vector<SpoolName> in(SpoolState state) const;
  };
  [[nodiscard]] Listing list() const;

  /// Wait for the right to change names, 5 s at most. The three changes below take it themselves.
  [[nodiscard]] FileLock lock() const;
  /// Under lock(): make `message` durable as `number`, which is the highest and one more.
  void write(std::int64_t number, std::string_view message);
  /// Under lock(): remove what processes left that died while they wrote.
  void clean(const Listing& listing);

  /// Let go of `names`; the highest of the spool stays, as `.done`.
  void settle(const std::vector<SpoolName>& names);
  /// Note that the queue has `names` now; those that it had before are sent now once more.
  void mark_sent(const std::vector<SpoolName>& names);
  /// Put a damaged file into `bad/` beside a file with the reason.
  void put_aside(const SpoolName& name, const std::string& reason);

  [[nodiscard]] Unsealed read(const SpoolName& name) const;
  /// Bytes of a file and when it came into its present state, epoch ms; nothing if it is gone.
  struct Status {
    std::int64_t bytes = 0, written = 0, changed = 0;
  };
  [[nodiscard]] std::optional<Status> status(const SpoolName& name) const;

  /// The file whose lock is held by who hands over.
  [[nodiscard]] Descriptor hand_over_file() const;
  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  void rename(const SpoolName& name, SpoolState state);

  const Descriptor& spool_;
  std::string id_;
  Descriptor directory_;
};

}  // namespace sheepdog
