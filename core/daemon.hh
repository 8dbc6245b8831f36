// daemon.hh -- what the three daemons have in common: their options and the way into Scheme.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace sheepdog {

/// One program: its name, what `--help` says of it, and the Scheme procedure that is its loop. That
/// is called with `arguments` and an object of the options, keys config verbose log pid-file
/// check once dry-run, and returns the exit status.
struct Daemon {
  const char* name;
  const char* doc;
  std::vector<std::string> module;
  const char* procedure;
  std::vector<std::string> arguments = {};
  std::size_t heap = 0;  // bytes that Guile's heap is to have from the start
  bool spools = false;   // it rests, but not while new messages wait in the spool
};

/// Parse the command line and become Guile. Returns 2 when that could not be done.
int run_daemon(const Daemon& daemon, int argc, char** argv);

}  // namespace sheepdog
