// sheepdog.cc -- the wrapper of commands, and every question and hand tool as an action.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <csignal>
#include <exception>

#include "error.hh"
#include "guile_call.hh"
#include "json.hh"
#include "log.hh"
#include "options.hh"
#include "paths.hh"
#include "prepare.hh"
#include "supervisor.hh"
#include "watch.hh"

namespace {

using namespace sheepdog;

/// It handles messages like a daemon does, and a loop in a plugin shall not be its end either.
bool runs_receivers(const Invocation& invocation) {
  return invocation.action == "queue" && !invocation.arguments.empty() &&
         invocation.arguments[0] == "flush";
}

/// The action is Scheme's: (sheepdog command).
int run_action(const Invocation& invocation) {
  const CommonOptions& common = invocation.common;
  const Json shared{{"config", common.config ? Json(*common.config) : Json()},
                    {"format", common.format},
                    {"verbose", common.verbose},
                    {"color", common.color}};
  const SchemeCall call{
      {"sheepdog", "command"}, "run-action", {invocation.action, invocation.arguments, shared}};
  const Paths paths = find_paths();
  const auto become = [&] { become_guile(call, "sheepdog", paths); };
  if (!runs_receivers(invocation)) become();
  return supervise(become, {.stopped = 128 + SIGINT});
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
