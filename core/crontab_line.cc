// crontab_line.cc -- a trailing comment is found as a shell would find it.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "crontab_line.hh"

#include <fmt/format.h>

#include <cstdint>

#include "program_name.hh"
#include "text.hh"

namespace sheepdog {
namespace {

constexpr std::string_view blanks = " \t\n";

/// Where `#` begins a comment in `line`: at the beginning of a word, outside of quotes.
std::size_t find_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '#' &&
               (i == 0 || blanks.find(line[i - 1]) != blanks.npos || line[i - 1] == ';')) {
      return i;
    }
  }
  return line.npos;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

/// FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv), folded to 24.
std::uint32_t hash(std::string_view text) {
  std::uint32_t sum = 2166136261U;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
  return (sum >> 24) ^ (sum & 0xFFFFFFU);
}

}  // namespace

CrontabLine read_crontab_line(std::string_view line) {
  CrontabLine result;
  std::string_view command = trim(line);
  const auto comment = find_comment(line);
  if (comment != line.npos) {
    std::string_view text = trim(line.substr(comment + 1));
    constexpr std::string_view mark = "sheepdog:";
    if (text.starts_with(mark)) {
      result.options = trim(text.substr(mark.size()));
      command = trim(line.substr(0, comment));
    }
  }
  const std::string name = line_name(command);
  result.own = name == "sheepdog" || name.starts_with("sheepdog-");
  result.tag = fmt::format("{}-{:06x}", name, hash(command));
  return result;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!quote && blanks.find(c) != blanks.npos) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (c == quote) {
      quote = 0;
    } else if (!quote && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else {
      words.back() += c;
    }
  }
  return words;
}

}  // namespace sheepdog
