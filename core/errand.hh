// errand.hh -- programs that run beside our own work: started, left alone, collected when they ended.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seconds.hh"

namespace sheepdog {

/// What to run.
struct Errand {
  std::int64_t key = 0;  // the caller's, to know it again
  std::vector<std::string> argv;
  std::string input;  // what it reads on stdin
  Seconds limit{60};  // then TERM to its group, KILL after a grace
  // How many bytes of stdout are wanted, from its beginning; who writes more is ended. 0: only the
  // last words of both streams are.
  std::size_t output = 0;
};

/// What it came to.
struct Ending {
  std::int64_t key = 0;
  std::optional<int> status, signal;  // one of them, or neither when it did not start
  int start_errno = 0;                // ENOENT, EACCES, ... when it did not start
  bool timed_out = false;
  bool flooded = false;  // it wrote more than was wanted
  std::string output;    // stdout, raw, if it was wanted
  std::string said;      // the last 4 KiB of what it wrote to stdout and stderr, or to stderr, raw
};

/// A few programs at a time, without a thread: whoever owns this calls collect() now and then.
/// Each has a session of its own, no descriptor of ours and default signals. It ends with the
/// thread that started it, so one that mails does not go on unseen while somebody else begins the
/// same mail again. What it leaves in the background when it ends by itself is left alone: an MTA
/// delivers so.
class Errands {
 public:
  explicit Errands(Seconds grace = Seconds{3});
  ~Errands();  // kills what still runs
  Errands(const Errands&) = delete;

  /// Start it. That it could not be started is its ending.
  void start(Errand errand);

  /// What has ended since the last call, in the order of its start. With nothing to tell, wait
  /// `patience` for it.
  std::vector<Ending> collect(Seconds patience);

  /// How many were started and not collected yet.
  [[nodiscard]] std::size_t running() const;

  /// How long the next collect() may wait without anybody noticing: a quarter of the time that the
  /// youngest runs already, so that a slow one is looked for seldom and a quick one seen at once.
  [[nodiscard]] Seconds pause() const;

 private:
  struct Running;
  std::vector<std::unique_ptr<Running>> running_;
  Seconds grace_;
};

}  // namespace sheepdog
