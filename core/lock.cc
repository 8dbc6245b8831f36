// lock.cc -- flock(2) with patience.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "lock.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>

#include "error.hh"
#include "instant.hh"
#include "worker.hh"

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what, const std::string& file) {
  throw Error{Error::Code::broken,
              fmt::format("cannot {} {}: {}", what, file, std::strerror(errno))};
}

/// The content of a lock's file: "PID SINCE\n".
Holder read_holder(int fd) {
  char text[64];
  const ssize_t size = pread(fd, text, sizeof text, 0);
  Holder holder;
  if (size <= 0) return holder;
  const char* end = text + size;
  const auto space = std::from_chars(text, end, holder.pid);
  if (space.ptr < end) std::from_chars(space.ptr + 1, end, holder.since);
  return holder;
}

bool exists(pid_t pid) { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }

/// The same, once who has just got the lock has written his name.
Holder settled_holder(int fd) {
  Holder holder = read_holder(fd);
  for (int i = 0; i < 10 && !exists(holder.pid); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
    holder = read_holder(fd);
  }
  return holder;
}

void write_holder(int fd, const std::string& file) {
  const std::string text = fmt::format("{} {}\n", main_pid(), epoch_ms());
  const bool written = pwrite(fd, text.data(), text.size(), 0) >= 0 &&
                       ftruncate(fd, static_cast<off_t>(text.size())) == 0;
  if (!written && errno != ENOSPC) fail("write", file);  // a full disk: it is ours all the same
}

bool try_lock(int fd, const std::string& file) {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) fail("lock", file);
  }
  return true;
}

struct Held {
  std::mutex mutex;
  std::map<std::string, Lock> locks;
};

Held& held() {
  static auto* const all = new Held;  // never destroyed: it lasts as long as the process
  return *all;
}

}  // namespace

std::optional<Holder> Lock::acquire(const std::string& file, Seconds patience) {
  if (file.find('\0') != std::string::npos)
    throw Error{Error::Code::usage, "the name of a file with a NUL in it"};
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
  Descriptor opened{
      open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)};
  if (!opened) fail("open", file);
  auto pause = std::chrono::milliseconds{5};
  while (!try_lock(opened.get(), file)) {
    const auto left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) return settled_holder(opened.get());
    std::this_thread::sleep_for(std::min<Clock::duration>(left, pause));
    pause = std::min(pause * 2, std::chrono::milliseconds{200});
  }
  write_holder(opened.get(), file);
  file_ = std::move(opened);
  return {};
}

std::optional<std::int64_t> hold_lock(const std::string& file, Seconds patience) {
  const std::lock_guard guard{held().mutex};
  if (held().locks.contains(file)) return {};
  Lock lock;
  if (const auto holder = lock.acquire(file, patience)) return holder->pid;
  held().locks.emplace(file, std::move(lock));
  return {};
}

void release_lock(const std::string& file) {
  const std::lock_guard guard{held().mutex};
  held().locks.erase(file);
}

}  // namespace sheepdog
