// wrapper.hh -- run a job, find out what it means, tell: `sheepdog -e`, `run`, sheepdog-sh.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>

#include "bark.hh"
#include "paths.hh"
#include "settings.hh"

namespace sheepdog {

/// What is wished for one run, besides the settings.
struct Wishes {
  bool dry_run = false;  // print messages, send none, remember nothing
  bool strict = false;   // do not run with a bad configuration
  int verbose = 0;       // 1: tell of what is ok too
};

/// How the process is to end.
struct Ending {
  int status = 0;
  std::optional<int> signal;  // by which the job died
};

/// Exit statuses of our own, as those of env(1) and timeout(1).
constexpr int lock_held = 75, timed_out = 124, not_started = 125, not_executable = 126,
              not_found = 127;

/// Run `command` under `settings` (those of the configuration with the options over them), whatever
/// else works or not; judge it, redact, spool, hand over. The threads that it starts may outlive
/// it: the caller ends by end_process().
Ending wrap(const Command& command, Settings settings, const Wishes& wishes, const Paths& paths);

/// End this process with that status or by that signal, without a core file of ours.
[[noreturn]] void end_process(const Ending& ending);

}  // namespace sheepdog
