// sheepdog.cc -- the wrapper of commands, and every question and hand tool as an action.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <csignal>
#include <exception>

#include "error.hh"
#include "interpreter.hh"
#include "json.hh"
#include "log.hh"
#include "options.hh"
#include "watch.hh"

namespace {

using namespace sheepdog;

/// The action is Scheme's: (sheepdog command).
int run_action(const Invocation& invocation) {
  std::signal(SIGPIPE, SIG_IGN);
  const CommonOptions& common = invocation.common;
  const Json shared{{"config", common.config ? Json(*common.config) : Json()},
                    {"format", common.format},
                    {"verbose", common.verbose},
                    {"color", common.color}};
  int status = 2;
  with_interpreter(find_paths(), [&] {
    status = call_scheme({"sheepdog", "command"}, "run-action",
                         {invocation.action, invocation.arguments, shared})
                 .get<int>();
  });
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process("sheepdog");
  const int failed = means_to_watch(argc, argv) ? not_started : 2;
  try {
    const Invocation invocation = parse_invocation(argc, argv);
    if (invocation.command) watch(invocation);
    return run_action(invocation);
  } catch (const Error& e) {
    complain(e.what(), e.hint());
  } catch (const std::exception& e) {
    complain(e.what());
  }
  return failed;
}
