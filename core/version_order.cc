// version_order.cc -- epoch, upstream version and revision, one part after the other.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "version_order.hh"

#include <algorithm>

namespace sheepdog {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The rank of the first character of `text` that is not part of a number.
int rank(std::string_view text) {
  if (text.empty() || is_digit(text.front())) return 0;
  const char c = text.front();
  if (c == '~') return -1;
  return static_cast<unsigned char>(c) + (is_letter(c) ? 0 : 256);
}

/// Take the digits that `text` begins with, without leading zeros.
std::string_view take_number(std::string_view& text) {
  const auto is_no_digit = [](char c) { return !is_digit(c); };
  const auto end = std::find_if(text.begin(), text.end(), is_no_digit) - text.begin();
  std::string_view number = text.substr(0, static_cast<std::size_t>(end));
  text.remove_prefix(number.size());
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

int compare_numbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int compare_part(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !is_digit(a.front())) || (!b.empty() && !is_digit(b.front()))) {
      if (const int difference = rank(a) - rank(b)) return difference;
      if (!a.empty()) a.remove_prefix(1);
      if (!b.empty()) b.remove_prefix(1);
    }
    if (const int difference = compare_numbers(take_number(a), take_number(b))) return difference;
  }
  return 0;
}

struct Version {
  std::string_view epoch, upstream, revision;
};

Version parts_of(std::string_view text) {
  Version version;
  const auto colon = text.find(':');
  if (colon != text.npos && std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), is_digit)) {
    version.epoch = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const auto dash = text.rfind('-');
  version.upstream = text.substr(0, dash);
  if (dash != text.npos) version.revision = text.substr(dash + 1);
  return version;
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  const Version x = parts_of(a), y = parts_of(b);
  if (const int epoch = compare_part(x.epoch, y.epoch)) return epoch;
  if (const int upstream = compare_part(x.upstream, y.upstream)) return upstream;
  return compare_part(x.revision, y.revision);
}

}  // namespace sheepdog
