// options.hh -- the command line of `sheepdog`, up to the word after which others parse.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bark.hh"
#include "settings.hh"
#include "wrapper.hh"

namespace sheepdog {

/// The options that wrapper and actions share.
struct CommonOptions {
  std::optional<std::string> config;
  std::string format = "text";  // json sexp org
  std::string color = "auto";   // always never
  int verbose = 0;
};

/// A command line, understood.
struct Invocation {
  CommonOptions common;

  std::optional<Command> command;  // to be watched: `-e LINE`, `run PROGRAM ARG...`
  Wishes wishes;
  std::vector<std::function<void(Settings&)>> changes;  // options, over the configuration
  std::vector<std::string> warnings;                    // about options

  std::string action;  // else: the word after the options, and what follows it
  std::vector<std::string> arguments;
};

/// Parse the command line of `sheepdog`. `--help`, `--usage`, `--version` print and end the
/// process. Throws Error::usage, with a hint.
Invocation parse_invocation(int argc, char** argv);

/// Parse `words`, options of the wrapper such as the comment of a crontab's line has them; they
/// fill `invocation`. Those that are wrong count for nothing but a warning, since the job must run.
void parse_watch_options(const std::vector<std::string>& words, Invocation& invocation);

/// Does it look like a command to be watched? Then what is wrong with it ends with 125, else
/// with 2.
bool means_to_watch(int argc, char** argv);

/// LINE, run by /bin/sh.
Command shell_command(const std::string& line);

}  // namespace sheepdog
