// guile_child.cc -- a socket between us, one line of JSON a call and one an answer.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "guile_child.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "error.hh"
#include "log.hh"
#include "phrase.hh"
#include "process.hh"

namespace sheepdog {
namespace {

constexpr Seconds end_patience{1.0};  // for a process that was killed or has closed its socket

// The answer of a judge may be as large as the messages that it makes.
const JsonLimits generous{.bytes = 64 << 20, .values = 1'000'000, .key = 4096};

[[noreturn]] void fail(const std::string& text) { throw Error{Error::Code::broken, text}; }

auto after(Seconds time) {
  using Clock = std::chrono::steady_clock;
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
}

}  // namespace

GuileChild::GuileChild(const Paths& paths) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    fail(fmt::format("cannot make a socket: {}", std::strerror(errno)));
  socket_ = Descriptor{ends[0]};
  const Descriptor its{ends[1]}, nothing{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const Started started =
      start_program({.argv = {guile_program(paths), "--program=" + program_name(),
                              fmt::format("--calls={}", its.get())},
                     .in = nothing.get(),
                     .out = STDERR_FILENO,
                     .environment = {},
                     .keep = {its.get()},
                     .ends_with_us = true});
  if (started.pid == 0) refuse_guile(paths, started.error);
  pid_ = started.pid;
}

GuileChild::~GuileChild() { end(); }

void GuileChild::dismiss() {
  if (pid_ != 0) kill(pid_, SIGKILL);
}

void GuileChild::end() {
  if (pid_ == 0) return;
  dismiss();
  wait_for_child(pid_, end_patience);
  pid_ = 0;
}

void GuileChild::prepare(const SchemeCall& call) {
  send(write_json(to_json(call)) + "\n", after(Seconds{0.1}));
  ++unread_;
}

Json GuileChild::ask(const SchemeCall& call, Seconds patience) {
  const auto deadline = after(patience);
  send(write_json(to_json(call)) + "\n", deadline);
  for (; unread_ > 0; --unread_) receive(deadline);
  const Json answer = read_json(receive(deadline), generous);
  if (const auto error = answer.find("error"); error != answer.end())
    fail(error->get<std::string>());
  return answer.at("value");
}

/// Until the socket is ready for one of `events`, or at its end.
void GuileChild::wait(short events, Deadline deadline) {
  if (pid_ == 0) fail("Guile has ended");
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{socket_.get(), events, 0};
    if (poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0) return;
    if (left.count() > 0) continue;
    end();
    fail("no answer in time");
  }
}

void GuileChild::send(const std::string& line, Deadline deadline) {
  for (std::string_view rest = line; !rest.empty();) {
    wait(POLLOUT, deadline);
    const ssize_t n =
        ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EAGAIN && errno != EINTR) {
      tell_end();
    }
  }
}

std::string GuileChild::receive(Deadline deadline) {
  for (std::size_t seen = 0;;) {
    if (const auto end = received_.find('\n', seen); end != received_.npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    seen = received_.size();
    wait(POLLIN, deadline);
    char bytes[16 * 1024];
    const ssize_t n = recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0) {
      received_.append(bytes, static_cast<std::size_t>(n));
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      tell_end();
    }
  }
}

/// It closed its socket, which it does only at its end.
void GuileChild::tell_end() {
  const auto status = wait_for_child(pid_, end_patience);
  if (status) pid_ = 0;
  end();
  if (!status) fail("Guile does not answer any more");
  fail(*status > 128 ? "Guile was killed by signal " + signal_text(*status - 128)
                     : fmt::format("Guile ended with exit status {}", *status));
}

}  // namespace sheepdog
