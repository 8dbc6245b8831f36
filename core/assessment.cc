// assessment.cc -- when to ask, what to do with the answer, what to do without one.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "assessment.hh"

#include <fmt/format.h>

#include <cstdio>

#include "error.hh"
#include "log.hh"
#include "text.hh"

namespace sheepdog {
namespace {

constexpr Seconds patience{5.0};

const std::string configuration_tag = "sheepdog config";

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void print_lines(const std::string& text) {
  std::fprintf(stderr, "%s\n", printable(text, true).c_str());
}

}  // namespace

Assessment::Assessment(Settings& settings, const Runs& runs, const Paths& paths, bool remember)
    : settings_{settings}, runs_{runs}, paths_{paths}, remember_{remember} {
  if (!settings_.file) return;
  configuration_memory_ = configuration_tag + " " + *settings_.file;
  check_ = !settings_.understood || !runs_.found_good(settings_.files) ||
           runs_.last_state(configuration_memory_).value_or("ok") != "ok";
}

bool Assessment::configuration_is_good() {
  if (check_) {
    try {
      const auto answer = consult(judge_request(settings_, {}, Json::object(), true));
      for (auto& problem : parse_judgement(answer).configuration_problems)
        add_problem(std::move(problem));
    } catch (const Error&) {
      add_own_problems();
    }
  }
  note_configuration();
  check_ = false;
  return problems_.empty();
}

void Assessment::begin() {
  const bool surely = check_ || settings_.monitor != "error" || is_news(*settings_.tag, "ok");
  if (surely) prepare();
}

void Assessment::prepare() {
  try {
    if (!judge_) judge_ = std::make_unique<Judge>(paths_);
  } catch (const Error&) {  // who asks will be told
  }
}

std::string Assessment::consult(const std::string& request) {
  if (!judge_) judge_ = std::make_unique<Judge>(paths_);
  return judge_->ask(request, patience);
}

void Assessment::judge(const Outcome& outcome, const Findings& findings,
                       const std::function<Json()>& outcome_for_judge) {
  reports_ = {plain_verdict(outcome, settings_, findings)};
  const bool nothing_to_ask = settings_.monitor == "error" && !check_ &&
                              reports_[0].state == "ok" && !is_news(*settings_.tag, "ok");
  if (!nothing_to_ask) {
    ask(findings, outcome_for_judge());
  } else if (!problems_.empty()) {
    note_configuration();
  }
}

void Assessment::ask(const Findings& findings, const Json& outcome) {
  try {
    const std::string request = judge_request(settings_, findings, outcome, check_);
    Judgement judgement = parse_judgement(consult(request));
    judge_->dismiss();
    reports_ = std::move(judgement.reports);
    for (auto& problem : judgement.configuration_problems) add_problem(std::move(problem));
    note_configuration();
    check_ = false;
    note_monitor(judgement.monitor_problem);
  } catch (const Error& e) {
    if (check_) add_own_problems();
    check_ = false;
    note_configuration();
    note_monitor(fmt::format("{}: warning: no verdict from Scheme: {}", program_name(), e.what()));
  }
}

/// What C++ saw of the configuration, where Scheme cannot be had.
void Assessment::add_own_problems() {
  for (const auto& problem : settings_.problems)
    if (!problem.warning) add_problem(to_text(problem));
}

/// What is wrong is printed and sent; so is, once, that it is good again.
void Assessment::note_configuration() {
  if (!problems_.empty()) {
    for (const auto& problem : problems_) print_lines(problem);
    own_reports_.push_back(
        {configuration_tag, "warn", first_line(problems_.front()), configuration_memory_});
    settings_.monitor = "error";
    return;
  }
  if (!check_ || !remember_) return;
  try {
    runs_.note_good(settings_.files);
  } catch (const Error&) {  // it is checked again the next time
  }
  if (runs_.last_state(configuration_memory_).value_or("ok") != "ok")
    own_reports_.push_back(
        {configuration_tag, "ok", "the configuration is good", configuration_memory_});
}

void Assessment::note_monitor(const std::optional<std::string>& problem) {
  const std::string tag = "sheepdog monitor " + settings_.monitor;
  if (problem) {
    print_lines(*problem);
    own_reports_.push_back({tag, "warn", first_line(*problem), tag});
    settings_.monitor = "error";
  } else if (runs_.last_state(tag).value_or("ok") != "ok") {
    own_reports_.push_back({tag, "ok", "it works", tag});
  }
}

bool Assessment::is_news(const std::string& tag, const std::string& state) const {
  if (settings_.always || settings_.start || settings_.every || state != "ok") return true;
  return runs_.last_state(tag) != "ok";
}

bool Assessment::holds_back() const {
  return settings_.must_wait() || (!settings_.queue_named && (check_ || !problems_.empty()));
}

}  // namespace sheepdog
