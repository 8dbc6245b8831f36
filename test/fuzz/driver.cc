// driver.cc -- a target as libFuzzer calls it, with a limit for what bad input may cost.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>

#include "target.hh"

namespace {

// Sanitizers make it some 20 times slower: 10 ms without them.
constexpr double most_seconds = 0.2;
constexpr long most_bytes = COST * 1'000'000;

std::atomic<long> live = 0, peak = 0;  // bytes, since the beginning of this input

void allocated(const volatile void*, std::size_t size) {
  const long now = live += static_cast<long>(size);
  if (now > peak) peak = now;
}

void freed(const volatile void* memory) {
  if (memory) live -= static_cast<long>(__sanitizer_get_allocated_size(const_cast<void*>(memory)));
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double begin = 0;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "broken promise: %s\n", why);
  std::abort();
}

void refused() {
  if (peak > most_bytes) give_up("bad input took too much memory");
  if (processor_seconds() - begin > most_seconds) give_up("bad input took too long");
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  __sanitizer_install_malloc_and_free_hooks(allocated, freed);
  sheepdog::fuzz::refused = refused;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  live = peak = 0;
  begin = processor_seconds();
  try {
    sheepdog::fuzz::TARGET({reinterpret_cast<const char*>(data), size});
  } catch (const std::exception& e) {
    give_up(e.what());
  }
  return 0;
}
