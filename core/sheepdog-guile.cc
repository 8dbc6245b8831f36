// sheepdog-guile.cc -- Guile with our primitives: does for the other programs what is Scheme's.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <argp.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "error.hh"
#include "guile_call.hh"
#include "hold.hh"
#include "interpreter.hh"
#include "log.hh"
#include "prepare.hh"
#include "version.hh"
#include "worker.hh"

namespace {

using namespace sheepdog;

const char* const usage_text = "FILE [ARG...]\n--request=FD\n--calls=FD";
const char* const doc =
    "Run Scheme with the modules of sheepdog. Its other programs start this one; by hand it runs a "
    "Scheme FILE, which finds its ARGs in (command-line).\v"
    "A call is an object of JSON: module (an array of names), procedure, arguments (an array, "
    "converted as JSON is), heap (bytes that are to be there from the start). With --calls each is "
    "one line, and so is its answer, an object with 'value', or with 'error', a text.";

enum Key { program_key = 256, request_key, calls_key };

const argp_option table[] = {
    {"request", request_key, "FD", 0,
     "Read one call from the descriptor FD; the integer that it returns is the exit status", 0},
    {"calls", calls_key, "FD", 0, "Answer calls on the socket FD until its other end closes", 0},
    {"program", program_key, "NAME", 0, "Speak and log as the program NAME", 0},
    {}};

struct Options {
  std::string program = "sheepdog-guile";
  std::optional<int> request, calls;
  std::vector<std::string> script;  // FILE ARG...
};

int descriptor(const char* text, argp_state* state) {
  char* end = nullptr;
  const long fd = std::strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || fd < 0 || fd > 1 << 20)
    argp_error(state, "'%s' is no descriptor", text);
  return static_cast<int>(fd);
}

error_t parse(int key, char* argument, argp_state* state) {
  auto& options = *static_cast<Options*>(state->input);
  switch (key) {
    case program_key: options.program = argument; return 0;
    case request_key: options.request = descriptor(argument, state); return 0;
    case calls_key: options.calls = descriptor(argument, state); return 0;
    case ARGP_KEY_ARG:
      options.script.assign(state->argv + state->next - 1, state->argv + state->argc);
      state->next = state->argc;
      return 0;
    case ARGP_KEY_END:
      if (options.request.has_value() + options.calls.has_value() + !options.script.empty() != 1)
        argp_error(state, "it wants one of FILE, --request and --calls");
      return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

/// A file of C that is closed at the end of its scope.
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open_for_reading(int fd) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);  // it is for us, not for what Scheme starts
  File file{fdopen(fd, "r"), std::fclose};
  if (!file) throw Error{Error::Code::usage, "descriptor " + std::to_string(fd) + " is not open"};
  return file;
}

/// The next line without its end; nothing at the end of the file.
std::optional<std::string> read_line(std::FILE* file) {
  std::string line;
  for (int c = std::getc(file); c != EOF; c = std::getc(file)) {
    if (c == '\n') return line;
    line += static_cast<char>(c);
  }
  if (line.empty()) return {};
  return line;
}

int perform(int fd) {
  join_supervisor();
  const SchemeCall call = parse_call(read_line(open_for_reading(fd).get()).value_or(""));
  int status = 2;
  with_interpreter(find_paths(), [&] {
    expand_heap(call.heap);
    status = call_scheme(call).get<int>();
  });
  return status;
}

Json answer(const std::string& line) {
  try {
    return {{"value", call_scheme(parse_call(line))}};
  } catch (const std::exception& e) {
    return {{"error", e.what()}};
  }
}

int answer_calls(int fd) {
  const File file = open_for_reading(fd);
  with_interpreter(find_paths(), [&] {
    while (const auto line = read_line(file.get())) {
      const std::string said = write_json(answer(*line)) + "\n";
      flush_ports();  // who has the answer may kill us
      if (!write_all(fd, said)) return;  // nobody listens any more
    }
  });
  return 0;
}

int run(const Options& options) {
  if (options.script.empty()) std::signal(SIGPIPE, SIG_IGN);
  if (options.request) return perform(*options.request);
  if (options.calls) return answer_calls(*options.calls);
  with_interpreter(find_paths(), [&] {
    load_script(options.script[0], {options.script.begin() + 1, options.script.end()});
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process("sheepdog-guile");
  argp_err_exit_status = 2;
  argp_program_version = version;
  Options options;
  const argp parser{table, parse, usage_text, doc, nullptr, nullptr, nullptr};
  argp_parse(&parser, argc, argv, ARGP_IN_ORDER, nullptr, &options);
  open_log(options.program, {});
  if (!options.calls) prctl(PR_SET_NAME, options.program.c_str());  // what ps and pgrep see
  int status = 2;
  try {
    status = run(options);
  } catch (const Error& e) {
    complain(e.what(), e.hint());
  } catch (const std::exception& e) {
    complain(e.what());
  }
  leave(status);
  return status;
}
