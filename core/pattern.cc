// pattern.cc -- blocks of whole lines through regexec, until there is nothing left to find.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "pattern.hh"

#include <fmt/format.h>

#include <algorithm>

#include "error.hh"

namespace sheepdog {
namespace {

constexpr std::size_t longest_line = 64 * 1024;
constexpr std::size_t overlap = 4 * 1024;
constexpr std::size_t shown = 4 * 1024;

std::string line_around(std::string_view lines, Span match) {
  const auto before = match.begin == 0 ? lines.npos : lines.rfind('\n', match.begin - 1);
  std::size_t begin = before == lines.npos ? 0 : before + 1;
  const std::size_t end = std::min(lines.find('\n', match.begin), lines.size());
  if (match.begin - begin > shown / 2) begin = match.begin - shown / 2;
  return std::string{lines.substr(begin, std::min(end - begin, shown))};
}

}  // namespace

std::vector<Patterns::Pattern> Patterns::compile(const std::vector<std::string>& expressions) {
  std::vector<Pattern> all;
  for (const auto& expression : expressions) {
    try {
      all.push_back({expression, Regex{expression}});
    } catch (const Error& e) {
      throw Error{Error::Code::usage,
                  fmt::format("'{}' is no regular expression: {}", expression, e.what())};
    }
  }
  return all;
}

Patterns::Patterns(const std::vector<std::string>& fail, const std::vector<std::string>& warn,
                   const std::vector<std::string>& need)
    : fail_{compile(fail)}, warn_{compile(warn)}, need_{compile(need)} {}

void Patterns::see(int stream, std::string_view bytes) {
  auto& pending = pending_[stream - 1];
  pending += bytes;
  const auto newline = pending.rfind('\n');
  if (newline != std::string::npos) {
    search({pending.data(), newline + 1});
    pending.erase(0, newline + 1);
  }
  if (pending.size() > longest_line) {
    search(pending);
    pending.erase(0, pending.size() - overlap);
  }
}

void Patterns::end() {
  for (auto& pending : pending_) {
    if (!pending.empty()) search(pending);
    pending.clear();
  }
}

void Patterns::search(std::string_view lines) {
  const std::lock_guard guard{mutex_};
  if (!fail_line_) search(fail_, lines, &fail_line_);
  if (!warn_line_) search(warn_, lines, &warn_line_);
  search(need_, lines, nullptr);
}

void Patterns::search(std::vector<Pattern>& patterns, std::string_view lines,
                      std::optional<std::string>* line) {
  for (auto& pattern : patterns) {
    if (pattern.found) continue;
    const auto match = pattern.regex.find(lines);
    pattern.found = match.has_value();
    if (match && line && !*line) *line = line_around(lines, *match);
  }
}

std::optional<std::string> Patterns::fail_found() const { return fail_line_; }
std::optional<std::string> Patterns::warn_found() const { return warn_line_; }

std::optional<std::string> Patterns::need_missing() const {
  for (const auto& pattern : need_)
    if (!pattern.found) return pattern.expression;
  return {};
}

}  // namespace sheepdog
