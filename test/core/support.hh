// support.hh -- what tests of the core share: a directory that goes away, a Redis of their own.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sheepdog {

/// A new directory, mode 0700, removed with all that is in it at the end of its scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string{base && *base ? base : "/tmp"} + "/sheepdog-test.XXXXXX";
    if (!mkdtemp(path_.data())) throw std::runtime_error{"mkdtemp " + path_};
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline void write_file(const std::string& file, const std::string& content) {
  std::ofstream{file, std::ios::binary} << content;
}

inline std::string read_file(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Let find_paths() find sheepdog-guile and the Scheme beside this program, as in the build tree.
inline void use_build_tree() {
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  setenv("SHEEPDOG_DATADIR", (here / "share/sheepdog").c_str(), 1);
}

/// Ask `ready` every 5 ms until it says yes or `limit` is over; what it said last.
template <typename Ready>
bool eventually(Ready ready, std::chrono::milliseconds limit = std::chrono::seconds{10}) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!ready()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

/// A port of 127.0.0.1 that nobody listens on at this moment.
inline int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, raw, length) || getsockname(fd, raw, &length))
    throw std::runtime_error{"no free port"};
  close(fd);
  return ntohs(address.sin_port);
}

/// Start `argv` with its output in `log` (empty: ours); its process id. It dies with this thread.
inline pid_t start_process(const std::vector<std::string>& argv, const std::string& log = {}) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error{"fork"};
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!log.empty()) {
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1), dup2(fd, 2);
  }
  execvp(words[0], words.data());
  _exit(127);
}

/// What `argv` prints; its final newline is dropped.
inline std::string output_of(const std::vector<std::string>& argv) {
  TemporaryDirectory directory;
  const pid_t pid = start_process(argv, directory / "out");
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  std::string text = read_file(directory / "out");
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// How a RedisServer is started.
struct RedisOptions {
  bool tcp = false;                    // listen on a free loopback port too
  std::string password = {};           // `requirepass`
  std::vector<std::string> more = {};  // further words, such as {"--appendonly", "yes"}
};

/// A real redis-server on a Unix socket in a directory of its own; stopped by its process id.
class RedisServer {
 public:
  explicit RedisServer(RedisOptions options = {}) : options_{std::move(options)} {
    if (options_.tcp) port_ = free_port();
    start();
  }
  ~RedisServer() { kill_now(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] std::string socket() const { return directory_ / "redis.sock"; }
  [[nodiscard]] int port() const { return port_; }  // 0: no TCP
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Start it (again, with what its directory holds) and wait until it answers.
  void start() {
    std::vector<std::string> argv{"redis-server",
                                  "--port",
                                  std::to_string(port_),
                                  "--bind",
                                  "127.0.0.1",
                                  "--unixsocket",
                                  socket(),
                                  "--unixsocketperm",
                                  "700",
                                  "--dir",
                                  directory_.path(),
                                  "--save",
                                  ""};
    if (!options_.password.empty()) argv.insert(argv.end(), {"--requirepass", options_.password});
    argv.insert(argv.end(), options_.more.begin(), options_.more.end());
    std::filesystem::remove(socket());
    pid_ = start_process(argv, directory_ / "redis.log");
    const std::string mine = "process_id:" + std::to_string(pid_);
    if (!eventually([&] { return ask({"INFO", "server"}).find(mine) != std::string::npos; }))
      throw std::runtime_error{"redis-server does not answer:\n" +
                               read_file(directory_ / "redis.log")};
  }

  /// End it as a power cut would: nothing is saved.
  void kill_now() { end(SIGKILL); }
  /// End it as an administrator would.
  void stop() { end(SIGTERM); }
  /// Let it hang, and go on.
  void freeze() const { kill(pid_, SIGSTOP); }
  void thaw() const { kill(pid_, SIGCONT); }

  /// What redis-cli prints for `words`, in its raw form (one line an item).
  std::string ask(const std::vector<std::string>& words) const {
    std::vector<std::string> argv{"redis-cli", "--raw", "-s", socket()};
    if (!options_.password.empty())
      argv.insert(argv.end(), {"--no-auth-warning", "-a", options_.password});
    argv.insert(argv.end(), words.begin(), words.end());
    return output_of(argv);
  }

 private:
  void end(int signal) {
    if (pid_ <= 0) return;
    kill(pid_, signal);
    kill(pid_, SIGCONT);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
  }

  RedisOptions options_;
  TemporaryDirectory directory_;
  int port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace sheepdog
