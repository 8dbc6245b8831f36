// regex.hh -- POSIX extended regular expressions over bytes of any kind.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "capture.hh"

namespace sheepdog {

/// An expression as in regex(7). Lines are its unit: `.` and `[^...]` match no newline, `^` and `$`
/// are at line ends. One that is all ASCII takes text as bytes, so that invalid UTF-8 (or NUL)
/// hides nothing from it.
class Regex {
 public:
  /// Throws Error::usage, its text being regerror's, when `expression` does not compile.
  explicit Regex(const std::string& expression, bool ignore_case = false);

  /// The leftmost longest match in `text` that begins at `from` or later, or its group `group`;
  /// nothing if there is none. A group without part in the match counts as the whole match.
  [[nodiscard]] std::optional<Span> find(std::string_view text, std::size_t from = 0,
                                         std::size_t group = 0) const;

 private:
  struct Compiled;
  struct Free {
    void operator()(Compiled* compiled) const;
  };
  std::unique_ptr<Compiled, Free> compiled_;
};

}  // namespace sheepdog
