// timer.cc -- run commands in turn, many times: median wall time of each, and the most memory it had.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Usage: timer RUNS COMMAND [ARG...] [::: COMMAND [ARG...]]...
// Prints a line for each command, "MEDIAN-MS MIN-MS MAX-RSS-KiB". They take turns, so that a change of
// the machine's mood meets all of them. Their input is empty, their output goes to /dev/null.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

extern char** environ;

namespace {

struct Command {
  std::vector<char*> argv;  // ends with a null pointer
  std::vector<double> times = {};  // ms
  long memory = 0;  // KiB: of any of its processes that were waited for, see getrusage(2)
};

std::vector<Command> commands_of(char** words, char** end) {
  std::vector<Command> commands(1);
  for (; words != end; ++words) {
    if (std::string_view{*words} == ":::")
      commands.emplace_back();
    else
      commands.back().argv.push_back(*words);
  }
  for (auto& command : commands) command.argv.push_back(nullptr);
  return commands;
}

void run(Command& command, const posix_spawn_file_actions_t& actions) {
  const auto began = std::chrono::steady_clock::now();
  pid_t pid = 0;
  if (posix_spawnp(&pid, command.argv[0], &actions, nullptr, command.argv.data(), environ) != 0) {
    std::perror(command.argv[0]);
    std::exit(2);
  }
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  command.times.push_back(took.count());
  command.memory = std::max(command.memory, usage.ru_maxrss);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: timer RUNS COMMAND [ARG...] [::: COMMAND [ARG...]]...\n");
    return 2;
  }
  auto commands = commands_of(argv + 2, argv + argc);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  for (int i = std::max(1, std::atoi(argv[1])); i > 0; --i)
    for (auto& command : commands) run(command, actions);
  for (auto& command : commands) {
    std::sort(command.times.begin(), command.times.end());
    std::printf("%.3f %.3f %ld\n", command.times[command.times.size() / 2], command.times.front(),
                command.memory);
  }
}
