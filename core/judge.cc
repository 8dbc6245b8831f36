// judge.cc -- one thread owns all Scheme and gets plain text.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "judge.hh"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "error.hh"
#include "interpreter.hh"
#include "json.hh"

namespace sheepdog {

struct Judge::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<std::string> request, answer, trouble;
  std::atomic<bool> crashed = false;

  void work(const Paths& paths, Seconds delay);
  void fail(const std::string& why);
  std::string call(const std::string& text) const;
};

namespace {

/// What a thread of a judge has to say when it cannot go on.
struct Emergency {
  std::function<void()> exited;
  std::atomic<bool>* crashed = nullptr;
};
thread_local Emergency* emergency = nullptr;

/// A plugin that exits takes its verdict with it, not the report of the job.
void refuse_exit() {
  if (!emergency) return;
  emergency->exited();
  for (;;) pause();
}

/// Neither does one that crashes: only this thread stands still.
void refuse_crash(int signal_number) {
  if (emergency) {
    *emergency->crashed = true;
    for (;;) pause();
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

/// Done once; the stack for handlers is that of each thread.
void catch_ends() {
  std::atexit(refuse_exit);
  struct sigaction action {};
  action.sa_handler = refuse_crash;
  action.sa_flags = SA_ONSTACK;
  for (const int s : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigaction(s, &action, nullptr);
}

/// The collector stops threads by PWR and starts them by XCPU; all else is the main thread's.
void block_signals() {
  sigset_t set;
  sigfillset(&set);
  sigdelset(&set, SIGPWR);
  sigdelset(&set, SIGXCPU);
  for (const int s : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&set, s);
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
  Emergency mine{[this] { fail("the monitor called (exit)"); }, &crashed};
  emergency = &mine;
  std::vector<char> stack(64 * 1024);
  const stack_t handlers{stack.data(), 0, stack.size()};
  sigaltstack(&handlers, nullptr);
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
  emergency = nullptr;
}

Judge::Judge(const Paths& paths, Seconds delay) : state_{std::make_shared<State>()} {
  static std::once_flag caught;
  std::call_once(caught, catch_ends);
  std::thread{[state = state_, paths, delay] {
    block_signals();
    state->work(paths, delay);
  }}.detach();
}

std::string Judge::ask(const std::string& request, Seconds patience) {
  std::unique_lock guard{state_->mutex};
  state_->request = request;
  state_->changed.notify_all();
  const auto end = std::chrono::steady_clock::now() + patience;
  const auto over = [&] { return state_->answer || state_->trouble || state_->crashed; };
  while (!over() && std::chrono::steady_clock::now() < end)  // a crash cannot notify
    state_->changed.wait_for(guard, std::chrono::milliseconds{20}, over);
  if (state_->answer) return *state_->answer;
  if (state_->crashed) throw Error{Error::Code::broken, "Guile crashed"};
  throw Error{Error::Code::broken, state_->trouble.value_or("no verdict in time")};
}

}  // namespace sheepdog
