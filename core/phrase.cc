// phrase.cc -- the words, in one place.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "phrase.hh"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <ctime>

namespace sheepdog {
namespace {

constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

std::tm local(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / second);
  std::tm time{};
  localtime_r(&seconds, &time);
  return time;
}

std::string elapsed_text(const Outcome& outcome) {
  return duration_text(std::llround(outcome.elapsed * 1000));
}

}  // namespace

std::string duration_text(std::int64_t ms) {
  if (ms < 10 * second) {
    const std::int64_t tenths = (ms + 50) / 100;
    return tenths % 10 == 0 ? fmt::format("{} s", tenths / 10)
                            : fmt::format("{}.{} s", tenths / 10, tenths % 10);
  }
  if (ms < 2 * minute) return fmt::format("{} s", ms / second);
  if (ms < hour) return fmt::format("{} min", ms / minute);
  const std::int64_t minutes = ms % hour / minute;
  if (ms < 10 * hour && minutes != 0) return fmt::format("{} h {} min", ms / hour, minutes);
  if (ms < 2 * day) return fmt::format("{} h", ms / hour);
  return fmt::format("{} days", ms / day);
}

std::string clock_text(std::int64_t ms, std::int64_t now) {
  const std::tm then = local(ms), today = local(now);
  const bool same_day = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
  char text[64];
  std::strftime(text, sizeof text, same_day ? "%H:%M" : "%a %-d %b %H:%M", &then);
  return text;
}

std::string signal_text(int signal) {
  const char* name = sigabbrev_np(signal);
  return name ? fmt::format("{} ({})", signal, name) : fmt::format("{}", signal);
}

std::string outcome_text(const Outcome& outcome) {
  if (outcome.start_errno != 0)
    return fmt::format("not started: {}", std::strerror(outcome.start_errno));
  if (outcome.timed_out) return "timed out after " + elapsed_text(outcome);
  if (outcome.signal) return "killed by signal " + signal_text(*outcome.signal);
  return fmt::format("exit status {}", outcome.status.value_or(0));
}

std::string deed_text(std::string_view name, const Outcome& outcome, std::string_view summary) {
  const std::string after = " after " + elapsed_text(outcome);
  if (summary != outcome_text(outcome)) return fmt::format("{}: {}{}", name, summary, after);
  if (outcome.start_errno != 0)
    return fmt::format("{} did not start: {}", name, std::strerror(outcome.start_errno));
  if (outcome.timed_out) return fmt::format("{} {}", name, summary);
  if (outcome.signal) return fmt::format("{} was {}{}", name, summary, after);
  return fmt::format("{} exited with status {}{}", name, *outcome.status, after);
}

}  // namespace sheepdog
