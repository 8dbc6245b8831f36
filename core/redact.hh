// redact.hh -- what must not leave the machine becomes `***`.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture.hh"

namespace sheepdog {

/// The expressions that hold unless the configuration says `(redact none)`: passwords in options,
/// in assignments and in URLs. Of these only the secret itself is replaced, of others all they
/// match.
const std::vector<std::string>& default_redactions();

/// Finds secrets line by line. An expression that does not compile is a `problem`; then nobody
/// knows what is secret: output must be withheld.
class Redactor {
 public:
  explicit Redactor(const std::vector<std::string>& expressions);
  ~Redactor();

  [[nodiscard]] std::vector<Span> find(std::string_view text) const;
  [[nodiscard]] std::string redact(std::string_view text) const;

  /// A command's words: also a secret that is a word of its own behind its option.
  [[nodiscard]] std::vector<std::string> redact(const std::vector<std::string>& words) const;

  /// `redact "(": Unmatched ( or \(`, one for each expression that does not compile.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  struct Rule;
  std::vector<Rule> rules_;
  std::vector<std::string> problems_;
};

}  // namespace sheepdog
