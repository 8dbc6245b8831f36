// process.cc -- the one file that knows Boost.Process, and its traps.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "process.hh"

#define BOOST_POSIX_HAS_VFORK 1  // 1.74 declares that start, and defines it only so

#if __has_include(<boost/process/v1/child.hpp>)
#include <boost/process/v1/child.hpp>
#include <boost/process/v1/error.hpp>
#include <boost/process/v1/exe.hpp>
#include <boost/process/v1/extend.hpp>
#include <boost/process/v1/posix.hpp>
namespace bp = boost::process::v1;
#else
#include <boost/process/child.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/posix.hpp>
namespace bp = boost::process;
#endif

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "descriptor.hh"

namespace sheepdog {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

/// Our environment with `changes`, as NAME=VALUE.
std::vector<std::string> changed_environment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text{*entry};
    if (!changes.contains(std::string{text.substr(0, text.find('='))})) all.emplace_back(text);
  }
  for (const auto& [name, value] : changes) all.push_back(name + "=" + value);
  return all;
}

/// In the child, as below. Whether `parent` has died before the kernel knew what that means to us
/// is seen by its absence.
void bind_to(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) raise(SIGKILL);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

/// In the child, as below. A worker has less memory than it may have; what it starts is not the
/// code that this is for.
void lift_memory_limit() {
  rlimit memory{};
  if (getrlimit(RLIMIT_DATA, &memory) != 0) return;
  memory.rlim_cur = memory.rlim_max;
  setrlimit(RLIMIT_DATA, &memory);
}

/// In the child, as below. A terminal reaches it no more; what came before that and waits, since we
/// block it, is for us: ignoring a signal discards it.
void begin_session() {
  setsid();
  for (const int s : {SIGINT, SIGQUIT, SIGHUP, SIGTSTP}) {
    signal(s, SIG_IGN);
    signal(s, SIG_DFL);
  }
}

/// In the child, which has our memory: only async-signal-safe calls from here to exec.
void prepare_child(const Start& start, pid_t parent) {
  if (start.group == Start::Group::session) begin_session();
  if (start.group == Start::Group::own) setpgid(0, 0);
  if (start.ends_with_us) bind_to(parent);
  if (!start.inherit) lift_memory_limit();
  const int streams[] = {start.in, start.out, start.error};
  for (int fd = 0; fd < 3; ++fd)
    if (streams[fd] >= 0) dup2(streams[fd], fd);
  for (int s = 1; s < NSIG; ++s) {
    const bool taken = s == SIGPIPE || s == SIGXFSZ || s == SIGTERM ||
                       ((s == SIGINT || s == SIGQUIT) && !start.terminal);
    if (!start.inherit || taken) signal(s, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // What we opened is close-on-exec; what others opened for us is meant for a job, not for a tool.
  if (!start.inherit) syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int fd : start.keep) fcntl(fd, F_SETFD, 0);
}

bool executable(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return false;
  if (!S_ISREG(status.st_mode)) {
    errno = EACCES;
    return false;
  }
  return access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::string> find_program(const std::string& program, int& error) {
  if (program.find('/') != std::string::npos) return program;
  error = ENOENT;
  const char* given = std::getenv("PATH");
  std::string_view path = given ? given : "/bin:/usr/bin";
  while (!program.empty()) {
    const auto colon = path.find(':');
    const std::string directory{path.substr(0, colon)};
    const std::string candidate = directory.empty() ? program : directory + "/" + program;
    if (executable(candidate))
      return candidate.find('/') != std::string::npos ? candidate : "./" + candidate;
    if (errno == EACCES) error = EACCES;
    if (colon == std::string_view::npos) break;
    path.remove_prefix(colon + 1);
  }
  return {};
}

Started start_program(const Start& start) {
  Started started;
  const auto program = find_program(start.argv.at(0), started.error);
  if (!program) return started;
  const auto arguments = pointers(start.argv);
  const auto environment = changed_environment(start.environment);
  const auto variables = pointers(environment);
  const pid_t parent = getpid();
  std::error_code error;
  bp::child child(
      bp::exe = *program, error, bp::posix::use_vfork,  // nothing is copied to be thrown away
      bp::extend::on_exec_setup =
          [&](auto& executor) {
            prepare_child(start, parent);
            executor.cmd_line = arguments.data();  // else argv[0] would be the path that was found
            if (!start.environment.empty()) executor.env = const_cast<char**>(variables.data());
          },
      bp::extend::on_error =
          [](auto& executor, const std::error_code&) {  // else a zombie for each exec that failed
            if (executor.pid > 0) waitpid(executor.pid, nullptr, 0);
          });
  started.error = error.value();
  if (error) return started;
  started.pid = child.id();
  child.detach();  // we wait ourselves: its wait_for loses time and signals
  if (start.group == Start::Group::own) setpgid(started.pid, started.pid);  // whoever is first
  return started;
}

Started start_detached(const std::vector<std::string>& argv, int error) {
  const Descriptor nothing{open("/dev/null", O_RDWR | O_CLOEXEC)};
  return start_program({.argv = argv,
                        .in = nothing.get(),
                        .out = nothing.get(),
                        .error = error < 0 ? nothing.get() : error,
                        .environment = {},
                        .group = Start::Group::session});
}

int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

std::optional<int> wait_for_child(pid_t pid, Seconds patience) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
  const Descriptor ended{open_pidfd(pid)};
  for (;;) {
    int status = 0;
    const pid_t got = waitpid(pid, &status, WNOHANG);
    if (got == pid) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (got < 0 && errno != EINTR) return {};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return {};
    pollfd ready{ended.get(), POLLIN, 0};
    poll(&ready, 1, static_cast<int>(ended ? left : std::min<std::int64_t>(left, 20)));
  }
}

}  // namespace sheepdog
