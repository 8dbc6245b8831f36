// job.cc -- a loop over a job's end, our signals and its time limit, while pumps carry its output.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "job.hh"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "descriptor.hh"
#include "family.hh"
#include "hold.hh"
#include "instant.hh"
#include "process.hh"
#include "pump.hh"

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point after(Seconds time) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
}

struct Pipe {
  Descriptor source, sink;
};

/// Throws no error: without descriptors both ends are -1.
Pipe make_pipe() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) ends[0] = ends[1] = -1;
  return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

bool has_terminal() {
  const Descriptor terminal{open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)};
  return static_cast<bool>(terminal);
}

/// From now on INT TERM HUP QUIT wait in the descriptor that is returned. What nohup(1) or a shell
/// with a terminal made ignored stays so; elsewhere an ignored INT or QUIT is the mark of a shell's
/// `&`, and who sends one means it.
Descriptor catch_signals(bool terminal) {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    struct sigaction action {};
    sigaction(s, nullptr, &action);
    const bool ignored = action.sa_handler == SIG_IGN;
    if (ignored && (s == SIGHUP || (terminal && s != SIGTERM))) continue;
    if (ignored) signal(s, SIG_DFL);  // else the kernel drops it
    sigaddset(&set, s);
  }
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return Descriptor{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
}

}  // namespace

struct Job::State {
  std::vector<std::string> argv;
  RunOptions options;
  Outcome outcome;
  HeadTail out, error;
  Hold hold;

  pid_t pid = 0;
  bool terminal = false;
  Family family;
  Descriptor ended, signals, input, pumps_done{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::unique_ptr<Pump> pumps[2];
  std::size_t input_at = 0;
  Clock::time_point began;

  /// It runs; it has ended, but what it started has not obeyed its time limit yet; only output is
  /// still on its way.
  enum class Phase { running, ending, draining } phase = Phase::running;
  std::optional<Clock::time_point> deadline;  // of the phase, if it has one
  bool hurry = false;                         // by a time limit or a signal of ours
  std::optional<Clock::time_point> later;     // when options.later is to be called

  State(std::vector<std::string> words, RunOptions wishes)
      : argv{std::move(words)},
        options{std::move(wishes)},
        out{options.head, options.tail},
        error{options.head, options.tail} {}

  void start();
  void loop();
  void wait() const;
  void write_input();
  void forward();
  void reap();
  void enforce();
  void drain();
  [[nodiscard]] bool over() const;
};

Job::Job(std::vector<std::string> argv, RunOptions options)
    : state_{std::make_unique<State>(std::move(argv), std::move(options))} {}

Job::~Job() = default;

void Job::start() { state_->start(); }

bool Job::started() const { return state_->pid > 0; }

void Job::State::start() {
  outcome.argv = argv;
  outcome.started = epoch_ms();
  began = Clock::now();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit for files: ours is told of, the job's is the job's
  signal(SIGCHLD, SIG_DFL);  // inherited as ignored it would take the status away
  Pipe from_out = make_pipe(), from_error = make_pipe(), to_in;
  if (!options.passthrough) to_in = make_pipe();
  if (!from_error.sink || !pumps_done || (!options.passthrough && !to_in.sink)) {
    outcome.start_errno = EMFILE;
    return;
  }
  terminal = options.passthrough && has_terminal();
  if (options.passthrough) signals = catch_signals(terminal);
  using Group = Start::Group;
  const auto group = terminal ? Group::ours : options.passthrough ? Group::own : Group::session;
  const Started started = start_program({.argv = argv,
                                         .in = to_in.source.get(),
                                         .out = from_out.sink.get(),
                                         .error = from_error.sink.get(),
                                         .environment = options.environment,
                                         .group = group,
                                         .inherit = options.passthrough,
                                         .terminal = terminal,
                                         .ends_with_us = options.ends_with_us});
  outcome.start_errno = started.error;
  pid = started.pid;
  if (pid <= 0) return;
  family = Family{pid, !terminal};
  ended = Descriptor{open_pidfd(pid)};
  input = std::move(to_in.sink);
  if (input) fcntl(input.get(), F_SETFL, O_NONBLOCK);
  if (options.later)
    later = began + std::chrono::duration_cast<Clock::duration>(options.later_after);
  if (options.limit) deadline = began + std::chrono::duration_cast<Clock::duration>(*options.limit);
  const bool pass = options.passthrough && !options.quiet;
  Hold* held = options.quiet ? &hold : nullptr;
  for (const int stream : {1, 2}) {
    pumps[stream - 1] =
        std::make_unique<Pump>(std::move(stream == 1 ? from_out.source : from_error.source),
                               PumpTarget{stream, pass ? stream : -1, held, options.watch},
                               stream == 1 ? out : error, pumps_done.get());
  }
}

Outcome Job::finish() {
  if (state_->pid > 0) state_->loop();
  Outcome& outcome = state_->outcome;
  outcome.standard_output = state_->out.text();
  outcome.standard_error = state_->error.text();
  outcome.output_bytes = state_->out.total();
  outcome.error_bytes = state_->error.total();
  outcome.cut = state_->out.cut() || state_->error.cut();
  return outcome;
}

void Job::State::loop() {
  while (!over()) {
    write_input();
    wait();
    if (signals) forward();
    if (phase == Phase::running) reap();
    if (phase == Phase::running && later && Clock::now() >= *later) {
      later.reset();
      options.later();
    }
    if (phase == Phase::ending && !family.alive()) drain();
    if (phase != Phase::draining) enforce();
  }
  for (auto& pump : pumps)
    if (!pump->done()) pump->abandon();
  input.close();
}

/// A reader of ours who does not read may hold us up, but not when we are told to end.
bool Job::State::over() const {
  if (phase != Phase::draining) return false;
  return (pumps[0]->done() && pumps[1]->done()) || (hurry && Clock::now() > *deadline);
}

void Job::State::wait() const {
  // Who is left of a family, and without a pidfd the end, has to be looked for.
  auto most = std::chrono::milliseconds{60'000};
  if (phase == Phase::ending || (phase == Phase::running && !ended))
    most = std::chrono::milliseconds{20};
  const auto until = [&](Clock::time_point time) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
    most = std::clamp(left + std::chrono::milliseconds{1}, std::chrono::milliseconds{0}, most);
  };
  if (deadline && (phase != Phase::draining || hurry)) until(*deadline);
  if (later && phase == Phase::running) until(*later);
  pollfd ready[] = {{phase == Phase::running ? ended.get() : -1, POLLIN, 0},
                    {signals.get(), POLLIN, 0},
                    {pumps_done.get(), POLLIN, 0},
                    {input.get(), POLLOUT, 0}};
  poll(ready, std::size(ready), static_cast<int>(most.count()));
  std::uint64_t count = 0;
  (void)!read(pumps_done.get(), &count, sizeof count);
}

void Job::State::write_input() {
  while (input) {
    if (input_at == options.input.size()) {
      input.close();
      return;
    }
    const ssize_t n =
        write(input.get(), options.input.data() + input_at, options.input.size() - input_at);
    if (n >= 0) {
      input_at += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {  // it does not want to read more
      input.close();
    }
  }
}

/// Hand signals on, but not a second time what the terminal sent to all of its foreground.
void Job::State::forward() {
  signalfd_siginfo info;
  while (read(signals.get(), &info, sizeof info) == sizeof info) {
    hurry = true;
    if (phase != Phase::draining && !(terminal && info.ssi_code == SI_KERNEL))
      family.send(static_cast<int>(info.ssi_signo));
  }
}

void Job::State::reap() {
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) != pid) return;  // by its pid: others may have children too
  outcome.elapsed = Seconds{Clock::now() - began}.count();
  if (WIFSIGNALED(status)) {
    outcome.signal = WTERMSIG(status);
  } else {
    outcome.status = WEXITSTATUS(status);
  }
  phase = Phase::ending;
  if (!outcome.timed_out) drain();
}

/// At its limit TERM, `grace` later KILL. What it started has the whole of the grace, too.
void Job::State::enforce() {
  if (!deadline || Clock::now() < *deadline) return;
  family.send(outcome.timed_out ? SIGKILL : SIGTERM);
  if (outcome.timed_out && phase == Phase::ending) return drain();
  outcome.timed_out = hurry = true;
  deadline = after(options.grace);
}

void Job::State::drain() {
  phase = Phase::draining;
  deadline = after(options.drain + Seconds{0.2});
  for (auto& pump : pumps) pump->drain(options.drain);
}

const HeadTail& Job::kept(int stream) const { return stream == 1 ? state_->out : state_->error; }

void Job::release() {
  if (!state_->options.quiet) return;
  if (state_->hold.complete()) {
    state_->hold.release();
  } else {
    write_all(STDOUT_FILENO, state_->out.text());
    write_all(STDERR_FILENO, state_->error.text());
  }
}

std::optional<std::string> Job::trouble() const {
  for (const auto& pump : state_->pumps) {
    const int error = pump ? pump->write_error() : 0;
    if (error != 0 && error != EPIPE) return std::strerror(error);
  }
  return {};
}

Outcome run(std::vector<std::string> argv, RunOptions options) {
  Job job{std::move(argv), std::move(options)};
  job.start();
  return job.finish();
}

}  // namespace sheepdog
