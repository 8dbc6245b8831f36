// spool_change.hh -- a change of a sender's directory: under its lock, and noted in its tally.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "file_lock.hh"
#include "spool_sender.hh"
#include "spool_tally.hh"

namespace sheepdog {

/// The right to change names in `sender`, for the length of a scope that should be short. The
/// highest file is never removed, so that no number comes twice.
class SpoolChange {
 public:
  /// Waits for the lock, 5 s at most: Error::spool_failed then.
  explicit SpoolChange(const SpoolSender& sender);
  /// Notes the tally, unless by an error: then the next one lists.
  ~SpoolChange();
  SpoolChange(const SpoolChange&) = delete;

  [[nodiscard]] const SpoolTally& tally() const { return tally_; }
  [[nodiscard]] const SpoolSender& sender() const { return sender_; }

  /// The whole listing; what processes left that died while they wrote is removed.
  SpoolSender::Listing list();

  /// Make `message` durable as the highest number and one more.
  void write(std::string_view message);
  /// Let go of `names`; the highest stays, as `.done`.
  void settle(const std::vector<SpoolName>& names);
  /// Note that the queue has `names` now; those that it had before are sent now once more.
  void mark_sent(const std::vector<SpoolName>& names);
  /// Count that all that is sent went again; an acknowledgement ends the row.
  void note_resend() { ++tally_.resends; }
  void note_acknowledgement() { tally_.resends = 0; }
  /// The queue does not have them after all.
  void mark_waiting(const std::vector<SpoolName>& names);
  /// Put a damaged file into `bad/` of the spool, beside a file with the reason.
  void put_aside(const SpoolName& name, const std::string& reason);
  /// Give the directory a new id; `sender` has none after that.
  void rename_sender(const std::string& id);

 private:
  bool rename(const SpoolName& name, SpoolState state);
  bool remove(const SpoolName& name);
  void keep_number(std::int64_t number);
  void count(SpoolState state, std::int64_t by);
  void count_all();
  void find_oldest();

  const SpoolSender& sender_;
  FileLock lock_;
  SpoolTally tally_;
  int unwinding_;
};

}  // namespace sheepdog
