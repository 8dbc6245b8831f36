// judge.cc -- one thread owns all Scheme and gets plain text.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "judge.hh"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "error.hh"
#include "interpreter.hh"
#include "json.hh"

namespace sheepdog {

struct Judge::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<std::string> request, answer, trouble;

  void work(const Paths& paths, Seconds delay);
  void fail(const std::string& why);
  std::string call(const std::string& text) const;
};

namespace {

/// The thread of a judge: what `exit` finds here when a plugin calls it.
thread_local std::function<void(const std::string&)>* give_up = nullptr;

/// A plugin that exits takes its verdict with it, not the report of the job.
void refuse_exit() {
  if (!give_up) return;
  (*give_up)("the monitor called (exit)");
  for (;;) pause();
}

/// The collector stops threads by PWR and starts them by XCPU; all else is the main thread's.
void block_signals() {
  sigset_t set;
  sigfillset(&set);
  sigdelset(&set, SIGPWR);
  sigdelset(&set, SIGXCPU);
  pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

// Loads what every verdict needs while the job still runs.
const char* const rehearsal =
    R"({"config":null,"check":false,"monitor":"error","options":{},"outcome":{"status":0}})";

}  // namespace

std::string Judge::State::call(const std::string& text) const {
  return call_scheme({"sheepdog", "verdict"}, "judge-json", {Json(text)}).get<std::string>();
}

void Judge::State::fail(const std::string& why) {
  const std::lock_guard guard{mutex};
  if (!answer) trouble = why;
  changed.notify_all();
}

void Judge::State::work(const Paths& paths, Seconds delay) {
  std::function<void(const std::string&)> give_up_here = [this](const std::string& why) {
    fail(why);
  };
  give_up = &give_up_here;
  {
    std::unique_lock guard{mutex};
    changed.wait_for(guard, delay, [&] { return request.has_value(); });
  }
  try {
    with_interpreter(paths, [&] {
      call(rehearsal);
      std::unique_lock guard{mutex};
      changed.wait(guard, [&] { return request.has_value(); });
      const std::string text = *request;
      guard.unlock();
      std::string said = call(text);
      guard.lock();
      answer = std::move(said);
      changed.notify_all();
    });
  } catch (const std::exception& e) {
    fail(e.what());
  }
  give_up = nullptr;
}

Judge::Judge(const Paths& paths, Seconds delay) : state_{std::make_shared<State>()} {
  static const int registered = std::atexit(refuse_exit);
  (void)registered;
  std::thread{[state = state_, paths, delay] {
    block_signals();
    state->work(paths, delay);
  }}.detach();
}

std::string Judge::ask(const std::string& request, Seconds patience) {
  std::unique_lock guard{state_->mutex};
  state_->request = request;
  state_->changed.notify_all();
  state_->changed.wait_for(guard, patience, [&] { return state_->answer || state_->trouble; });
  if (state_->answer) return *state_->answer;
  throw Error{Error::Code::broken, state_->trouble.value_or("no verdict in time")};
}

}  // namespace sheepdog
