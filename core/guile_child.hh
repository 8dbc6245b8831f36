// guile_child.hh -- Guile beside us: a process of our own that calls what we ask it to.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <string>

#include "descriptor.hh"
#include "guile_call.hh"
#include "paths.hh"
#include "seconds.hh"

namespace sheepdog {

/// It has a session of its own, so no terminal reaches it; nothing of ours but stderr, where its
/// stdout goes, too; and it ends when we do.
class GuileChild {
 public:
  /// Throws Error::cannot_run.
  explicit GuileChild(const Paths& paths);
  ~GuileChild();  // it is killed
  GuileChild(const GuileChild&) = delete;

  /// Let it do `call`, a small one, and do not wait: what it loads for that is there later.
  void prepare(const SchemeCall& call);

  /// What `call` returns, at most `patience` later. Throws Error::broken with what Scheme said, or
  /// why there is no answer: it crashed, exited, takes too long. After the latter it is no more.
  Json ask(const SchemeCall& call, Seconds patience);

  /// Nothing more is asked: it ends while we do other things, so that our own end need not wait for it.
  void dismiss();

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  void wait(short events, Deadline deadline);
  void send(const std::string& line, Deadline deadline);
  std::string receive(Deadline deadline);
  void end();
  [[noreturn]] void tell_end();

  pid_t pid_ = 0;
  Descriptor socket_;
  std::string received_;
  int unread_ = 0;  // answers to come that nobody waits for
};

}  // namespace sheepdog
