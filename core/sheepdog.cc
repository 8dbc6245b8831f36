// sheepdog.cc -- the wrapper of commands, and every question and hand tool as an action.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <exception>

#include "error.hh"
#include "guile_call.hh"
#include "json.hh"
#include "log.hh"
#include "options.hh"
#include "paths.hh"
#include "prepare.hh"
#include "watch.hh"

namespace {

using namespace sheepdog;

/// The action is Scheme's: (sheepdog command).
[[noreturn]] void run_action(const Invocation& invocation) {
  const CommonOptions& common = invocation.common;
  const Json shared{{"config", common.config ? Json(*common.config) : Json()},
                    {"format", common.format},
                    {"verbose", common.verbose},
                    {"color", common.color}};
  become_guile({{"sheepdog", "command"},
                "run-action",
                {invocation.action, invocation.arguments, shared}},
               "sheepdog", find_paths());
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process("sheepdog");
  const int failed = means_to_watch(argc, argv) ? not_started : 2;
  try {
    const Invocation invocation = parse_invocation(argc, argv);
    if (invocation.command) watch(invocation);
    run_action(invocation);
  } catch (const Error& e) {
    complain(e.what(), e.hint());
  } catch (const std::exception& e) {
    complain(e.what());
  }
  return failed;
}
