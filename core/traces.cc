// traces.cc -- a few cheap system calls before, the same after.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "traces.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <clocale>

#include "offspring.hh"

namespace sheepdog {
namespace {

constexpr int most_descriptors = 48;  // ours are opened at the start, and are few

/// Databases, locks, the log. What a plugin has opened is not close-on-exec, and the collector may
/// close it at any time; pipes and sockets come and go with threads; the queue is connected anew.
bool is_vital(int fd, const struct stat& file) {
  return fd <= STDERR_FILENO || (S_ISREG(file.st_mode) && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

std::string working_directory() {
  char path[PATH_MAX];
  return getcwd(path, sizeof path) ? path : "";
}

mode_t present_umask() {
  const mode_t mask = umask(077);
  umask(mask);
  return mask;
}

/// One system call where there are none, as there are as a rule.
std::vector<pid_t> present_children() {
  siginfo_t info{};
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD) return {};
  std::vector<pid_t> all = children();
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

void Traces::note() {
  files_.clear();
  for (int fd = 0; fd < most_descriptors; ++fd) {
    struct stat file {};
    if (fstat(fd, &file) == 0 && is_vital(fd, file))
      files_.push_back({fd, file.st_dev, file.st_ino});
  }
  directory_ = working_directory();
  umask_ = present_umask();
  locale_ = std::setlocale(LC_ALL, nullptr);
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], nullptr, &actions_[i]);
  children_ = present_children();
}

std::optional<std::string> Traces::mend() const {
  end_new_children();
  if (!set_back()) return "it left the directory " + directory_;
  for (const auto& known : files_) {
    struct stat file {};
    if (fstat(known.fd, &file) != 0) return fmt::format("it closed descriptor {}", known.fd);
    if (file.st_dev != known.device || file.st_ino != known.inode)
      return fmt::format("it put another file in the place of descriptor {}", known.fd);
  }
  return {};
}

bool Traces::set_back() const {
  umask(umask_);
  if (locale_ != std::setlocale(LC_ALL, nullptr)) std::setlocale(LC_ALL, locale_.c_str());
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &actions_[i], nullptr);
  return directory_.empty() || working_directory() == directory_ || chdir(directory_.c_str()) == 0;
}

void Traces::end_new_children() const {
  for (const pid_t child : present_children()) {
    if (std::binary_search(children_.begin(), children_.end(), child)) continue;
    if (getpgid(child) == child) kill(-child, SIGKILL);
    kill(child, SIGKILL);
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace sheepdog
