// program_name.cc -- without its directory, and short enough for a tag.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "program_name.hh"

#include "text.hh"

namespace sheepdog {

std::string program_name(std::string_view path) {
  constexpr std::size_t most = 200;
  std::string_view rest = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  std::string name;
  while (!rest.empty()) {
    const std::size_t length = first_character(rest).length;
    const std::string part = printable(rest.substr(0, length));
    if (name.size() + part.size() > most) break;
    name += part;
    rest.remove_prefix(length);
  }
  return name;
}

std::string line_name(std::string_view line) {
  const std::string_view blank = " \t\n", ends = " \t\n;|&()<>\"'";
  for (;;) {
    const auto begin = line.find_first_not_of(" \t\n(\"'{");
    if (begin == line.npos) return "sh";
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(ends));
    const auto equals = word.find('=');
    if (equals == word.npos || equals == 0) {
      const std::string name = program_name(word);
      return name.empty() ? "sh" : name;
    }
    const auto next = line.find_first_of(blank);  // a quoted value with blanks: good enough
    if (next == line.npos) return "sh";
    line.remove_prefix(next);
  }
}

}  // namespace sheepdog
