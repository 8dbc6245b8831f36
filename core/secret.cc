// secret.cc -- a file, or a program such as pass(1).
// SPDX-License-Identifier: GPL-3.0-or-later
#include "secret.hh"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "error.hh"
#include "job.hh"
#include "text.hh"

namespace sheepdog {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw Error{Error::Code::queue_refused, fmt::format("no password from {}: {}", what, why)};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  const auto line_end = text.rfind('\n');
  return printable(line_end == text.npos ? text : text.substr(line_end + 1));
}

std::string why_failed(const Outcome& outcome) {
  if (outcome.start_errno) return std::generic_category().message(outcome.start_errno);
  if (outcome.timed_out) return "timed out";
  const auto how = outcome.status ? fmt::format("exit status {}", *outcome.status)
                                  : fmt::format("signal {}", outcome.signal.value_or(0));
  const auto words = last_line(outcome.standard_error);
  return words.empty() ? how : fmt::format("{}: {}", how, words);
}

}  // namespace

std::function<std::string()> password_from_file(std::string file) {
  return [file = std::move(file)] {
    errno = 0;
    std::ifstream in{file};
    std::string line;
    if (in) std::getline(in, line);
    if (line.empty())
      refuse(file, errno ? std::generic_category().message(errno) : "its first line is empty");
    return line;
  };
}

std::function<std::string()> password_from_command(std::vector<std::string> argv, Seconds limit) {
  return [argv = std::move(argv), limit] {
    RunOptions options;
    options.limit = limit;
    options.grace = Seconds{0.5};
    options.drain = Seconds{0.1};
    const auto outcome = run(argv, options);
    if (outcome.status != 0) refuse(argv.front(), why_failed(outcome));
    auto password = first_line(outcome.standard_output);
    if (password.empty()) refuse(argv.front(), "it printed nothing");
    return password;
  };
}

}  // namespace sheepdog
