// spool_loss.hh -- what a full spool let go of, counted per subject, as a message to the server.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "json.hh"

namespace sheepdog {

/// Counts for each subject and state.
class SpoolLosses {
 public:
  /// `merged`: it was a repeat, others like it before and after it are kept. `time`: what the
  /// message says of it, null if nothing.
  void add(const std::string& subject, const std::string& state, const Json& time, bool merged);

  /// Add what an earlier message() has counted; false when that is none.
  bool add(const Json& message);

  [[nodiscard]] bool empty() const { return losses_.empty() && merged_ + dropped_ == 0; }

  /// The fields `summary` and `fields` of a message. `fields` has `merged` and `dropped`, counts,
  /// and `losses`, an array of objects `subject` `state` `merged` `dropped` `first` `last` (times),
  /// those of most messages first; what does not fit is only in the counts.
  [[nodiscard]] Json message() const;

 private:
  struct Loss {
    std::int64_t merged = 0, dropped = 0;
    Json first, last;
  };
  std::map<std::pair<std::string, std::string>, Loss> losses_;
  std::int64_t merged_ = 0, dropped_ = 0;
};

}  // namespace sheepdog
