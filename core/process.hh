// process.hh -- start a program: Boost.Process forks and says why an exec failed.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "seconds.hh"

namespace sheepdog {

/// What to start, and what it has of ours.
struct Start {
  std::vector<std::string> argv;      // the program is sought in $PATH if it has no slash
  int in = -1, out = -1, error = -1;  // become its 0, 1, 2; -1: ours
  std::map<std::string, std::string> environment;  // changes of ours
  std::vector<int> keep = {};  // are open in it too, under their own numbers, which are above 2
  enum class Group { ours, own, session } group = Group::session;
  /// A wrapped job: open descriptors and ignored signals are inherited as they would be without us,
  /// but SIGPIPE (we ignore it), and INT and QUIT where no terminal can send them (a shell without
  /// job control makes them ignored for what it runs with `&`).
  bool inherit = false;
  bool terminal = false;  // there is a controlling terminal
  /// It is killed when the thread that starts it ends, and leaves no core file.
  bool ends_with_us = false;
};

struct Started {
  pid_t pid = 0;  // a child that the caller waits for; 0: it did not start
  int error = 0;  // errno of the start that failed
};

Started start_program(const Start& start);

/// The same in a session of its own, with its streams on /dev/null, stderr on `error` if given.
Started start_detached(const std::vector<std::string>& argv, int error = -1);

/// Wait at most `patience` for a child of ours: its exit status (128 + N for signal N), or nothing
/// while it still runs.
std::optional<int> wait_for_child(pid_t pid, Seconds patience);

/// A descriptor that is readable once the process has ended; -1 before Linux 5.3.
int open_pidfd(pid_t pid);

/// The path that execvp(3) would try first for `program`; nothing when there is none, the errno of
/// the best candidate (ENOENT, EACCES) in `error`.
std::optional<std::string> find_program(const std::string& program, int& error);

}  // namespace sheepdog
