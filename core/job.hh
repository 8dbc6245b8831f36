// job.hh -- one command from its start to its outcome, in bounded memory.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture.hh"
#include "seconds.hh"

namespace sheepdog {

/// What a finished command left.
struct Outcome {
  std::vector<std::string> argv;
  std::optional<int> status, signal;  // one of them, or neither when it did not start
  int start_errno = 0;                // ENOENT, EACCES, ... when it did not start
  bool timed_out = false;
  std::string standard_output, standard_error;  // raw bytes, the middle left out
  std::uint64_t output_bytes = 0, error_bytes = 0;
  bool cut = false;
  std::int64_t started = 0;  // epoch ms
  double elapsed = 0;        // s, monotonic
};

/// How to run it.
struct RunOptions {
  std::optional<Seconds> limit;  // then TERM to the group, KILL after `grace`
  Seconds grace{10.0};
  Seconds drain{1.0};  // after its end, when something else holds its output open
  std::size_t head = 16 * 1024, tail = 80 * 1024;
  bool passthrough = false;  // a wrapped job: stdin is ours, output goes on to ours as it comes
  bool quiet = false;        // with passthrough: hold the output back until `release`
  std::string input;         // else: what it reads on stdin
  std::map<std::string, std::string> environment;  // changes, for handlers
  bool ends_with_us = false;  // it is killed when the thread that runs it ends
  /// Called once, by finish(), when the command has run for so long.
  Seconds later_after{0};
  std::function<void()> later;
  /// Sees every chunk of stdout (1) and stderr (2), for patterns; from the threads of the job, one
  /// at a time for each stream.
  std::function<void(int stream, std::string_view bytes)> watch;
};

/// One command: start(), whatever else is slow, finish().
///
/// With `passthrough` the command has our stdin, terminal, environment, directory, limits, umask
/// and open descriptors, and is a process group of its own only where there is no terminal. From
/// start() on INT TERM HUP QUIT are blocked in this process and go on to that group (with a
/// terminal: to the command and its descendants, unless the terminal sent them to all of us).
/// Without it, the command gets a session of its own, `input`, and no other descriptor of ours.
///
/// start() makes SIGPIPE and SIGXFSZ ignored and SIGCHLD default in this process.
class Job {
 public:
  Job(std::vector<std::string> argv, RunOptions options);
  ~Job();
  Job(const Job&) = delete;

  void start();
  [[nodiscard]] bool started() const;
  Outcome finish();

  /// What is kept of stdout (1) or stderr (2), before any cut; for use after finish().
  [[nodiscard]] const HeadTail& kept(int stream) const;

  /// quiet: write the held output to our stdout and stderr; where there was no room to hold all of
  /// it, its head and tail.
  void release();

  /// Why output could not be passed on, such as "No space left on device"; nothing when all went
  /// well or a reader closed his end.
  [[nodiscard]] std::optional<std::string> trouble() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Run `argv` without a shell and wait for its end.
Outcome run(std::vector<std::string> argv, RunOptions options = {});

}  // namespace sheepdog
