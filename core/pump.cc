// pump.cc -- read, pass on, keep.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "pump.hh"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t buffer_size = 256 * 1024;
constexpr int pipe_size = 1024 * 1024;  // pipe(7): everybody may; it doubles the throughput

void tell(int event) {
  const std::uint64_t one = 1;
  (void)!write(event, &one, sizeof one);
}

/// A thread that takes none of the process's signals.
template <typename Body>
std::thread start_quiet_thread(Body body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread{std::move(body)};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

struct Pump::State {
  Descriptor source, wake;
  PumpTarget target;
  Descriptor done_event;

  std::atomic<bool> done = false, draining = false;
  std::atomic<int> write_error = 0;
  Seconds patience{0};  // written before `draining`

  std::mutex mutex;  // of what belongs to the caller: nothing after abandon()
  HeadTail* kept = nullptr;

  std::thread thread;

  void work();
  bool deliver(std::string_view bytes);
  [[nodiscard]] bool wait(std::optional<Clock::time_point> deadline) const;
};

/// False when it cannot be passed on: then the pipe is closed, and SIGPIPE tells the job so, as our
/// stdout would have done without us.
bool Pump::State::deliver(std::string_view bytes) {
  if (target.fd >= 0 && !write_all(target.fd, bytes)) {
    write_error = errno;
    return false;
  }
  const std::lock_guard guard{mutex};
  if (!kept) return false;
  kept->put(bytes);
  if (target.hold) target.hold->put(target.stream, bytes);
  if (target.watch) target.watch(target.stream, bytes);
  return true;
}

/// Wait for bytes or for drain(); false when `deadline` has passed.
bool Pump::State::wait(std::optional<Clock::time_point> deadline) const {
  int limit = -1;
  if (deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
    if (left.count() <= 0) return false;
    limit = static_cast<int>(left.count());
  }
  pollfd ready[2] = {{source.get(), POLLIN, 0}, {deadline ? -1 : wake.get(), POLLIN, 0}};
  poll(ready, 2, limit);
  return true;
}

void Pump::State::work() {
  // Not zeroed: most jobs print little, and a page that is never touched costs nothing.
  const auto buffer = std::make_unique_for_overwrite<char[]>(buffer_size);
  std::optional<Clock::time_point> deadline;
  std::uint64_t owed = 0;  // what the job itself left in the pipe is read however long it takes
  for (;;) {
    if (draining && !deadline) {
      int waiting = 0;
      if (ioctl(source.get(), FIONREAD, &waiting) == 0) owed = static_cast<std::uint64_t>(waiting);
      deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
    }
    const ssize_t n = read(source.get(), buffer.get(), buffer_size);
    if (n > 0) {
      const auto size = static_cast<std::size_t>(n);
      if (!deliver({buffer.get(), size})) break;
      owed -= std::min<std::uint64_t>(owed, size);
      if (deadline && owed == 0 && Clock::now() >= *deadline) break;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR) || !wait(deadline)) {
      break;
    }
  }
  source.close();
  done = true;
  tell(done_event.get());
}

Pump::Pump(Descriptor source, PumpTarget target, HeadTail& kept, int done)
    : state_{std::make_shared<State>()} {
  fcntl(source.get(), F_SETFL, O_NONBLOCK);
  fcntl(source.get(), F_SETPIPE_SZ, pipe_size);  // else as large as it is
  state_->source = std::move(source);
  state_->wake = Descriptor{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  state_->target = std::move(target);
  state_->kept = &kept;
  state_->done_event = Descriptor{fcntl(done, F_DUPFD_CLOEXEC, 3)};
  state_->thread = start_quiet_thread([state = state_] { state->work(); });
}

Pump::~Pump() {
  if (!state_->thread.joinable()) return;
  drain(Seconds{0});
  state_->thread.join();
}

void Pump::drain(Seconds patience) {
  if (state_->draining) return;
  state_->patience = patience;
  state_->draining = true;
  tell(state_->wake.get());
}

bool Pump::done() const { return state_->done; }

int Pump::write_error() const { return state_->write_error; }

void Pump::abandon() {
  const std::lock_guard guard{state_->mutex};
  state_->kept = nullptr;
  if (state_->thread.joinable()) state_->thread.detach();
}

}  // namespace sheepdog
