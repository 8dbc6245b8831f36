// paths.cc -- where things lie: environment, password file, and what was compiled in.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "paths.hh"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <system_error>

#include "error.hh"

namespace sheepdog {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// A directory of the XDG base directory specification: relative ones are to be ignored.
std::string xdg(const char* name) {
  const std::string value = environment(name);
  return value.starts_with('/') ? value : "";
}

struct User {
  std::string name, home;
};

User password_entry() {
  std::array<char, 16 * 1024> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) || !found) return {};
  return {entry.pw_name, entry.pw_dir};
}

std::string home_of(const User& user) {
  const std::string home = environment("HOME");
  return home.empty() ? user.home : home;
}

/// $VARIABLE/sheepdog, else HOME/BELOW/sheepdog; a user without a home has a directory of his own.
std::string user_directory(const char* variable, const std::string& home, const char* below) {
  if (const auto base = xdg(variable); !base.empty()) return base + "/sheepdog";
  if (!home.empty()) return fmt::format("{}/{}/sheepdog", home, below);
  return fmt::format("/var/tmp/sheepdog-{}", geteuid());
}

bool exists(const std::string& file) { return access(file.c_str(), F_OK) == 0; }

}  // namespace

Paths find_paths() {
  // Asking for the user's entry may ask the network: only where it is needed.
  const bool root = geteuid() == 0;
  const User user = root && !environment("HOME").empty() ? User{"root", ""} : password_entry();
  Paths paths;
  paths.home = home_of(user);
  paths.system = (root || user.name == "sheepdog") && xdg("XDG_STATE_HOME").empty();
  if (paths.system) {
    paths.state = "/var/lib/sheepdog";
    paths.spool = "/var/spool/sheepdog";
    paths.run = "/run/sheepdog";
    paths.configuration = "/etc/sheepdog";
  } else {
    paths.state = user_directory("XDG_STATE_HOME", paths.home, ".local/state");
    paths.spool = paths.state + "/spool";
    const auto runtime = xdg("XDG_RUNTIME_DIR");
    paths.run = runtime.empty() ? paths.state : runtime + "/sheepdog";
    paths.configuration = user_directory("XDG_CONFIG_HOME", paths.home, ".config");
  }
  paths.data = environment("SHEEPDOG_DATADIR");
  if (paths.data.empty()) {
    paths.data = SHEEPDOG_DATADIR;
    paths.compiled = SHEEPDOG_LIBDIR "/ccache";
    paths.programs = SHEEPDOG_LIBEXECDIR;
  } else {
    paths.compiled = paths.data + "/../../lib/sheepdog/ccache";
    paths.programs = paths.data + "/../../libexec/sheepdog";
  }
  return paths;
}

std::vector<std::string> Paths::plugins(const std::string& kind) const {
  std::vector<std::string> directories;
  for (const auto& base : {configuration, std::string{"/etc/sheepdog"}, data}) {
    std::string directory = base + "/" + kind;
    if (std::find(directories.begin(), directories.end(), directory) == directories.end())
      directories.push_back(std::move(directory));
  }
  return directories;
}

std::optional<std::string> find_configuration(const std::optional<std::string>& given,
                                              const Paths& paths) {
  if (given) return given;
  if (auto named = environment("SHEEPDOG_CONF"); !named.empty()) return named;
  std::vector<std::string> usual{"/etc/sheepdog/sheepdog.conf"};
  if (!paths.home.empty()) usual.insert(usual.begin(), paths.home + "/.sheepdog.conf");
  usual.insert(usual.begin(),
               user_directory("XDG_CONFIG_HOME", paths.home, ".config") + "/sheepdog.conf");
  const auto found = std::find_if(usual.begin(), usual.end(), exists);
  if (found == usual.end()) return std::nullopt;
  return *found;
}

void make_directory(const std::string& directory, unsigned mode) {
  for (std::size_t end = 1; end <= directory.size(); ++end) {
    if (end < directory.size() && directory[end] != '/') continue;
    const std::string part = directory.substr(0, end);
    if (mkdir(part.c_str(), static_cast<mode_t>(mode)) == 0) continue;
    const int error = errno;
    // Above the last one anything may be in our way that is none of our business, such as EROFS
    // for a directory that exists: only the end counts.
    struct stat status {};
    if (end == directory.size() && (stat(part.c_str(), &status) || !S_ISDIR(status.st_mode)))
      throw Error{Error::Code::broken, fmt::format("cannot make the directory {}: {}", directory,
                                                   std::generic_category().message(error))};
  }
}

void make_directory(const std::string& directory, const Paths& paths) {
  make_directory(directory, paths.system ? 0750U : 0700U);
}

std::string short_host_name() {
  std::array<char, HOST_NAME_MAX + 1> buffer{};
  if (gethostname(buffer.data(), buffer.size() - 1)) return "unknown";
  std::string name{buffer.data()};
  name.resize(std::min(name.find('.'), name.size()));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.empty() ? "unknown" : name;
}

}  // namespace sheepdog
