// verdict.cc -- the rule of the monitor `error`, and Scheme's answer taken apart.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "verdict.hh"

#include <algorithm>
#include <cmath>

#include "error.hh"
#include "fit.hh"
#include "phrase.hh"
#include "text.hh"

namespace sheepdog {
namespace {

const JsonLimits generous{.bytes = 4 << 20, .key = 4096};

bool holds(const std::vector<int>& statuses, int status) {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

std::string rule(const Outcome& outcome, const Settings& settings) {
  if (!outcome.status || outcome.timed_out) return "fail";
  if (holds(settings.warn_status, *outcome.status)) return "warn";
  return *outcome.status == 0 || holds(settings.ok_status, *outcome.status) ? "ok" : "fail";
}

Report parse_report(const Json& json) {
  const auto part = [&](const char* key) { return json.contains(key) ? json.at(key) : Json{}; };
  Report report{{},
                json.at("state").get<std::string>(),
                json.at("summary").get<std::string>(),
                part("fields"),
                part("facts"),
                part("replaces")};
  if (part("tag").is_string()) report.tag = part("tag").get<std::string>();
  return report;
}

}  // namespace

Report plain_verdict(const Outcome& outcome, const Settings& settings, const Findings& findings) {
  Report report{{}, rule(outcome, settings), outcome_text(outcome), {}, {}, {}};
  if (report.state == "fail") return report;
  if (findings.fail_found) {
    report.state = "fail", report.summary = "found: " + printable(*findings.fail_found);
  } else if (findings.need_missing) {
    report.state = "fail", report.summary = "missing: " + printable(*findings.need_missing);
  } else if (report.state == "warn") {
    return report;
  } else if (findings.warn_found) {
    report.state = "warn", report.summary = "found: " + printable(*findings.warn_found);
  } else if (settings.not_quicker && Seconds{outcome.elapsed} < *settings.not_quicker) {
    report.state = "warn", report.summary = "too quick";
  }
  return report;
}

std::string judge_request(const Settings& settings, const Findings& findings, const Json& outcome,
                          bool check) {
  const auto text = [](const std::optional<std::string>& line) {
    return line ? Json(*line) : Json();
  };
  Json options{{"ok_status", settings.ok_status},
               {"warn_status", settings.warn_status},
               {"not_quicker", nullptr},
               {"fail_found", text(findings.fail_found)},
               {"warn_found", text(findings.warn_found)},
               {"need_missing", text(findings.need_missing)}};
  if (settings.not_quicker)
    options["not_quicker"] = std::llround(settings.not_quicker->count() * 1000);
  // In Scheme a question may be as large as a message.
  return fit_message({{"config", text(settings.file)},
                      {"check", check},
                      {"monitor", settings.monitor},
                      {"options", options},
                      {"outcome", outcome},
                      {"tag", text(settings.tag)}});
}

Judgement parse_judgement(const std::string& answer) {
  try {
    const Json json = read_json(answer, generous);
    Judgement judgement;
    for (const auto& report : json.at("reports")) judgement.reports.push_back(parse_report(report));
    for (const auto& problem : json.at("config_problems"))
      judgement.configuration_problems.push_back(problem.get<std::string>());
    if (json.at("monitor_problem").is_string())
      judgement.monitor_problem = json.at("monitor_problem").get<std::string>();
    return judgement;
  } catch (const std::exception& e) {
    throw Error{Error::Code::broken, std::string{"no verdict: "} + e.what()};
  }
}

}  // namespace sheepdog
