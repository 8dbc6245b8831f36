// assessment.hh -- the verdict on a run, and what sheepdog has to say about itself meanwhile.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job.hh"
#include "json.hh"
#include "judge.hh"
#include "paths.hh"
#include "runs.hh"
#include "seconds.hh"
#include "settings.hh"
#include "verdict.hh"

namespace sheepdog {

/// About the configuration or a monitor.
struct OwnReport {
  std::string tag, state, summary;
  std::string memory;  // what its state is remembered under: a tag, or more than that
};

/// Whose start hides behind a job that lasts longer than this; shorter jobs mostly need no Guile.
inline constexpr Seconds guile_delay{0.1};

/// Scheme is asked where there is something to ask; the rule of the monitor `error` holds without
/// it. What is wrong is printed here.
class Assessment {
 public:
  /// `settings.monitor` becomes `error` where that judges instead. `remember`: note for later runs
  /// that the configuration was found good.
  Assessment(Settings& settings, const Runs& runs, const Paths& paths, bool remember);

  /// Something wrong in the configuration, as it is to be printed: one line, or two with a hint.
  void add_problem(std::string problem) { problems_.push_back(std::move(problem)); }

  /// Ask Scheme now, before there is a job (--strict).
  bool configuration_is_good();

  /// The job has started: let Guile start beside it where there is surely something to ask.
  void begin();

  /// The job has lasted `guile_delay`: let Guile start now.
  void prepare();

  /// The job has ended. `outcome_for_judge` gives the outcome as JSON.
  void judge(const Outcome& outcome, const Findings& findings,
             const std::function<Json()>& outcome_for_judge);

  [[nodiscard]] const std::vector<Report>& reports() const { return reports_; }
  [[nodiscard]] const std::vector<OwnReport>& own_reports() const { return own_reports_; }

  /// Is `state` of `tag` to be sent? What is not ok, the first success after that, the first of
  /// all.
  [[nodiscard]] bool is_news(const std::string& tag, const std::string& state) const;

  /// Messages stay in the spool: what is wrong with the configuration may be where they should go.
  [[nodiscard]] bool holds_back() const;

 private:
  std::string consult(const std::string& request);
  void ask(const Findings& findings, const Json& outcome);
  void add_own_problems();
  void note_configuration();
  void note_monitor(const std::optional<std::string>& problem);

  Settings& settings_;
  const Runs& runs_;
  const Paths& paths_;
  const bool remember_;
  std::string configuration_memory_;
  bool check_ = false;  // the configuration is not known to be good
  std::vector<std::string> problems_;
  std::unique_ptr<Judge> judge_;
  std::vector<Report> reports_;
  std::vector<OwnReport> own_reports_;
};

}  // namespace sheepdog
