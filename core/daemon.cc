// daemon.cc -- the options of the daemons, and the way into Scheme.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon.hh"

#include <argp.h>
#include <sysexits.h>
#include <unistd.h>

#include <exception>
#include <functional>
#include <optional>

#include "error.hh"
#include "guile_call.hh"
#include "json.hh"
#include "log.hh"
#include "paths.hh"
#include "prepare.hh"
#include "settings.hh"
#include "spool.hh"
#include "supervisor.hh"
#include "text.hh"
#include "user.hh"
#include "version.hh"

namespace sheepdog {
namespace {

struct Options {
  std::optional<std::string> config, log, pid_file;
  int verbose = 0;
  bool check = false, once = false, dry_run = false;
};

enum Key { log_key = 256, pid_file_key, check_key, once_key, dry_run_key };

const argp_option table[] = {
    {"config", 'c', "FILE", 0, "Read the configuration FILE", 0},
    {"verbose", 'v', nullptr, 0, "Tell more in the log; twice: all", 0},
    {"log", log_key, "WHERE", 0, "Log to stderr, syslog or a file, such as ./x.log", 0},
    {"pid-file", pid_file_key, "FILE", 0, "Write the process id to FILE", 0},
    {"check", check_key, nullptr, 0, "Check the configuration, then end", 0},
    {"once", once_key, nullptr, 0, "Do what is to be done now, then end", 0},
    {"dry-run", dry_run_key, nullptr, 0, "Print what would be done, change nothing", 0},
    {nullptr, 'h', nullptr, OPTION_HIDDEN, nullptr, -1},
    {}};

error_t parse(int key, char* argument, argp_state* state) {
  auto& options = *static_cast<Options*>(state->input);
  switch (key) {
    case 'c': options.config = argument; return 0;
    case 'v': ++options.verbose; return 0;
    case 'h': argp_state_help(state, stdout, ARGP_HELP_STD_HELP); return 0;
    case log_key:
      if (!is_log_place(argument))
        argp_error(state, "--log wants stderr, syslog or a FILE with a slash, got '%s'",
                   printable(argument).c_str());
      options.log = argument;
      return 0;
    case pid_file_key: options.pid_file = argument; return 0;
    case check_key: options.check = true; return 0;
    case once_key: options.once = true; return 0;
    case dry_run_key: options.dry_run = true; return 0;
    case ARGP_KEY_ARG: argp_error(state, "unexpected argument '%s'", argument); return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

template <typename T>
Json or_false(const std::optional<T>& value) {
  return value ? Json(*value) : Json(false);
}

Json to_json(const Options& options) {
  return {{"config", or_false(options.config)}, {"verbose", options.verbose},
          {"log", or_false(options.log)},       {"pid-file", or_false(options.pid_file)},
          {"check", options.check},             {"once", options.once},
          {"dry-run", options.dry_run}};
}

/// So much more than a worker needs that only code that has run wild meets it.
constexpr std::size_t worker_memory = std::size_t{512} << 20;

/// Where nobody is root, or wishes to be somebody else, nothing happens.
void become_configured_user(const Options& options) {
  if (geteuid() != 0) return;
  const Paths paths = find_paths();
  const auto user = read_settings(find_configuration(options.config, paths), paths).user;
  if (user) become_user(*user);
}

/// Does a message wait in the spool that the queue does not have? Asked by a supervisor at rest, which
/// shall not grow: so where the spool is found once.
std::function<bool()> spool_watch(const Options& options, const Paths& paths) {
  const Settings settings = read_settings(find_configuration(options.config, paths), paths);
  return [spool = Spool{settings.spool, settings.spool_limits, settings.name}] {
    try {
      return spool.depth().waiting > 0;
    } catch (const Error&) {
      return false;  // the next worker will complain
    }
  };
}

}  // namespace

int run_daemon(const Daemon& daemon, int argc, char** argv) {
  prepare_process(daemon.name);
  argp_err_exit_status = 2;
  argp_program_version = version;
  Options options;
  const argp parser{table, parse, nullptr, daemon.doc, nullptr, nullptr, nullptr};
  argp_parse(&parser, argc, argv, 0, nullptr, &options);
  SchemeCall call{daemon.module, daemon.procedure, {}, daemon.heap};
  call.arguments.assign(daemon.arguments.begin(), daemon.arguments.end());
  call.arguments.push_back(to_json(options));
  try {
    become_configured_user(options);
    const Paths paths = find_paths();
    const auto become = [&] { become_guile(call, daemon.name, paths); };
    Supervision how{.memory = worker_memory};
    if (daemon.spools) how.is_stirred = spool_watch(options, paths);
    if (!options.check) return supervise(become, how);
    become();
  } catch (const Error& e) {
    complain(e.what(), e.hint());
    if (e.code() == Error::Code::bad_configuration) return EX_CONFIG;
  } catch (const std::exception& e) {
    complain(e.what());
  }
  return 2;
}

}  // namespace sheepdog
