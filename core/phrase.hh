// phrase.hh -- times, signals and outcomes in the words that people read.
//
// The wrapper has these without Guile; (sheepdog quantity) and (sheepdog outcome) say the same.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "job.hh"

namespace sheepdog {

/// "0.4 s" "12 s" "14 min" "3 h 19 min" "11 h" "2 days"
std::string duration_text(std::int64_t ms);

/// The local time of the instant `ms`: "02:00" on the day of `now`, else "Fri 20 Nov 02:00".
std::string clock_text(std::int64_t ms, std::int64_t now);

/// "9 (KILL)"
std::string signal_text(int signal);

/// "exit status 2", "killed by signal 9 (KILL)", "timed out after 12 h", "not started: Permission
/// denied"
std::string outcome_text(const Outcome& outcome);

/// What `name` did, a sentence about its outcome: "borg exited with status 2 after 0.4 s". A
/// `summary` other than outcome_text() is told as it is: "borg: found: error after 3 s".
std::string deed_text(std::string_view name, const Outcome& outcome, std::string_view summary);

}  // namespace sheepdog
