// sheepdog-sh.cc -- a shell for crontabs: /bin/sh, and every line is watched.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "crontab_line.hh"
#include "log.hh"
#include "options.hh"
#include "prepare.hh"
#include "version.hh"
#include "watch.hh"
#include "wrapper.hh"

namespace {

using namespace sheepdog;

const char* const help =
    "Usage: sheepdog-sh -c LINE\n"
    "Run LINE with /bin/sh, watched as by 'sheepdog -q -e LINE'. In a crontab:\n"
    "\n"
    "  SHELL=/usr/bin/sheepdog-sh\n"
    "  0 5 * * *  borg create ...  # sheepdog: -t BORG-ETC -a\n"
    "\n"
    "The comment holds options of 'sheepdog -e'; a wrong one is a warning. Without -c it is /bin/sh.\n";

int become_shell(char** argv) {
  argv[0] = const_cast<char*>("/bin/sh");
  execv("/bin/sh", argv);
  complain(std::string{"cannot run /bin/sh: "} + std::strerror(errno));
  return errno == ENOENT ? not_found : not_executable;
}

/// As the options of the comment say.
Invocation understand(const CrontabLine& line, const Command& command) {
  Invocation invocation;
  invocation.command = command;
  invocation.changes = {[](Settings& s) { s.quiet = true; },
                        [tag = line.tag](Settings& s) {
                          if (!s.tag) s.tag = tag;
                        }};
  parse_watch_options(split_words(line.options), invocation);
  return invocation;
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process("sheepdog-sh");
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (argc == 2 && first == "--help") return std::fputs(help, stdout) < 0;
  if (argc == 2 && first == "--version")
    return std::printf("sheepdog-sh%s\n", std::strchr(version, ' ')) < 0;
  setenv("SHELL", "/bin/sh", 1);
  if (argc < 3 || first != "-c") return become_shell(argv);
  const CrontabLine line = read_crontab_line(argv[2]);
  if (line.own) return become_shell(argv);
  try {
    Command command = shell_command(argv[2]);
    command.argv.insert(command.argv.end(), argv + 3, argv + argc);
    watch(understand(line, command));
  } catch (const std::exception& e) {
    complain(e.what());
    return not_started;
  }
}
