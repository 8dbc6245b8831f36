// paths.hh -- where things lie: configuration, state, spool, sockets, plugins.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sheepdog {

/// The places of this user. Made from the environment and the password file once, at the start.
/// Who sets $XDG_STATE_HOME gets everybody's layout, root too: so root can try things elsewhere.
struct Paths {
  bool system = false;  // the system's places: root, or the user `sheepdog`
  std::string home;     // $HOME, else the password file's; may be ""
  std::string state;    // sheepdog.db, queue.db, locks/, runs/
  std::string spool;
  std::string run;            // sockets
  std::string configuration;  // directory of `key`, monitors/, handlers/
  std::string data;           // $SHEEPDOG_DATADIR, else PREFIX/share/sheepdog: scheme/ monitors/...
  std::string compiled;       // the .go files: DATA/../../lib/sheepdog/ccache, else the library's
  std::string programs;       // of ours, for us: DATA/../../libexec/sheepdog, else the one installed

  /// Where `monitors` or `handlers` (KIND) are sought, first to last: the user's, the site's, ours.
  [[nodiscard]] std::vector<std::string> plugins(const std::string& kind) const;
};

Paths find_paths();

/// The configuration file: `given` (-c), $SHEEPDOG_CONF, then the first of the usual places that
/// exists; nothing: standalone. The first two need not exist: then reading says so.
std::optional<std::string> find_configuration(const std::optional<std::string>& given,
                                              const Paths& paths);

/// Make `directory` and what is missing above it, mode 0700 (0750 for the system's). What is there
/// keeps its mode. Throws Error::broken with errno's text.
void make_directory(const std::string& directory, const Paths& paths);
void make_directory(const std::string& directory, unsigned mode);

/// The host name up to the first dot, lower case; "unknown" if there is none.
std::string short_host_name();

}  // namespace sheepdog
