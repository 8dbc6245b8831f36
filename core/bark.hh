// bark.hh -- messages about a command, without its secrets.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job.hh"
#include "json.hh"
#include "redact.hh"
#include "runs.hh"
#include "settings.hh"
#include "verdict.hh"

namespace sheepdog {

/// A command to be watched.
struct Command {
  std::vector<std::string> argv;    // what is executed
  std::optional<std::string> line;  // what `-e` was given: argv is `/bin/sh -c LINE` then
  std::string name;                 // the base name of its first word
};

/// Makes all messages of one run. They are objects of MESSAGE.md, redacted, without an identity.
class Barks {
 public:
  Barks(const Command& command, const Settings& settings, std::optional<std::string> run);

  /// `outcome` for a judge: all that is kept, as text.
  [[nodiscard]] Json raw_outcome(const Job& job, const Outcome& outcome) const;

  /// `outcome` for a message.
  [[nodiscard]] Json outcome(const Job& job, const Outcome& outcome) const;
  /// The same of a command that did not run.
  [[nodiscard]] Json no_outcome() const;

  [[nodiscard]] Json start(std::int64_t started) const;
  /// `whole`: with the output. Absent `outcome`: null.
  [[nodiscard]] Json end(const Report& report, const Json& outcome, bool whole) const;
  [[nodiscard]] Json lost(const Beginning& beginning) const;
  /// What sheepdog says about itself.
  [[nodiscard]] Json own(const std::string& tag, const std::string& state,
                         const std::string& summary) const;

  /// For a start record.
  [[nodiscard]] std::string command_text() const;

  /// A line of output that was found, as it may be told: 200 bytes at most.
  [[nodiscard]] std::string line(const std::string& text) const;

  /// Why output is withheld: expressions that do not compile.
  [[nodiscard]] const std::vector<std::string>& problems() const { return redactor_.problems(); }

 private:
  [[nodiscard]] bool withheld() const { return !problems().empty(); }
  [[nodiscard]] Json message(const std::string& monitor, const std::string& tag) const;
  [[nodiscard]] Json described(const Outcome& outcome) const;
  void add_command(Json& outcome, bool redacted) const;
  [[nodiscard]] Json redact(Json json) const;

  const Command& command_;
  const Settings& settings_;
  std::optional<std::string> run_;
  Redactor redactor_;
};

}  // namespace sheepdog
