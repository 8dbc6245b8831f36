// verdict.hh -- what a finished command means, by the one rule that C++ knows.
//
// The verdict is Scheme's: (sheepdog verdict) and the monitor. This one holds where Scheme cannot
// be had, and tells beforehand whether there is anything to ask.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "job.hh"
#include "json.hh"
#include "settings.hh"

namespace sheepdog {

/// What is said of a run.
struct Report {
  std::optional<std::string> tag;  // nothing: the command's own
  std::string state;               // ok warn fail unknown
  std::string summary;
  Json fields, facts, replaces;  // null: none
};

/// What the patterns saw: the lines that were found, what was not.
struct Findings {
  std::optional<std::string> fail_found, warn_found, need_missing;
};

/// What status, signal, patterns and limits mean to the monitor `error`: the worst that fits.
Report plain_verdict(const Outcome& outcome, const Settings& settings, const Findings& findings);

/// The question for `judge-json`: `outcome` as in a message, `check`: the configuration too.
std::string judge_request(const Settings& settings, const Findings& findings, const Json& outcome,
                          bool check);

/// A verdict of (sheepdog verdict):
/// `{"reports":[...],"config_problems":[...],"monitor_problem":...}`.
struct Judgement {
  std::vector<Report> reports;
  std::vector<std::string> configuration_problems;  // a line or two each, as they are printed
  std::optional<std::string> monitor_problem;       // likewise, several lines
};

/// Throws Error::broken for what is no answer.
Judgement parse_judgement(const std::string& answer);

}  // namespace sheepdog
