// fit.cc -- how much goes, and where.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "fit.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "error.hh"

namespace sheepdog {
namespace {

constexpr std::string_view mark_begin = "[... ";
constexpr std::string_view mark_end = " bytes left out ...]\n";

/// What stands before and after the place where bytes were left out, and how many they were.
struct Halves {
  std::string_view head, tail;
  std::uint64_t missing = 0;
};

/// The two sides of a mark made before, if `text` has one.
Halves split(std::string_view text) {
  for (auto at = text.find(mark_begin); at != text.npos; at = text.find(mark_begin, at + 1)) {
    if (at > 0 && text[at - 1] != '\n') continue;
    std::uint64_t missing = 0;
    const char* number = text.data() + at + mark_begin.size();
    const auto [end, error] = std::from_chars(number, text.data() + text.size(), missing);
    const auto rest = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || !text.substr(rest).starts_with(mark_end)) continue;
    return {text.substr(0, at), text.substr(rest + mark_end.size()), missing};
  }
  return {text, {}, 0};
}

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

std::string_view beginning(std::string_view text, std::size_t keep) {
  if (text.size() <= keep) return text;
  while (keep > 0 && inside_character(text, keep)) --keep;
  const auto line_end = text.substr(0, keep).rfind('\n');
  if (line_end != text.npos && line_end + 1 >= keep - keep / 2) keep = line_end + 1;
  return text.substr(0, keep);
}

std::string_view ending(std::string_view text, std::size_t keep) {
  if (text.size() <= keep) return text;
  std::size_t from = text.size() - keep;
  while (inside_character(text, from)) ++from;
  const auto line_end = text.find('\n', from);
  if (line_end != text.npos && line_end + 1 - from <= keep / 2) from = line_end + 1;
  return text.substr(from);
}

std::size_t written_size(const Json& json) { return write_json(json).size(); }

/// Take at least `excess` written bytes out of the text `json`, or leave only the mark of it.
void shrink(Json& json, std::size_t excess) {
  const std::string text = json.get<std::string>();
  const std::size_t written = written_size(json);
  const std::size_t goal = written > excess ? written - excess : 0;
  // Characters that are written as six bytes may stand anywhere: the first guess may not do.
  for (std::size_t keep = text.size() * goal / written;; keep = keep * 3 / 4) {
    json = cut_middle(text, keep > 64 ? keep - 64 : 0);
    if (keep <= 64 || written_size(json) <= goal) return;
  }
}

}  // namespace

std::string cut_middle(std::string_view text, std::size_t keep) {
  const auto halves = split(text);
  const bool was_cut = halves.missing > 0;
  const auto head = beginning(halves.head, keep / 6);
  const auto tail = ending(was_cut ? halves.tail : halves.head.substr(head.size()),
                           keep - std::min(keep, head.size()));
  const auto missing =
      halves.missing + (halves.head.size() + halves.tail.size() - head.size() - tail.size());
  if (missing == 0) return std::string{text};
  return fmt::format("{}{}{}{}{}{}", head, head.empty() || head.back() == '\n' ? "" : "\n",
                     mark_begin, missing, mark_end, tail);
}

std::string fit_message(Json message, std::size_t limit) {
  std::string text = write_json(message);
  if (text.size() <= limit) return text;
  if (const auto outcome = message.find("outcome");
      outcome != message.end() && outcome->is_object())
    for (const char* stream : {"stdout", "stderr"}) {
      const auto output = outcome->find(stream);
      if (output == outcome->end() || !output->is_string() ||
          output->get_ref<std::string&>().empty())
        continue;
      shrink(*output, text.size() - limit + 16);  // room for what `cut` adds
      (*outcome)["cut"] = true;
      text = write_json(message);
      if (text.size() <= limit) return text;
    }
  throw Error{Error::Code::bad_message,
              fmt::format("the message is {} bytes without its output, at most {} are allowed",
                          text.size(), limit)};
}

}  // namespace sheepdog
