// pattern.hh -- what a job's output must not, should not or must contain.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regex.hh"

namespace sheepdog {

/// Looks through whole streams line by line, both streams for all patterns. A line longer than
/// 64 KiB is looked through in pieces that overlap by 4 KiB.
class Patterns {
 public:
  Patterns() = default;  // finds nothing, misses nothing
  /// Throws Error::usage naming the expression that does not compile.
  Patterns(const std::vector<std::string>& fail, const std::vector<std::string>& warn,
           const std::vector<std::string>& need);

  [[nodiscard]] bool empty() const { return fail_.empty() && warn_.empty() && need_.empty(); }

  /// More bytes of `stream` (1 or 2); one thread a stream.
  void see(int stream, std::string_view bytes);

  /// Both streams have ended: their last lines are looked at too.
  void end();

  /// The first line in which one was found, if one was; of a longer one 4 KiB.
  [[nodiscard]] std::optional<std::string> fail_found() const;
  [[nodiscard]] std::optional<std::string> warn_found() const;
  /// The first expression that was found nowhere.
  [[nodiscard]] std::optional<std::string> need_missing() const;

 private:
  struct Pattern {
    std::string expression;
    Regex regex;
    bool found = false;
  };
  static std::vector<Pattern> compile(const std::vector<std::string>& expressions);
  void search(std::string_view lines);
  void search(std::vector<Pattern>& patterns, std::string_view lines,
              std::optional<std::string>* line);

  std::vector<Pattern> fail_, warn_, need_;
  std::string pending_[2];  // of each stream, what has no line end yet
  mutable std::mutex mutex_;
  std::optional<std::string> fail_line_, warn_line_;
};

}  // namespace sheepdog
