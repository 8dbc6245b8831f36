// page.cc -- the bell is a futex in shared memory: who closes descriptors cannot reach it.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "page.hh"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

#include "error.hh"

namespace sheepdog {

std::int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void Page::ring() {
  bell.fetch_add(1);
  syscall(SYS_futex, &bell, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Page::sleep(std::uint32_t seen, std::int64_t until) {
  // First say until when, then look: whoever promises an earlier deadline does it in the other
  // order, so one of the two sees it.
  sleeps_until.store(until);
  const std::int64_t end = std::min(until, deadline.load());
  sleeps_until.store(end);
  const std::int64_t left = end == never ? 0 : end - monotonic_ms();
  if (end != never && left <= 0) return;
  // A millisecond more: then the deadline is past, and not just about to be.
  const timespec timeout{(left + 1) / 1000, (left + 1) % 1000 * 1'000'000};
  syscall(SYS_futex, &bell, FUTEX_WAIT, seen, end == never ? nullptr : &timeout, nullptr, 0);
  sleeps_until.store(0);  // awake: nobody needs to ring for a deadline
}

Page* map_page(int fd) {
  void* const memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED)
    throw Error{Error::Code::broken,
                std::string{"cannot map the page of the supervisor: "} + std::strerror(errno)};
  return static_cast<Page*>(memory);
}

}  // namespace sheepdog
