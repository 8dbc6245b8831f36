// reader.cc -- what a file must be before its syntax counts.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "reader.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <system_error>
#include <utility>
#include <variant>

#include "descriptor.hh"
#include "syntax.hh"
#include "text.hh"

namespace sheepdog {

namespace {

constexpr std::size_t largest_file = 1 << 20;  // bytes
constexpr std::string_view wanted = "expected (config ...)";

Reading whole_file(const std::string& file, std::string text, std::string_view hint = {}) {
  return {{}, {{file, {0, 0}, std::move(text), std::string{hint}}}};
}

Reading unreadable(const std::string& file, int error) {
  return whole_file(file, "cannot be read: " + std::generic_category().message(error));
}

}  // namespace

std::string to_text(const Problem& problem) {
  std::string text = printable(problem.file);
  if (problem.at.line > 0) text += fmt::format(":{}:{}", problem.at.line, problem.at.column);
  text += fmt::format(": {}: {}", problem.warning ? "warning" : "error", printable(problem.text));
  if (!problem.hint.empty()) text += "\nhint: " + printable(problem.hint);
  return text;
}

Reading read_data(std::string_view text, const std::string& file) {
  if (text.size() > largest_file) return whole_file(file, "is larger than 1 MiB", wanted);
  const std::size_t bad =
      std::min(invalid_utf8(text).value_or(text.size()), std::min(text.find('\0'), text.size()));
  if (bad < text.size()) {
    const auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    return whole_file(file, fmt::format("not UTF-8 at byte {} (line {})", bad + 1, line), wanted);
  }
  Reading reading = read_syntax(text, file);
  if (reading.data.empty() && reading.problems.empty()) return whole_file(file, "is empty", wanted);
  return reading;
}

namespace {

std::map<std::string, std::string>& held_files() {
  static std::map<std::string, std::string> the_files;
  return the_files;
}

/// The bytes of `file`, one more than the most at the most; or what is wrong.
std::variant<std::string, Reading> load(const std::string& file) {
  if (const auto held = held_files().find(file); held != held_files().end()) return held->second;
  // Not blocking: a FIFO in its place must not keep a job from running.
  const Descriptor fd{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) return unreadable(file, errno);
  if (S_ISDIR(status.st_mode)) return unreadable(file, EISDIR);
  if (!S_ISREG(status.st_mode)) return whole_file(file, "cannot be read: not a regular file");
  std::string text;
  while (text.size() <= largest_file) {
    std::array<char, 16384> part;
    const ssize_t count = read(fd.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(file, errno);
    if (count == 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

Reading read_data_file(const std::string& file) {
  auto loaded = load(file);
  if (auto* wrong = std::get_if<Reading>(&loaded)) return std::move(*wrong);
  return read_data(std::get<std::string>(loaded), file);
}

std::optional<std::string> file_bytes(const std::string& file) {
  auto loaded = load(file);
  auto* text = std::get_if<std::string>(&loaded);
  if (!text || text->size() > largest_file) return {};
  return std::move(*text);
}

void hold_file(const std::string& file, std::string text) {
  held_files().insert_or_assign(file, std::move(text));
}

void release_files() { held_files().clear(); }

}  // namespace sheepdog
