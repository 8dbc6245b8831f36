// log.hh -- the program's own log: stderr, syslog or a file.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace sheepdog {

enum class Level { error, warning, notice, info, debug };

/// Where log lines go. `where`: "stderr", "syslog" or the path of a file, which is opened for
/// appending (0640). Lines above `most` are left out.
struct LogTarget {
  std::string where = "stderr";
  Level most = Level::notice;
};

/// Name the program (`sheepdog-queue-daemon`) and say where its log goes; calling it again with a
/// file opens that anew (log rotation). Throws Error::bad_configuration for a file that cannot be
/// opened, and leaves the log as it was.
void open_log(std::string_view program, const LogTarget& target);

/// Write one line, `PROGRAM: LEVEL: TEXT` (a notice without its level), made printable. On stderr
/// `<N>` leads it when the journal reads that (sd-daemon(3)), in a file the local time; what a file
/// does not take goes to syslog. Never throws, never blocks on what Scheme does.
void log(Level level, std::string_view text);

/// Write `PROGRAM: error: TEXT` to stderr, then `hint: HINT` when there is one: for people.
void complain(std::string_view text, std::string_view hint = {}, std::string_view kind = "error");

/// Is `where` one of the two words, or a file? That has a slash, so that a word with a slip in it
/// (`--log=sderr`) makes no file.
bool is_log_place(std::string_view where);

/// The program's name as given to open_log; "sheepdog" before.
const std::string& program_name();

/// The level of that name ("error" "warning" "notice" "info" "debug"); false when there is none.
bool parse_level(std::string_view name, Level& level);

}  // namespace sheepdog
