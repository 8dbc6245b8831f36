// crontab_line.hh -- a crontab's line as sheepdog-sh gets it: command, options, tag.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sheepdog {

struct CrontabLine {
  std::string options;  // the text behind `# sheepdog:` at its end; "" without
  std::string tag;      // `borg-3fa2c1`: its program, and a hash of it without that comment
  bool own = false;     // it begins with one of our programs: nothing to watch
};

CrontabLine read_crontab_line(std::string_view line);

/// The words of `text` as a shell would take them apart: blanks, quotes, backslashes, no expansion.
std::vector<std::string> split_words(std::string_view text);

}  // namespace sheepdog
