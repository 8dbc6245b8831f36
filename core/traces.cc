// traces.cc -- a few cheap system calls before, the same after.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "traces.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

bool has_room() {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
  const std::size_t size = limit.rlim_cur / 8;
  void* const room = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return room != MAP_FAILED && munmap(room, size) == 0;
}

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
  prctl(PR_GET_CHILD_SUBREAPER, &adopting_);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  children_ = present_children();
  std::erase_if(children_, [](pid_t child) {  // that we adopted, and of which nobody else knows
    const pid_t session = getsid(child);
    return session != child && session != getsid(0) && waitpid(child, nullptr, WNOHANG) == child;
  });
}

std::optional<std::string> Traces::mend() const {
  end_new_children();
  prctl(PR_SET_CHILD_SUBREAPER, adopting_);
  if (!set_back()) return "it left the directory " + directory_;
  for (const auto& known : files_) {
    struct stat file {};
    if (fstat(known.fd, &file) != 0) return fmt::format("it closed descriptor {}", known.fd);
    if (file.st_dev != known.device || file.st_ino != known.inode)
      return fmt::format("it put another file in the place of descriptor {}", known.fd);
  }
  if (!has_room()) return "it left no memory";
  return {};
}

bool Traces::set_back() const {
  umask(umask_);
  if (locale_ != std::setlocale(LC_ALL, nullptr)) std::setlocale(LC_ALL, locale_.c_str());
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &actions_[i], nullptr);
  return directory_.empty() || working_directory() == directory_ || chdir(directory_.c_str()) == 0;
}

/// Whether `child` was there, or is an orphan of one that was: of a mailer, say, which is in a
/// session of its own.
bool Traces::is_old(pid_t child) const {
  const auto known = [&](pid_t pid) {
    return std::binary_search(children_.begin(), children_.end(), pid);
  };
  return known(child) || known(getsid(child));
}

/// Until there are none: each that ends leaves us its own.
void Traces::end_new_children() const {
  for (bool more = true; more;) {
    more = false;
    for (const pid_t child : present_children()) {
      if (is_old(child)) continue;
      more = true;
      if (getpgid(child) == child) kill(-child, SIGKILL);
      kill(child, SIGKILL);
      while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }
}

}  // namespace sheepdog
