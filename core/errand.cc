// errand.cc -- a table of children, polled by their pidfds and the pipes on which they say something.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "errand.hh"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include "capture.hh"
#include "descriptor.hh"
#include "family.hh"
#include "process.hh"

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t kept = 4096;
constexpr Milliseconds shortest_pause{5};

Clock::time_point after(Clock::time_point begin, Seconds time) {
  return begin + std::chrono::duration_cast<Clock::duration>(time);
}

Milliseconds until(Clock::time_point end) {
  return std::max(Milliseconds{0}, std::chrono::ceil<Milliseconds>(end - Clock::now()));
}

/// A file without a name that reads as `text`: nobody has to stand by and feed a pipe.
Descriptor file_of(std::string_view text) {
  Descriptor file{memfd_create("errand", MFD_CLOEXEC)};
  while (file && !text.empty()) {
    const ssize_t n = write(file.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Descriptor{};
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (file) lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// A pipe that is read without waiting at `reader`; its other end.
Descriptor pipe_into(Descriptor& reader) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Descriptor{};
  reader = Descriptor{ends[0]};
  fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  return Descriptor{ends[1]};
}

/// Call `take` with what can be read from `pipe` without waiting, for as long as it is true, but not
/// for ever: who writes faster than we read is heard again at the next look.
template <typename Take>
void read_from(Descriptor& pipe, Take take) {
  std::array<char, 16 * 1024> bytes;
  for (int turns = 64; pipe && turns > 0; --turns) {
    const ssize_t n = read(pipe.get(), bytes.data(), bytes.size());
    if (n > 0) {
      if (!take(std::string_view{bytes.data(), static_cast<std::size_t>(n)})) return;
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
      pipe.close();
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

}  // namespace

struct Errands::Running {
  Ending ending;
  pid_t pid = 0;  // 0: it has ended, or never began
  Family family;
  Descriptor ended, words, output;
  HeadTail said{0, kept};
  std::size_t wanted = 0;  // bytes of `output`
  Clock::time_point began = Clock::now(), deadline;

  void start(const Errand& errand);
  void listen();
  void take_output();
  void look(Seconds grace);
  void close();
};

void Errands::Running::start(const Errand& errand) {
  ending.key = errand.key;
  deadline = after(began, errand.limit);
  wanted = errand.output;
  const Descriptor input = file_of(errand.input);
  const Descriptor sink = pipe_into(words);
  const Descriptor apart = wanted != 0 ? pipe_into(output) : Descriptor{};
  if (!input || !sink || (wanted != 0 && !apart)) {
    ending.start_errno = errno;
    return;
  }
  const Started started = start_program({.argv = errand.argv,
                                         .in = input.get(),
                                         .out = apart ? apart.get() : sink.get(),
                                         .error = sink.get(),
                                         .environment = {},
                                         .group = Start::Group::session,
                                         .ends_with_us = true});
  ending.start_errno = started.error;
  pid = started.pid;
  if (pid <= 0) return;
  family = Family{pid, true};
  ended = Descriptor{open_pidfd(pid)};
}

/// Keep the end of what it wrote since the last time; never wait for more.
void Errands::Running::listen() {
  read_from(words, [&](std::string_view bytes) {
    said.put(bytes);
    return true;
  });
  take_output();
}

void Errands::Running::take_output() {
  read_from(output, [&](std::string_view bytes) {
    ending.output += bytes.substr(0, wanted - ending.output.size());
    ending.flooded = ending.flooded || ending.output.size() == wanted;
    if (!ending.flooded) return true;
    family.send(SIGKILL);
    output.close();
    return false;
  });
}

void Errands::Running::look(Seconds grace) {
  if (pid <= 0) return;
  int status = 0;
  const bool over = waitpid(pid, &status, WNOHANG) == pid;
  listen();
  if (over) {
    if (WIFSIGNALED(status)) {
      ending.signal = WTERMSIG(status);
    } else {
      ending.status = WEXITSTATUS(status);
    }
    if (ending.timed_out) family.send(SIGKILL);  // who did not hear TERM
    pid = 0;
    close();
  } else if (Clock::now() >= deadline) {
    family.send(ending.timed_out ? SIGKILL : SIGTERM);
    ending.timed_out = true;
    deadline = after(Clock::now(), grace);
  }
}

void Errands::Running::close() {
  ending.said = said.text();
  words.close();
  output.close();
  ended.close();
}

Errands::Errands(Seconds grace) : grace_{grace} {}

Errands::~Errands() {
  for (const auto& one : running_)
    if (one->pid > 0) one->family.send(SIGKILL);
  for (const auto& one : running_)
    if (one->pid > 0) wait_for_child(one->pid, Seconds{1});
}

void Errands::start(Errand errand) {
  running_.push_back(std::make_unique<Running>());
  running_.back()->start(errand);
}

std::vector<Ending> Errands::collect(Seconds patience) {
  const auto end = after(Clock::now(), patience);
  for (;;) {
    for (const auto& one : running_) one->look(grace_);
    std::vector<Ending> endings;
    std::erase_if(running_, [&](const auto& one) {
      if (one->pid > 0) return false;
      endings.push_back(std::move(one->ending));
      return true;
    });
    auto most = until(end);
    if (!endings.empty() || running_.empty() || most.count() == 0) return endings;
    std::vector<pollfd> ready;
    for (const auto& one : running_) {
      most = std::min(most, until(one->deadline));
      if (!one->ended) most = std::min(most, Milliseconds{20});  // no pidfd: Linux before 5.3
      ready.push_back({one->ended.get(), POLLIN, 0});
      ready.push_back({one->words.get(), POLLIN, 0});
      ready.push_back({one->output.get(), POLLIN, 0});
    }
    poll(ready.data(), ready.size(), static_cast<int>(most.count()));
  }
}

std::size_t Errands::running() const { return running_.size(); }

Seconds Errands::pause() const {
  Seconds least{0};
  for (const auto& one : running_) {
    const auto quarter = (Clock::now() - one->began) / 4;
    const Seconds mine = std::min<Seconds>(std::max<Seconds>(quarter, shortest_pause),
                                           until(one->deadline));
    least = one == running_.front() ? mine : std::min(least, mine);
  }
  return least;
}

}  // namespace sheepdog
