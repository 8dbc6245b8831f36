// bark.cc -- outcomes and messages as JSON.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "bark.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "instant.hh"
#include "phrase.hh"
#include "text.hh"

namespace sheepdog {
namespace {

constexpr std::size_t shown_line = 200;

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

std::string user_name() {
  std::array<char, 4096> buffer;
  passwd entry, *found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found)
    return found->pw_name;
  return fmt::format("{}", geteuid());
}

std::string directory() {
  std::array<char, PATH_MAX> buffer;
  return getcwd(buffer.data(), buffer.size()) ? repair_utf8(buffer.data()).text : "";
}

/// A duration as MESSAGE's `every`: in the largest unit that is exact.
std::string every_text(Seconds every) {
  const std::int64_t s = std::llround(every.count());
  constexpr std::pair<std::int64_t, char> units[] = {
      {86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
  for (const auto& [size, unit] : units)
    if (s % size == 0) return fmt::format("{}{}", s / size, unit);
  return {};
}

void add_text(Json& outcome, const char* key, const std::string& bytes) {
  Repaired text = repair_utf8(bytes);
  outcome[key] = std::move(text.text);
  if (text.lossy) outcome["lossy"] = true;
}

}  // namespace

Barks::Barks(const Command& command, const Settings& settings, std::optional<std::string> run)
    : command_{command}, settings_{settings}, run_{std::move(run)}, redactor_{settings.redact} {}

std::string Barks::command_text() const {
  if (withheld()) return command_.name + " ***";
  if (command_.line) return repair_utf8(redactor_.redact(*command_.line)).text;
  return repair_utf8(fmt::format("{}", fmt::join(redactor_.redact(command_.argv), " "))).text;
}

void Barks::add_command(Json& outcome, bool redacted) const {
  if (command_.line || (redacted && withheld())) {
    outcome["command"] = redacted ? command_text() : repair_utf8(*command_.line).text;
    return;
  }
  outcome["argv"] = Json::array();
  for (const auto& word : redacted ? redactor_.redact(command_.argv) : command_.argv)
    outcome["argv"].push_back(repair_utf8(word).text);
}

/// All but command and output.
Json Barks::described(const Outcome& outcome) const {
  Json json = Json::object();
  if (outcome.status) json["status"] = *outcome.status;
  if (outcome.signal) json["signal"] = *outcome.signal;
  if (outcome.timed_out) json["timed_out"] = true;
  if (outcome.start_errno != 0) json["start_error"] = std::strerror(outcome.start_errno);
  json["started"] = seconds(outcome.started);
  json["elapsed"] = seconds(std::llround(outcome.elapsed * 1000));
  json["user"] = user_name();
  json["cwd"] = directory();
  json["stdout_bytes"] = outcome.output_bytes;
  json["stderr_bytes"] = outcome.error_bytes;
  if (outcome.cut) json["cut"] = true;
  return json;
}

Json Barks::raw_outcome(const Job& job, const Outcome& outcome) const {
  Json json = described(outcome);
  add_command(json, false);
  add_text(json, "stdout", job.kept(1).text());
  add_text(json, "stderr", job.kept(2).text());
  return json;
}

Json Barks::outcome(const Job& job, const Outcome& outcome) const {
  Json json = Json::object();
  add_command(json, true);
  json.update(described(outcome));
  if (!settings_.output || withheld()) return json;
  const auto secrets = [&](std::string_view text) { return redactor_.find(text); };
  add_text(json, "stdout", job.kept(1).text(secrets));
  add_text(json, "stderr", job.kept(2).text(secrets));
  return json;
}

Json Barks::no_outcome() const {
  Json json = Json::object();
  add_command(json, true);
  json["user"] = user_name();
  return json;
}

Json Barks::message(const std::string& monitor, const std::string& tag) const {
  Json json{{"v", 1},
            {"time", seconds(epoch_ms())},
            {"host", settings_.name},
            {"monitor", monitor},
            {"tag", repair_utf8(tag).text}};
  if (!settings_.mailto.empty())
    json["mailto"] = fmt::format("{}", fmt::join(settings_.mailto, ","));
  return json;
}

Json Barks::start(std::int64_t started) const {
  Json json = message(settings_.monitor, *settings_.tag);
  json["time"] = seconds(started);
  json["kind"] = "start";
  json["summary"] = "started";
  if (run_) json["run"] = *run_;
  json["outcome"] = no_outcome();
  json["outcome"]["started"] = seconds(started);
  return json;
}

Json Barks::end(const Report& report, const Json& outcome, bool whole) const {
  Json json = message(settings_.monitor, report.tag.value_or(*settings_.tag));
  json["state"] = report.state;
  json["summary"] = redact(report.summary);
  if (run_ && !report.tag) json["run"] = *run_;
  if (settings_.every && !report.tag) json["every"] = every_text(*settings_.every);
  if (!report.fields.is_null()) json["fields"] = redact(report.fields);
  if (!report.facts.is_null()) json["facts"] = redact(report.facts);
  if (!report.replaces.is_null()) json["replaces"] = report.replaces;
  if (outcome.is_null()) return json;
  json["outcome"] = outcome;
  if (!whole) json["outcome"].erase("stdout"), json["outcome"].erase("stderr");
  return json;
}

Json Barks::lost(const Beginning& beginning) const {
  Json json = message(beginning.monitor, beginning.tag);
  json["state"] = "fail";
  json["summary"] = fmt::format("began {}, no end seen", clock_text(beginning.started, epoch_ms()));
  if (beginning.run) json["run"] = *beginning.run;
  json["outcome"] = {{"command", beginning.command}, {"started", seconds(beginning.started)}};
  return json;
}

Json Barks::own(const std::string& tag, const std::string& state,
                const std::string& summary) const {
  Json json = message("message", tag);
  json["state"] = state;
  json["summary"] = redact(printable(summary));
  return json;
}

std::string Barks::line(const std::string& text) const {
  if (withheld()) return "a line that is withheld";
  std::string told = repair_utf8(redactor_.redact(text)).text;
  if (told.size() <= shown_line) return told;
  std::size_t end = shown_line;
  while (end > 0 && (told[end] & 0xC0) == 0x80) --end;
  return told.substr(0, end) + "…";
}

/// All strings in `json`, but no keys.
Json Barks::redact(Json json) const {
  if (json.is_string()) return redactor_.redact(json.get_ref<const std::string&>());
  if (json.is_structured())
    for (auto& item : json) item = redact(std::move(item));
  return json;
}

}  // namespace sheepdog
