// judge.hh -- Scheme's verdict on a job, from Guile beside it.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "guile_child.hh"
#include "paths.hh"
#include "seconds.hh"

namespace sheepdog {

/// Guile is started with it, and loads what every verdict needs while the job still runs.
class Judge {
 public:
  /// Throws Error::cannot_run.
  explicit Judge(const Paths& paths);

  /// What `judge-json` of (sheepdog verdict) answers to `request`, within `patience`. Throws
  /// Error::broken when Guile, the module or the plugin breaks, takes too long, or exits.
  std::string ask(const std::string& request, Seconds patience);

  /// That was the last question.
  void dismiss() { guile_.dismiss(); }

 private:
  GuileChild guile_;
};

}  // namespace sheepdog
