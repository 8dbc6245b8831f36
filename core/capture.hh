// capture.hh -- the beginning and the end of a stream, kept in bounded memory.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sheepdog {

/// Bytes from `begin` on, up to but not including `end`.
struct Span {
  std::size_t begin = 0, end = 0;
};

/// Where a text holds what nobody may see: disjoint spans in their order.
using FindSecrets = std::function<std::vector<Span>(std::string_view)>;

/// Keeps the first `head` and the last `tail` bytes of a stream and counts all of them. A little
/// more is kept around both cuts, so that a secret which a cut goes through is found whole.
class HeadTail {
 public:
  HeadTail(std::size_t head, std::size_t tail);
  void put(std::string_view bytes);

  [[nodiscard]] std::uint64_t total() const { return total_; }

  /// Is something missing in `text()`?
  [[nodiscard]] bool cut() const { return total_ > head_max_ + tail_max_; }

  /// What is kept, cut at line ends where there are some and never inside of a UTF-8 sequence, with
  /// a line `[... 1234567 bytes left out ...]` between when something is missing. What `secrets`
  /// finds is replaced by `***`; it sees the text before it is cut.
  [[nodiscard]] std::string text(const FindSecrets& secrets = {}) const;

 private:
  [[nodiscard]] std::string last() const;  // the window at the end, in order

  std::size_t head_max_, tail_max_;
  std::size_t at_ = 0;  // of the oldest byte in ring_, once that is full
  std::uint64_t total_ = 0;
  std::string head_, ring_;  // the windows: both longer than what is told, by `context`
};

/// `text` from `begin` to `end` with each of `secrets` (offsets in the whole text) replaced by
/// `***`.
std::string mask(std::string_view text, const std::vector<Span>& secrets, std::size_t begin,
                 std::size_t end);

}  // namespace sheepdog
