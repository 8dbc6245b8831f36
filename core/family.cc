// family.cc -- /proc/PID/stat of all processes, followed from parent to child (proc(5)).
// SPDX-License-Identifier: GPL-3.0-or-later
#include "family.hh"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "descriptor.hh"

namespace sheepdog {
namespace {

struct Process {
  pid_t pid = 0, parent = 0, group = 0;
  char state = '?';
  unsigned long long started = 0;
};

/// False when it is gone.
bool read_process(const char* pid, Process& process) {
  const Descriptor file{
      open(("/proc/" + std::string{pid} + "/stat").c_str(), O_RDONLY | O_CLOEXEC)};
  char text[1024];
  const ssize_t size = file ? read(file.get(), text, sizeof text - 1) : -1;
  if (size <= 0) return false;
  text[size] = '\0';
  const char* rest = std::strrchr(text, ')');  // its name may hold anything
  process.pid = static_cast<pid_t>(std::atol(pid));
  return rest &&
         std::sscanf(rest + 1,
                     " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
                     "%*d %llu",
                     &process.state, &process.parent, &process.group, &process.started) == 4;
}

std::vector<Process> all_processes() {
  std::vector<Process> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory{opendir("/proc"), closedir};
  while (const dirent* entry = directory ? readdir(directory.get()) : nullptr) {
    Process process;
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) &&
        read_process(entry->d_name, process))
      all.push_back(process);
  }
  return all;
}

}  // namespace

Family::Members Family::members() const {
  const auto all = all_processes();
  Members members;
  for (const auto& process : all) {
    const auto met = met_.find(process.pid);
    const bool known = met != met_.end() && met->second == process.started;
    if (process.state != 'Z' &&
        (process.pid == leader_ || known || (own_group_ && process.group == leader_)))
      members.emplace(process.pid, process.started);
  }
  for (bool more = !own_group_; more;) {  // a round for each generation
    more = false;
    for (const auto& process : all)
      if (process.state != 'Z' && (members.contains(process.parent) || process.parent == leader_))
        more = members.emplace(process.pid, process.started).second || more;
  }
  return members;
}

void Family::send(int signal) {
  if (leader_ <= 0) return;
  if (own_group_) {
    kill(-leader_, signal);
    return;
  }
  met_ = members();
  for (const auto& [pid, started] : met_) kill(pid, signal);
}

bool Family::alive() const { return leader_ > 0 && !members().empty(); }

}  // namespace sheepdog
