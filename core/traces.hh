// traces.hh -- what code of others leaves behind in this process: mended, or found to be past
// mending.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace sheepdog {

/// How this process is before code of others runs. What costs a microsecond or two a thing is done
/// once for many messages. In between the orphans of our children become ours (prctl(2)), so that
/// they are found.
class Traces {
 public:
  /// Note descriptors, directory, umask, locale, signal handlers and children.
  void note();

  /// Set back what can be set back, end the children that are new with their descendants, and
  /// return in words what cannot be mended: a descriptor of ours that was closed, or is another
  /// file now; memory that is nearly used up. What the old children leave in their sessions stays.
  std::optional<std::string> mend() const;

  /// The cheap part of that, for the next plugin: directory, umask, locale, signal handlers.
  /// Returns whether it went well.
  bool set_back() const;

 private:
  struct File {
    int fd = -1;
    dev_t device = 0;
    ino_t inode = 0;
  };
  static constexpr std::array signals{SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE, SIGALRM};

  [[nodiscard]] bool is_old(pid_t child) const;
  void end_new_children() const;

  std::vector<File> files_;
  std::string directory_, locale_;
  mode_t umask_ = 0;
  int adopting_ = 0;
  std::array<struct sigaction, signals.size()> actions_{};
  std::vector<pid_t> children_;
};

/// Whether this process may have an eighth of its memory still (RLIMIT_DATA). The collector keeps what
/// it once had.
bool has_room();

}  // namespace sheepdog
