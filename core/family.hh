// family.hh -- the processes of a job, for signals.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <map>

namespace sheepdog {

/// A job's process and what it started: its process group where it has one of its own, else (it
/// shares ours, with a terminal) its descendants as /proc tells them.
class Family {
 public:
  Family() = default;
  Family(pid_t leader, bool own_group) : leader_{leader}, own_group_{own_group} {}

  /// Send `signal` to all of them; also to those whom an earlier signal met and whose parent is
  /// gone.
  void send(int signal);

  /// Is one of them still there, zombies apart?
  [[nodiscard]] bool alive() const;

 private:
  /// Process -> when it started (clock ticks since boot): a pid that is used again is another.
  using Members = std::map<pid_t, unsigned long long>;
  [[nodiscard]] Members members() const;

  pid_t leader_ = 0;
  bool own_group_ = true;
  Members met_;
};

}  // namespace sheepdog
