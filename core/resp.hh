// resp.hh -- what is said to Redis and what it answers, as bytes (RESP 2); answers are bounded.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "error.hh"

namespace sheepdog {

/// What Redis answered.
struct Reply {
  enum class Kind { nil, integer, text, error, list };
  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;  // of a text, a status or an error
  std::vector<Reply> items;

  [[nodiscard]] bool is_error(std::string_view prefix) const {
    return kind == Kind::error && text.starts_with(prefix);
  }

  /// Its item `i`; throws Error::queue_unreachable when there is none: no Redis answers so.
  [[nodiscard]] Reply& at(std::size_t i);
  [[nodiscard]] const Reply& at(std::size_t i) const { return const_cast<Reply*>(this)->at(i); }
};

/// The words of a command; what they view must live as long as the call.
using Command = std::vector<std::string_view>;

std::string to_bytes(std::span<const Command> commands);

/// What Redis answers is larger than anyone wants, and was not taken in.
struct ReplyTooLarge : Error {
  ReplyTooLarge() : Error{Code::queue_refused, "a reply of redis is larger than 32 MiB"} {}
};

/// Finds the replies in the bytes of a server, who may be anybody: those of one round of commands
/// have 32 MiB and 2^18 items at most, and lists in lists are 8 deep at most. A count that is only
/// announced costs nothing beyond that. After an exception it is of no use.
class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;

  void begin_round();

  /// Throws ReplyTooLarge.
  void feed(std::string_view bytes);

  /// The next reply, when it is there as a whole. Throws ReplyTooLarge, and std::runtime_error,
  /// whose text is the reason, for what is no reply.
  std::optional<Reply> next();

  /// Are there bytes behind the last reply that next() gave?
  [[nodiscard]] bool has_more() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sheepdog
