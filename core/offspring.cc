// offspring.cc -- orphans become ours, so killing our children till there are none ends all.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "offspring.hh"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "descriptor.hh"

namespace sheepdog {
namespace {

/// The children that the thread `task` of ours has started or adopted (proc(5)).
void add_children_of(const std::string& task, std::vector<pid_t>& all) {
  const Descriptor file{
      open(("/proc/self/task/" + task + "/children").c_str(), O_RDONLY | O_CLOEXEC)};
  std::string text;
  char bytes[4096];
  for (ssize_t size; file && (size = read(file.get(), bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<std::size_t>(size));
  for (char* at = text.data(); *at != '\0';) {
    char* end = at;
    const long pid = std::strtol(at, &end, 10);
    if (end == at) break;
    if (pid > 0) all.push_back(static_cast<pid_t>(pid));
    at = *end == ' ' ? end + 1 : end;
  }
}

}  // namespace

std::vector<pid_t> children() {
  std::vector<pid_t> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks{opendir("/proc/self/task"), closedir};
  while (const dirent* task = tasks ? readdir(tasks.get()) : nullptr)
    if (task->d_name[0] != '.') add_children_of(task->d_name, all);
  return all;
}

bool end_descendants(Seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (auto pause = std::chrono::milliseconds{1};;
       pause = std::min(pause * 2, std::chrono::milliseconds{50})) {
    for (const pid_t child : children()) kill(child, SIGKILL);
    pid_t dead = 0;
    while ((dead = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (dead < 0 && errno == ECHILD) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace sheepdog
