// capture.cc -- a head, a ring for the tail, and where to cut them.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture.hh"

#include <fmt/format.h>

#include <algorithm>

namespace sheepdog {
namespace {

constexpr std::size_t context = 8 * 1024;  // bytes kept beyond each cut, for `secrets`

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// The largest cut at or below `most`: behind a line end, else before a whole character. A line end
/// in the first half is not worth the loss.
std::size_t cut_head(std::string_view text, std::size_t most) {
  if (most >= text.size()) return text.size();
  const auto newline = most == 0 ? std::string_view::npos : text.rfind('\n', most - 1);
  if (newline != std::string_view::npos && newline + 1 >= most / 2) return newline + 1;
  std::size_t end = most;
  while (end > 0 && most - end < 3 && continues(text[end])) --end;
  return continues(text[end]) ? most : end;
}

/// Likewise the smallest beginning from which at most `most` bytes are left.
std::size_t cut_tail(std::string_view text, std::size_t most) {
  if (most >= text.size()) return 0;
  std::size_t begin = text.size() - most;
  if (text[begin - 1] == '\n') return begin;
  const auto newline = text.find('\n', begin);
  if (newline != std::string_view::npos && newline + 1 <= begin + most / 2) return newline + 1;
  for (int i = 0; i < 3 && begin < text.size() && continues(text[begin]); ++i) ++begin;
  return begin;
}

}  // namespace

HeadTail::HeadTail(std::size_t head, std::size_t tail) : head_max_{head}, tail_max_{tail} {}

void HeadTail::put(std::string_view bytes) {
  total_ += bytes.size();
  const std::size_t window = tail_max_ + context;
  std::size_t part = std::min(bytes.size(), head_max_ + context - head_.size());
  head_.append(bytes.substr(0, part));
  bytes.remove_prefix(part);
  if (bytes.size() > window) bytes.remove_prefix(bytes.size() - window);
  part = std::min(bytes.size(), window - ring_.size());
  ring_.append(bytes.substr(0, part));
  bytes.remove_prefix(part);
  while (!bytes.empty()) {  // the ring is full: the oldest go
    part = std::min(bytes.size(), window - at_);
    bytes.copy(ring_.data() + at_, part);
    bytes.remove_prefix(part);
    at_ = (at_ + part) % window;
  }
}

std::string HeadTail::last() const { return ring_.substr(at_) + ring_.substr(0, at_); }

std::string HeadTail::text(const FindSecrets& secrets) const {
  const auto find = [&](std::string_view text) {
    return secrets ? secrets(text) : std::vector<Span>{};
  };
  std::string first = head_, end = last();
  if (total_ == first.size() + end.size()) {  // nothing is lost between the windows
    first += end;
    if (!cut()) return mask(first, find(first), 0, first.size());
    end = first;
  }
  const std::size_t to = cut_head(first, head_max_), from = cut_tail(end, tail_max_);
  const std::string head = mask(first, find(first), 0, to);
  const std::uint64_t left_out = total_ - to - (end.size() - from);
  return fmt::format("{}{}[... {} bytes left out ...]\n{}", head,
                     head.empty() || head.back() == '\n' ? "" : "\n", left_out,
                     mask(end, find(end), from, end.size()));
}

std::string mask(std::string_view text, const std::vector<Span>& secrets, std::size_t begin,
                 std::size_t end) {
  std::string masked;
  std::size_t at = begin;
  for (const Span& secret : secrets) {
    if (secret.end <= at) continue;
    if (secret.begin >= end) break;
    if (secret.begin > at) masked += text.substr(at, secret.begin - at);
    masked += "***";
    at = std::min(secret.end, end);
  }
  masked += text.substr(at, end - at);
  return masked;
}

}  // namespace sheepdog
