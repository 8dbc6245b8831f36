// pump.hh -- carries one stream of a job from its pipe to where it belongs.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "capture.hh"
#include "descriptor.hh"
#include "hold.hh"
#include "seconds.hh"

namespace sheepdog {

/// Where the bytes of a stream go besides the capture.
struct PumpTarget {
  int stream = 1;        // 1 stdout, 2 stderr
  int fd = -1;           // written to as they come, however slow its reader is
  Hold* hold = nullptr;  // or held back
  std::function<void(int stream, std::string_view bytes)> watch;
};

/// A thread that reads the pipe of one stream. Each stream has its own, so that a reader of ours
/// who takes his time with one of them delays neither the other, nor signals, nor time limits.
class Pump {
 public:
  /// Begin to read `source`; `done` (an eventfd) is told of the end.
  Pump(Descriptor source, PumpTarget target, HeadTail& kept, int done);
  ~Pump();
  Pump(const Pump&) = delete;

  /// The job has ended: read what it wrote, then for at most `drain` what somebody else who holds
  /// the pipe still writes.
  void drain(Seconds drain);

  [[nodiscard]] bool done() const;

  /// errno of the failed write after which the pipe was closed, so that the job hears of it; 0:
  /// none.
  [[nodiscard]] int write_error() const;

  /// Leave the thread to itself where it waits for a reader who does not read; from now on nothing
  /// of ours is touched by it.
  void abandon();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sheepdog
