// supervisor_support.hh -- a supervisor in a process of its own, for tests that give it workers.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <sstream>
#include <string>

#include "error.hh"
#include "log.hh"
#include "supervisor.hh"
#include "support.hh"
#include "worker.hh"

namespace sheepdog {

/// A supervisor in a process of its own, whose workers append to a file what they have to tell.
class Scene {
 public:
  using Work = std::function<void(const Scene&)>;

  ~Scene() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    if (pid_ > 0) end();
  }

  void start(const Work& work, Supervision supervision = {}) {
    supervision.first_gap = Seconds{0.02};
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    open_log("supervisor", {directory_ / "log"});
    try {
      _exit(supervise(
          [&] {
            join_supervisor();
            say("start");
            work(*this);
            _exit(0);
          },
          supervision));
    } catch (const Error& e) {
      log(Level::error, e.what());
      _exit(99);
    }
  }

  void say(const std::string& word) const {
    std::ofstream{directory_ / "said", std::ios::app} << word << std::endl;
  }
  [[nodiscard]] std::string said() const { return read_file(directory_ / "said"); }
  [[nodiscard]] std::string logged() const { return read_file(directory_ / "log"); }
  [[nodiscard]] int count(const std::string& word) const {
    std::istringstream lines{said()};
    int n = 0;
    for (std::string line; std::getline(lines, line);) n += line == word;
    return n;
  }
  [[nodiscard]] bool waits_for(const std::string& word, int times = 1) const {
    return eventually([&] { return count(word) >= times; });
  }
  /// The status with which the supervisor ends; -N for signal N.
  int end() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void signal(int number) const { kill(pid_, number); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string file(const std::string& name) const { return directory_ / name; }

 private:
  TemporaryDirectory directory_;
  pid_t pid_ = 0;
};

}  // namespace sheepdog
