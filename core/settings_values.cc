// settings_values.cc -- one value, or several, of the kind that is wanted.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "settings_values.hh"

#include <fmt/format.h>

#include <limits>

#include "quantity.hh"

namespace sheepdog {
namespace {

constexpr const char* duration_hint = R"(such as "30s", "5m", "36h", "2d")";

bool is_option(const Datum& datum) {
  return datum.is_list() && !datum.items.empty() && datum.items[0].kind == Datum::Kind::symbol;
}

}  // namespace

EntryValues::EntryValues(const Datum& entry, const std::string& file,
                         std::vector<Problem>& problems)
    : entry_{&entry}, file_{&file}, problems_{&problems} {
  if (!is_option(entry)) return;
  key_ = entry.items[0].text;
  for (std::size_t i = 1; i < entry.items.size(); ++i) {
    if (is_option(entry.items[i])) {
      options_.emplace_back(entry.items[i], file, problems);
    } else {
      plain_.push_back(&entry.items[i]);
    }
  }
}

void EntryValues::complain(const std::string& text, const std::string& hint,
                           const Datum* at) const {
  problems_->push_back({*file_, (at ? at : entry_)->at, text, hint});
}

void EntryValues::wants(const char* what, const Datum& got, const std::string& hint) const {
  complain(fmt::format("'{}' wants {}, got {}", key_, what, to_text(got)), hint, &got);
}

const Datum* EntryValues::single() const {
  if (plain_.size() == 1) return plain_[0];
  complain(fmt::format("'{}' wants one value, got {}", key_, plain_.size()), {},
           plain_.size() > 1 ? plain_[1] : nullptr);
  return nullptr;
}

std::optional<std::string> EntryValues::text() const {
  const auto* datum = single();
  if (!datum) return {};
  if (datum->kind == Datum::Kind::string) return datum->text;
  wants("a string", *datum,
        datum->is_list() ? "" : fmt::format("write it in quotes: ({} \"{}\")", key_, datum->text));
  return {};
}

std::optional<std::string> EntryValues::name() const {
  const auto* datum = single();
  if (!datum) return {};
  if (datum->kind == Datum::Kind::string || datum->kind == Datum::Kind::symbol) return datum->text;
  wants("a name", *datum);
  return {};
}

std::optional<bool> EntryValues::yes_or_no() const {
  const auto* datum = single();
  if (!datum) return {};
  if (datum->kind == Datum::Kind::boolean) return datum->truth;
  if (datum->is_symbol("yes")) return true;
  if (datum->is_symbol("no")) return false;
  const bool quoted = datum->text == "yes" || datum->text == "no";
  wants("yes or no", *datum,
        quoted ? fmt::format("write it without quotes: ({} {})", key_, datum->text) : "");
  return {};
}

std::optional<Seconds> EntryValues::duration() const {
  const auto* datum = single();
  if (!datum) return {};
  if (datum->kind == Datum::Kind::string)
    if (const auto seconds = parse_duration(datum->text)) return seconds;
  wants("a duration", *datum, duration_hint);
  return {};
}

std::optional<std::int64_t> EntryValues::size() const {
  const auto* datum = single();
  if (!datum) return {};
  if (datum->kind == Datum::Kind::string)
    if (const auto bytes = parse_size(datum->text)) return bytes;
  wants("a size", *datum, R"(such as "64KiB", "10MB")");
  return {};
}

std::optional<std::int64_t> EntryValues::number(std::int64_t least, std::int64_t most) const {
  const auto* datum = single();
  if (!datum) return {};
  if (datum->kind == Datum::Kind::integer && datum->integer >= least && datum->integer <= most)
    return datum->integer;
  const bool quoted = datum->kind == Datum::Kind::string && !datum->text.empty() &&
                      datum->text.find_first_not_of("0123456789") == std::string::npos;
  const auto range = most == std::numeric_limits<std::int64_t>::max()
                         ? fmt::format("a number from {} on", least)
                         : fmt::format("a number from {} to {}", least, most);
  wants(range.c_str(), *datum,
        quoted ? fmt::format("write it without quotes: ({} {})", key_, datum->text) : "");
  return {};
}

std::vector<std::string> EntryValues::texts() const {
  std::vector<std::string> found;
  for (const auto* datum : plain_) {
    if (datum->kind == Datum::Kind::string) {
      found.push_back(datum->text);
    } else {
      wants("a string", *datum);
    }
  }
  return found;
}

std::vector<int> EntryValues::statuses() const {
  std::vector<int> found;
  for (const auto* datum : plain_) {
    if (datum->kind == Datum::Kind::integer && datum->integer >= 0 && datum->integer <= 255) {
      found.push_back(static_cast<int>(datum->integer));
    } else {
      wants("a status from 0 to 255", *datum);
    }
  }
  return found;
}

}  // namespace sheepdog
