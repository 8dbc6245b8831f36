// error.hh -- the one exception of the house: what was tried, why it failed, what to do.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace sheepdog {

/// What is broken, as opposed to what is expected (an empty queue, a failing command), which is a
/// value. `what()` is one sentence without a final dot; `hint()`, when not empty, says what to try.
class Error : public std::runtime_error {
 public:
  enum class Code {
    usage,              // the call is wrong
    bad_configuration,  // a file that cannot be read or understood
    bad_message,        // a document that breaks MESSAGE's rules
    queue_unreachable,  // no answer: it may go through later
    queue_refused,      // an answer that says no (NOAUTH, OOM, WRONGTYPE, ...)
    spool_failed,       // the spool's directory or files
    database_failed,    // SQLite
    cannot_run,         // a program that does not start
    closed,             // a handle used after its close
    broken,             // anything else
  };

  Error(Code code, const std::string& text, std::string hint = {})
      : std::runtime_error{text}, code_{code}, hint_{std::move(hint)} {}

  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }

  /// The name by which Scheme knows `code()`, such as "queue-unreachable".
  [[nodiscard]] const char* code_name() const;

 private:
  Code code_;
  std::string hint_;
};

}  // namespace sheepdog
