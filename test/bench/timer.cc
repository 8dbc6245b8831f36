// timer.cc -- run a command many times: median wall time, and the most memory any of its processes had.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Usage: timer RUNS COMMAND [ARG...]    prints "MEDIAN-MS MIN-MS MAX-RSS-KiB"; output of COMMAND goes to /dev/null.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: timer RUNS COMMAND [ARG...]\n");
    return 2;
  }
  const int runs = std::max(1, std::atoi(argv[1]));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::vector<double> times;
  long memory = 0;
  for (int i = 0; i < runs; ++i) {
    const auto began = std::chrono::steady_clock::now();
    pid_t pid = 0;
    if (posix_spawnp(&pid, argv[2], &actions, nullptr, argv + 2, environ) != 0) {
      std::perror(argv[2]);
      return 2;
    }
    int status = 0;
    rusage usage{};  // of the child and of the descendants it waited for
    wait4(pid, &status, 0, &usage);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    times.push_back(took.count());
    memory = std::max(memory, usage.ru_maxrss);
  }
  std::sort(times.begin(), times.end());
  std::printf("%.3f %.3f %ld\n", times[times.size() / 2], times.front(), memory);
}
