// options.cc -- tables for argp(3), which stops at the first word that is no option.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "options.hh"

#include <argp.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>

#include "error.hh"
#include "option_values.hh"
#include "program_name.hh"
#include "text.hh"
#include "version.hh"

namespace sheepdog {
namespace {

using namespace option;

enum Key {
  color_key = 256,
  name_key,
  host_key,
  port_key,
  lock_key,
  timeout_key,
  ok_status_key,
  warn_status_key,
  fail_pattern_key,
  warn_pattern_key,
  need_pattern_key,
  not_quicker_key,
  no_output_key,
  every_key,
  start_key,
  dry_run_key,
  strict_key,
  email_key,
  log_key,
  password_key,
  ignored_key,
  usage_key,
  version_key
};

// clang-format off
const argp_option table[] = {
    {nullptr, 0, nullptr, 0, "Watching a command:", 1},
    {"execute", 'e', "COMMAND", 0, "Run COMMAND with /bin/sh and tell how it ended", 1},
    {"monitor", 'm', "NAME", 0, "Who judges (error)", 1},
    {"tag", 't', "TAG", 0, "What it is called (base name of the first word)", 1},
    {"always", 'a', nullptr, 0, "Send success too", 1},
    {"quiet", 'q', nullptr, 0, "Show the output only if it fails", 1},
    {"lock", lock_key, "WAIT", OPTION_ARG_OPTIONAL, "One run per tag at a time; wait at most WAIT", 1},
    {"timeout", timeout_key, "DURATION", 0, "End it then: TERM, 10 s later KILL", 1},
    {"no-output", no_output_key, nullptr, 0, "Leave its output out of the message", 1},
    {"every", every_key, "DURATION", 0, "Declare that a success is expected so often; implies -a", 1},
    {"start", start_key, nullptr, 0, "Tell that it began too; implies -a", 1},
    {"dry-run", dry_run_key, nullptr, 0, "Run it, but print the message", 1},
    {"strict", strict_key, nullptr, 0, "Do not run it with a bad configuration", 1},
    {"host", host_key, "HOST", 0, "The queue's Redis", 1},
    {"port", port_key, "PORT", 0, "Its port", 1},
    {"name", name_key, "NAME", 0, "The name of this machine", 1},
    {nullptr, 0, nullptr, 0, "Judging it:", 2},
    {"ok-status", ok_status_key, "LIST", 0, "Statuses that are no failure, as 0,24", 2},
    {"warn-status", warn_status_key, "LIST", 0, "Statuses that are half a failure", 2},
    {"fail-pattern", fail_pattern_key, "REGEX", 0, "Fail if the output has it", 2},
    {"warn-pattern", warn_pattern_key, "REGEX", 0, "Warn if the output has it", 2},
    {"need-pattern", need_pattern_key, "REGEX", 0, "Fail if the output has it not", 2},
    {"not-quicker", not_quicker_key, "DURATION", 0, "Warn if it took less", 2},
    {nullptr, 0, nullptr, 0, "Everywhere:", 3},
    {"config", 'c', "FILE", 0, "Read the configuration FILE", 3},
    {"format", 'f', "FORMAT", 0, "Answer as text, json, sexp or org", 3},
    {"verbose", 'v', nullptr, 0, "Tell more", 3},
    {"color", color_key, "WHEN", 0, "auto, always or never", 3},
    {"help", '?', nullptr, 0, "Give this help list (-h too)", -1},
    {"usage", usage_key, nullptr, 0, "Give a short usage message", -1},
    {"version", version_key, nullptr, 0, "Print the program's version", -1},
    {nullptr, 'h', nullptr, OPTION_HIDDEN, nullptr, -1},
    // of the Ruby ancestor
    {"email", email_key, "ADDRESS", OPTION_HIDDEN, nullptr, 4},
    {"log", log_key, "FILE", OPTION_HIDDEN, nullptr, 4},
    {"password", password_key, "WORD", OPTION_HIDDEN, nullptr, 4},
    {"full", ignored_key, nullptr, OPTION_HIDDEN, nullptr, 4},
    {"store-stdout", ignored_key, nullptr, OPTION_HIDDEN, nullptr, 4},
    {}};
// clang-format on

const char* const usage_text = "-e COMMAND\nrun [OPTION...] [--] PROGRAM [ARG...]\nACTION [ARG...]";
const char* const doc =
    "Watch a command and tell when it goes wrong, or ask and tend the herd.\v"
    "ACTION is one of: ack, bark, check, config, diary, doctor, expect, forget, log, monitors, "
    "ping, queue, replay, show, silence, status; 'sheepdog ACTION --help' tells of each.";

error_t parse(int key, char* argument, argp_state* state);
const argp parser{table, parse, usage_text, doc, nullptr, nullptr, nullptr};

/// argp prints none of this itself where its own words about errors are not wanted.
[[noreturn]] void answer(int key) {
  if (key == version_key) std::printf("%s\n", version);
  const unsigned form = key == usage_key ? ARGP_HELP_USAGE : ARGP_HELP_STD_HELP;
  if (key != version_key)
    argp_help(&parser, stdout, form & ~unsigned{ARGP_HELP_EXIT_OK}, const_cast<char*>("sheepdog"));
  std::exit(std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

struct Parsing {
  Invocation& invocation;
  std::string line_or_nothing;  // of -e
  bool has_line = false;
  std::string first_watch_option;  // as it was given
  std::vector<std::string> rest;   // from the first word that is no option
  std::exception_ptr error;        // argp is C: nothing is thrown through it
  bool in_comment = false;         // of a crontab's line, whose job must run whatever it says
};

/// The queue is a Redis there, whatever the configuration says.
QueueAddress& own_queue(Settings& settings) {
  settings.queues.resize(1);
  settings.queues[0].transport = QueueAddress::Transport::redis;
  settings.queues[0].socket.clear();
  settings.queue_named = true;
  return settings.queues[0];
}

/// Options of the wrapper. False: `key` is none.
bool take_watch_option(int key, const char* argument, Parsing& parsing) {
  auto& wishes = parsing.invocation.wishes;
  const auto change = [&](std::function<void(Settings&)> how) {
    parsing.invocation.changes.push_back(std::move(how));
  };
  const std::string text = argument ? argument : "";
  switch (key) {
    case 'e':
      parsing.has_line = true, parsing.line_or_nothing = text;
      break;
    case 'm':
      change([m = monitor_name(name("monitor", text))](Settings& s) { s.monitor = m; });
      break;
    case 't':
      change([t = tag(text)](Settings& s) { s.tag = t; });
      break;
    case 'a':
      change([](Settings& s) { s.always = true; });
      break;
    case 'q':
      change([](Settings& s) { s.quiet = true; });
      break;
    case lock_key:
      change([w = argument ? duration("lock", argument) : Seconds{0}](Settings& s) { s.lock = w; });
      break;
    case timeout_key:
      change([d = duration("timeout", argument)](Settings& s) { s.timeout = d; });
      break;
    case no_output_key:
      change([](Settings& s) { s.output = false; });
      break;
    case every_key:
      change([d = duration("every", argument)](Settings& s) { s.every = d; });
      break;
    case start_key:
      change([](Settings& s) { s.start = true; });
      break;
    case dry_run_key:
      wishes.dry_run = true;
      break;
    case strict_key:
      wishes.strict = true;
      break;
    case host_key:
      change([text](Settings& s) { own_queue(s).host = text; });
      break;
    case port_key:
      change([p = number("port", text, 1, 65535)](Settings& s) { own_queue(s).port = p; });
      break;
    case name_key:
      change([n = name("name", text)](Settings& s) { s.name = n; });
      break;
    case ok_status_key:
      change([l = statuses("ok-status", text)](Settings& s) { s.ok_status = l; });
      break;
    case warn_status_key:
      change([l = statuses("warn-status", text)](Settings& s) { s.warn_status = l; });
      break;
    case fail_pattern_key:
      change([p = pattern("fail-pattern", argument)](Settings& s) { s.fail_pattern.push_back(p); });
      break;
    case warn_pattern_key:
      change([p = pattern("warn-pattern", argument)](Settings& s) { s.warn_pattern.push_back(p); });
      break;
    case need_pattern_key:
      change([p = pattern("need-pattern", argument)](Settings& s) { s.need_pattern.push_back(p); });
      break;
    case not_quicker_key:
      change([d = duration("not-quicker", argument)](Settings& s) { s.not_quicker = d; });
      break;
    case email_key:
      change([text](Settings& s) { s.mailto = {text}; });
      break;
    case log_key:
      change([text](Settings& s) { s.log = {text}; });
      break;
    case password_key:
      parsing.invocation.warnings.push_back(
          "--password is ignored: everybody can read a command line; put it into the "
          "configuration");
      break;
    case ignored_key:
      break;
    default:
      return false;
  }
  return true;
}

bool take_common_option(int key, const char* argument, CommonOptions& common) {
  switch (key) {
    case 'c': common.config = argument; return true;
    case 'v': ++common.verbose; return true;
    case 'f':
      common.format = one_of("format", argument, {"text", "json", "sexp", "org"});
      return true;
    case color_key:
      common.color = one_of("color", argument, {"auto", "always", "never"});
      return true;
    default: return false;
  }
}

/// How an option was written, for errors.
std::string option_text(int key) {
  for (const auto& option : table)
    if (option.key == key && option.name) return fmt::format("--{}", option.name);
  return {};
}

error_t parse(int key, char* argument, argp_state* state) {
  auto& parsing = *static_cast<Parsing*>(state->input);
  const bool asks = key == '?' || key == 'h' || key == usage_key || key == version_key;
  if (asks && !parsing.in_comment) answer(key);
  if (key == ARGP_KEY_ARG) {  // the rest is somebody else's
    parsing.rest.assign(state->argv + state->next - 1, state->argv + state->argc);
    state->next = state->argc;
    return 0;
  }
  try {
    if (parsing.in_comment && (asks || key == 'e'))
      refuse(option_text(key == 'h' ? '?' : key) + " has no place here");
    if (take_common_option(key, argument, parsing.invocation.common)) return 0;
    if (!take_watch_option(key, argument, parsing)) return ARGP_ERR_UNKNOWN;
    if (parsing.first_watch_option.empty()) parsing.first_watch_option = option_text(key);
  } catch (...) {
    parsing.error = std::current_exception();
    return EINVAL;
  }
  return 0;
}

/// Why getopt(3) refused one of `words`: what it would say, in our form.
[[noreturn]] void explain_refusal(std::span<char* const> words) {
  const auto wants = [](const argp_option& o) { return o.arg && !(o.flags & OPTION_ARG_OPTIONAL); };
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (!word.starts_with("-") || word == "-" || word == "--") break;
    if (!word.starts_with("--")) {
      for (std::size_t k = 1; k < word.size(); ++k) {
        const auto* option = std::find_if(std::begin(table), std::end(table) - 1,
                                          [&](const argp_option& o) { return o.key == word[k]; });
        if (option == std::end(table) - 1)
          refuse(fmt::format("no such option: -{}", printable(word.substr(k, 1))),
                 "'sheepdog --help' lists them");
        if (!wants(*option)) continue;
        if (k + 1 == word.size() && ++i == words.size())
          refuse(fmt::format("-{} wants {}", word[k], option->arg));
        break;
      }
      continue;
    }
    const auto equals = word.find('=');
    const std::string given{word.substr(2, equals == word.npos ? word.npos : equals - 2)};
    std::vector<const argp_option*> fitting;
    std::string nearest;
    for (const auto& option : table) {
      if (!option.name) continue;
      if (given == option.name) fitting = {&option};
      if (given == option.name) break;
      if (std::string_view{option.name}.starts_with(given)) fitting.push_back(&option);
      if (edit_distance(given, option.name) <= 3 && given.size() > 3 &&
          (nearest.empty() || edit_distance(given, option.name) < edit_distance(given, nearest)))
        nearest = option.name;
    }
    if (fitting.empty())
      refuse(fmt::format("no such option: --{}", printable(given)),
             nearest.empty() ? "'sheepdog --help' lists them"
                             : fmt::format("did you mean '--{}'?", nearest));
    if (fitting.size() > 1)
      refuse(fmt::format("--{} could be --{} or --{}", given, fitting[0]->name, fitting[1]->name));
    if (!fitting[0]->arg && equals != word.npos)
      refuse(fmt::format("--{} takes no value", fitting[0]->name));
    if (wants(*fitting[0]) && equals == word.npos && ++i == words.size())
      refuse(fmt::format("--{} wants {}", fitting[0]->name, fitting[0]->arg));
  }
  refuse("the options cannot be understood", "'sheepdog --help' lists them");
}

void parse_words(std::vector<char*> words, Parsing& parsing) {
  words.push_back(nullptr);
  std::vector<char*> order = words;  // argp may change its order
  const int count = static_cast<int>(words.size()) - 1;
  const error_t error = argp_parse(&parser, count, order.data(),
                                   ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP, nullptr, &parsing);
  if (parsing.error) std::rethrow_exception(parsing.error);
  if (error) explain_refusal({words.data(), static_cast<std::size_t>(count)});
}

std::vector<char*> pointers(const std::string& first, const std::vector<std::string>& words) {
  std::vector<char*> all{const_cast<char*>(first.c_str())};
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  return all;
}

const std::string program = "sheepdog";

/// Let `words`, one option, fill `invocation`, all of it or nothing. What is wrong with it, or "".
std::string take_comment_option(const std::vector<std::string>& words, Invocation& invocation) {
  Invocation trial = invocation;
  Parsing parsing{trial, {}, false, {}, {}, {}, true};
  try {
    parse_words(pointers(program, words), parsing);
    if (!parsing.rest.empty()) refuse("unexpected argument '" + printable(words[0]) + "'");
    invocation = std::move(trial);
    return {};
  } catch (const Error& e) {
    return e.what() + (e.hint().empty() ? "" : "; " + e.hint());
  }
}

}  // namespace

Command shell_command(const std::string& line) {
  return {{"/bin/sh", "-c", line}, line, line_name(line)};
}

Invocation parse_invocation(int argc, char** argv) {
  Invocation invocation;
  Parsing parsing{invocation, {}, false, {}, {}, {}};
  parse_words(pointers(program, {argv + std::min(argc, 1), argv + argc}), parsing);
  if (parsing.has_line) {
    if (!parsing.rest.empty())
      refuse(fmt::format("unexpected argument '{}' beside -e", printable(parsing.rest[0])),
             "quote the whole command");
    invocation.command = shell_command(parsing.line_or_nothing);
  } else if (parsing.rest.empty()) {
    refuse("no command and no action", "'sheepdog --help' tells what there is");
  } else if (parsing.rest[0] == "run") {
    const std::vector<std::string> words{parsing.rest.begin() + 1, parsing.rest.end()};
    parsing.rest.clear();
    parse_words(pointers(program, words), parsing);
    if (parsing.has_line) refuse("'run' and -e are two ways to give a command");
    if (parsing.rest.empty()) refuse("'run' wants PROGRAM [ARG...]");
    const std::string name = program_name(parsing.rest[0]);
    invocation.command = Command{parsing.rest, {}, name.empty() ? "run" : name};
  } else {
    if (!parsing.first_watch_option.empty())
      refuse(fmt::format("{} is for -e and 'run'", parsing.first_watch_option),
             "options of an action stand behind it");
    invocation.action = parsing.rest[0];
    invocation.arguments = {parsing.rest.begin() + 1, parsing.rest.end()};
  }
  invocation.wishes.verbose = invocation.common.verbose;
  return invocation;
}

void parse_watch_options(const std::vector<std::string>& words, Invocation& invocation) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string refused = take_comment_option({words[i]}, invocation);
    if (!refused.empty() && i + 1 < words.size()) {
      const auto both = take_comment_option({words[i], words[i + 1]}, invocation);
      if (both != refused) ++i, refused = both;  // the next word is its value
    }
    if (!refused.empty()) invocation.warnings.push_back("in the comment: " + refused);
  }
  invocation.wishes.verbose = invocation.common.verbose;
}

bool means_to_watch(int argc, char** argv) {
  return std::any_of(argv + std::min(argc, 1), argv + argc, [](const std::string_view word) {
    return word == "run" || word.starts_with("-e") || word.starts_with("--exec");
  });
}

}  // namespace sheepdog
