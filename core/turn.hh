// turn.hh -- one thread at a time runs Scheme, each in its turn.
//
// Guile would run them side by side, but what our Scheme works on (a database handle, the loop's own
// state) belongs to one at a time. The loop of a daemon with a REPL has the turn but while it waits;
// the thread of a client has it but while it waits for input.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sheepdog {

/// Wait until this thread's turn has come: first come, first served. Outside of Guile mode, so that
/// a collection need not wait for it.
void take_turn();

/// It is the next one's turn. A thread that ends gives its turn back by itself.
void give_turn();

bool have_turn();

/// While this lives, this thread's turn, if it had one, is for others: around whatever waits.
class TurnAway {
 public:
  TurnAway();
  ~TurnAway();
  TurnAway(const TurnAway&) = delete;
  TurnAway& operator=(const TurnAway&) = delete;

 private:
  bool had_;
};

}  // namespace sheepdog
