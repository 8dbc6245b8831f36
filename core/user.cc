// user.cc -- groups first, then the group, then the user: in another order the rights are gone.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "user.hh"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "error.hh"
#include "text.hh"

namespace sheepdog {
namespace {

[[noreturn]] void refuse(const std::string& name, const char* why, const char* hint) {
  throw Error{Error::Code::bad_configuration,
              fmt::format("cannot become the user '{}': {}", printable(name), why), hint};
}

}  // namespace

void become_user(const std::string& name) {
  errno = 0;
  const passwd* const entry = getpwnam(name.c_str());
  if (!entry) refuse(name, errno ? std::strerror(errno) : "there is none", "'user' in the configuration names it");
  if (entry->pw_uid == geteuid()) return;
  if (initgroups(name.c_str(), entry->pw_gid) != 0 ||
      setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
      setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0)
    refuse(name, std::strerror(errno), "only root can");
  for (const char* variable : {"USER", "LOGNAME"}) setenv(variable, entry->pw_name, 1);
  setenv("HOME", entry->pw_dir, 1);
}

}  // namespace sheepdog
