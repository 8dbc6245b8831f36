// spool_file.hh -- one file of a spool: its name, and how it proves itself.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor.hh"

namespace sheepdog {

/// Where a message is on its way, told by the ending of its file's name.
enum class SpoolState {
  waiting,  // .new: the queue does not have it
  sent,     // .sent: the queue has it, the server has not said so
  done,     // .done: acknowledged, kept while it is the highest, so that no number comes twice
};

struct SpoolName {
  std::int64_t number = 0;
  SpoolState state = SpoolState::waiting;
  auto operator<=>(const SpoolName&) const = default;
};

/// `NUMBER.new` and so on, the number in 20 digits; nothing if `name` is none of these.
std::string spool_name(const SpoolName& name);
std::optional<SpoolName> parse_spool_name(std::string_view name);

/// The content of a file: the line `sheepdog-spool 1 LENGTH CRC32` (8 hex digits, as in zlib's
/// crc32), then `message`.
std::string seal(std::string_view message);

/// A file's message, or why there is none.
struct Unsealed {
  std::string message;
  std::string trouble;  // empty: `message` is whole
  bool gone = false;    // there is no such file; `trouble` says so
};
Unsealed unseal(std::string_view content);

/// Read and prove the file `name` of `directory`. What is no regular file, or is too large, is
/// never opened. Throws Error::spool_failed only when a file that may be good cannot be read now.
Unsealed read_spool_file(const Descriptor& directory, const std::string& name);

/// Write `content` to a new file `name` of `directory`, through `NAME.tmp`, and flush both to the
/// disk; under a lock, so that a `NAME.tmp` which is there was left by somebody who died. Throws
/// Error::spool_failed, also when `name` is there; nothing is left behind then.
void write_spool_file(const Descriptor& directory, const std::string& name,
                      std::string_view content);

/// The names in `directory`, sorted, without `.` and `..`.
std::vector<std::string> list_directory(const Descriptor& directory);

/// Error::spool_failed: `what` failed, with errno's text.
[[noreturn]] void spool_failed(const std::string& what);

}  // namespace sheepdog
