// wrapper.cc -- the course of one run; the job comes first.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "wrapper.hh"

#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <future>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "delivery.hh"
#include "error.hh"
#include "instant.hh"
#include "job.hh"
#include "judge.hh"
#include "lock.hh"
#include "log.hh"
#include "pattern.hh"
#include "phrase.hh"
#include "runs.hh"
#include "text.hh"
#include "verdict.hh"

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;

// Whose start hides behind a job that lasts longer than this; shorter jobs mostly need no Guile.
constexpr Seconds guile_delay{0.02};
constexpr Seconds judge_patience{5.0};
constexpr Seconds delivery_patience{2.0};

const std::string configuration_tag = "sheepdog config";

std::string random_run() {
  std::uint64_t bytes = 0;
  if (getrandom(&bytes, sizeof bytes, 0) != sizeof bytes)
    bytes = static_cast<std::uint64_t>(epoch_ms());
  return fmt::format("{:016x}", bytes);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Do `work`; a state directory that cannot be used is told of and changes nothing else.
template <typename Work>
void attempt(Work work) {
  try {
    work();
  } catch (const std::exception& e) {
    complain(e.what(), {}, "warning");
  }
}

/// Text of several lines that is ours or Scheme's, each line printable.
void print_lines(const std::string& text) {
  std::fprintf(stderr, "%s\n", printable(text, true).c_str());
}

/// What sheepdog has to say about itself: the configuration, the monitor.
struct OwnReport {
  std::string tag, state, summary;
  std::string memory;  // what its state is remembered under
};

/// One run of a command.
class Run {
 public:
  Run(const Command& command, Settings settings, const Wishes& wishes, const Paths& paths);
  Ending go();

 private:
  void compile_patterns();
  bool configuration_is_good();
  std::optional<Holder> wait_for_lock();
  void refuse(const Holder& holder);
  void start();
  void tell_beginning();
  Findings findings();
  void judge(const Outcome& outcome, const Findings& findings);
  void ask(const Outcome& outcome, const Findings& findings);
  void note_configuration();
  void note_monitor(const std::optional<std::string>& problem);
  [[nodiscard]] bool is_news(const std::string& tag, const std::string& state) const;
  void report(const Outcome& outcome);
  void deliver();
  [[nodiscard]] Ending ending(const Outcome& outcome) const;

  const Command& command_;
  Settings settings_;
  const Wishes& wishes_;
  const Paths& paths_;
  const Runs runs_;
  const std::optional<std::string> run_;
  const Barks barks_;

  std::unique_ptr<Patterns> patterns_;
  std::string configuration_memory_;  // what its state is remembered under
  std::vector<std::string> configuration_problems_;
  bool check_ = false;  // the configuration is not known to be good
  Lock lock_;
  std::optional<StartRecord> record_;
  std::unique_ptr<Job> job_;
  std::unique_ptr<Judge> judge_;
  std::future<void> beginning_told_;
  std::vector<Report> reports_;
  std::vector<OwnReport> own_reports_;

  struct Sending {
    Json message;
    std::string deed;    // told of it on stderr; "": nothing
    std::string memory;  // what its state is remembered under
  };
  std::vector<Sending> sendings_;
};

Run::Run(const Command& command, Settings settings, const Wishes& wishes, const Paths& paths)
    : command_{command},
      settings_{std::move(settings)},
      wishes_{wishes},
      paths_{paths},
      runs_{settings_.state + "/runs"},
      run_{settings_.start ? std::optional{random_run()} : std::nullopt},
      barks_{command_, settings_, run_} {
  if (settings_.file) configuration_memory_ = configuration_tag + " " + *settings_.file;
  check_ = settings_.file && !(settings_.understood && runs_.found_good(settings_.files) &&
                               runs_.last_state(configuration_memory_).value_or("ok") == "ok");
  compile_patterns();
}

Ending Run::go() {
  if (wishes_.strict && check_ && !configuration_is_good()) {
    deliver();
    return {not_started, {}};
  }
  if (const auto holder = wait_for_lock()) {
    refuse(*holder);
    deliver();
    return {lock_held, {}};
  }
  start();
  const Outcome outcome = job_->finish();
  judge(outcome, findings());
  report(outcome);
  deliver();
  if (record_) record_->end();
  return ending(outcome);
}

/// Options were compiled when they were read; what is wrong here stands in the configuration.
void Run::compile_patterns() {
  try {
    patterns_ = std::make_unique<Patterns>(settings_.fail_pattern, settings_.warn_pattern,
                                           settings_.need_pattern);
  } catch (const Error& e) {
    configuration_problems_.push_back(
        fmt::format("{}: error: {}", settings_.file.value_or("-"), e.what()));
    patterns_ = std::make_unique<Patterns>();
  }
  for (const auto& problem : barks_.problems())
    configuration_problems_.push_back(fmt::format("{}: error: {}\nhint: output is withheld",
                                                  settings_.file.value_or("-"), problem));
}

/// --strict: Guile before the job, since the job must not run otherwise.
bool Run::configuration_is_good() {
  try {
    Judge judge{paths_, Seconds{0}};
    const std::string answer =
        judge.ask(judge_request(settings_, {}, Json::object(), true), judge_patience);
    const auto problems = parse_judgement(answer).configuration_problems;
    configuration_problems_.insert(configuration_problems_.end(), problems.begin(), problems.end());
    note_configuration();
    check_ = false;
  } catch (const Error&) {
    for (const auto& problem : settings_.problems)
      if (!problem.warning) configuration_problems_.push_back(to_text(problem));
    if (!configuration_problems_.empty()) note_configuration();
  }
  return configuration_problems_.empty();
}

std::optional<Holder> Run::wait_for_lock() {
  if (!settings_.lock) return {};
  std::optional<Holder> holder;
  attempt([&] {
    make_directory(settings_.state + "/locks", paths_);
    holder = lock_.acquire(fmt::format("{}/locks/{}.lock", settings_.state, tag_file_name(*settings_.tag)),
                           *settings_.lock);
    if (!holder) runs_.admitted(*settings_.tag);
  });
  return holder;
}

/// W5: a run that does not end is worth a warning; one that outlives three calls is a failure.
void Run::refuse(const Holder& holder) {
  int refusals = 1;
  if (!wishes_.dry_run) attempt([&] { refusals = runs_.refused(*settings_.tag); });
  const std::string summary = fmt::format(
      "still running{}, pid {}",
      holder.since > 0 ? " since " + clock_text(holder.since, epoch_ms()) : "", holder.pid);
  const Report report{{}, refusals < 3 ? "warn" : "fail", summary, {}, {}, {}};
  sendings_.push_back({barks_.end(report, barks_.no_outcome(), false),
                       fmt::format("{} is {}", command_.name, summary), *settings_.tag});
}

void Run::start() {
  const std::int64_t now = epoch_ms();
  if (!wishes_.dry_run)
    attempt([&] {
      record_ = runs_.begin({*settings_.tag, barks_.command_text(), settings_.monitor, run_, now,
                             getpid()});
    });
  RunOptions options;
  options.limit = settings_.timeout;
  options.head = settings_.head, options.tail = settings_.tail;
  options.passthrough = true;
  options.quiet = settings_.quiet;
  if (!patterns_->empty())
    options.watch = [this](int stream, std::string_view bytes) { patterns_->see(stream, bytes); };
  job_ = std::make_unique<Job>(command_.argv, options);
  job_->start();
  const bool surely = check_ || settings_.monitor != "error" || is_news(*settings_.tag, "ok");
  judge_ = std::make_unique<Judge>(paths_, surely ? Seconds{0} : guile_delay);
  tell_beginning();
}

/// While the job runs: that it began, and that others began and did not end (W8).
void Run::tell_beginning() {
  if (wishes_.dry_run) {
    if (settings_.start) std::printf("%s\n", write_json(barks_.start(epoch_ms())).c_str());
    std::fflush(stdout);
    return;
  }
  auto lost = runs_.lost();
  if (!settings_.start && lost.empty()) return;
  beginning_told_ = std::async(std::launch::async, [this, lost = std::move(lost)]() mutable {
    Delivery delivery{settings_, settings_.must_wait() || (check_ && !settings_.queue_named)};
    for (auto& run : lost) {
      delivery.post(barks_.lost(run.beginning));
      run.record.end();
      attempt([&] { runs_.sent(run.beginning.tag, "fail"); });
    }
    if (settings_.start) delivery.post(barks_.start(epoch_ms()));
    delivery.hand_over(settings_.standalone() ? Seconds{0} : delivery_patience);
  });
}

Findings Run::findings() {
  patterns_->end();
  Findings findings{patterns_->fail_found(), patterns_->warn_found(), patterns_->need_missing()};
  if (findings.fail_found) findings.fail_found = barks_.line(*findings.fail_found);
  if (findings.warn_found) findings.warn_found = barks_.line(*findings.warn_found);
  return findings;
}

void Run::judge(const Outcome& outcome, const Findings& findings) {
  reports_ = {plain_verdict(outcome, settings_, findings)};
  const bool nothing_to_ask = settings_.monitor == "error" && !check_ &&
                              reports_[0].state == "ok" && !is_news(*settings_.tag, "ok");
  if (!nothing_to_ask) {
    ask(outcome, findings);
  } else if (!configuration_problems_.empty()) {
    note_configuration();
  }
}

void Run::ask(const Outcome& outcome, const Findings& findings) {
  try {
    const std::string request =
        judge_request(settings_, findings, barks_.raw_outcome(*job_, outcome), check_);
    Judgement judgement = parse_judgement(judge_->ask(request, judge_patience));
    reports_ = std::move(judgement.reports);
    for (auto& problem : judgement.configuration_problems)
      configuration_problems_.push_back(std::move(problem));
    note_configuration();
    note_monitor(judgement.monitor_problem);
  } catch (const Error& e) {
    if (check_)
      for (const auto& problem : settings_.problems)
        if (!problem.warning) configuration_problems_.push_back(to_text(problem));
    check_ = false;
    note_configuration();
    note_monitor(fmt::format("{}: warning: no verdict from Scheme: {}", program_name(), e.what()));
  }
}

/// What is wrong with the configuration is printed and sent; so is, once, that it is good again.
void Run::note_configuration() {
  if (!configuration_problems_.empty()) {
    for (const auto& problem : configuration_problems_) print_lines(problem);
    own_reports_.push_back({configuration_tag, "warn", first_line(configuration_problems_.front()),
                            configuration_memory_});
    settings_.monitor = "error";
    return;
  }
  if (!check_ || wishes_.dry_run) return;
  attempt([&] { runs_.note_good(settings_.files); });
  if (runs_.last_state(configuration_memory_).value_or("ok") != "ok")
    own_reports_.push_back(
        {configuration_tag, "ok", "the configuration is good", configuration_memory_});
}

void Run::note_monitor(const std::optional<std::string>& problem) {
  const std::string tag = "sheepdog monitor " + settings_.monitor;
  if (problem) {
    print_lines(*problem);
    own_reports_.push_back({tag, "warn", first_line(*problem), tag});
    settings_.monitor = "error";
  } else if (runs_.last_state(tag).value_or("ok") != "ok") {
    own_reports_.push_back({tag, "ok", "it works", tag});
  }
}

/// Is `state` to be sent? What is not ok, the first success after that, the first of all.
bool Run::is_news(const std::string& tag, const std::string& state) const {
  if (settings_.always || settings_.start || settings_.every || state != "ok") return true;
  return runs_.last_state(tag) != "ok";
}

void Run::report(const Outcome& outcome) {
  bool bad = reports_.empty() && outcome.status != 0;
  for (const auto& one : own_reports_)
    sendings_.push_back({barks_.own(one.tag, one.state, one.summary), "", one.memory});
  const Json described = barks_.outcome(*job_, outcome);
  for (std::size_t i = 0; i < reports_.size(); ++i) {
    const Report& one = reports_[i];
    const bool ok = one.state == "ok";
    bad = bad || !ok;
    const std::string tag = one.tag.value_or(*settings_.tag);
    if (!is_news(tag, one.state)) continue;
    Json message = barks_.end(one, described, i == 0);
    const auto summary = message.at("summary").get<std::string>();
    const std::string deed = one.tag ? fmt::format("{}: {}", *one.tag, summary)
                               : deed_text(command_.name, outcome, summary);
    sendings_.push_back({std::move(message), ok && wishes_.verbose == 0 ? "" : deed, tag});
  }
  if (bad) job_->release();
  if (const auto trouble = job_->trouble())
    complain(fmt::format("cannot pass on the output of {}: {}", command_.name, *trouble), {}, "warning");
}

void Run::deliver() {
  if (beginning_told_.valid()) attempt([&] { beginning_told_.get(); });
  if (wishes_.dry_run) {
    for (const auto& sending : sendings_) std::printf("%s\n", write_json(sending.message).c_str());
    if (sendings_.empty()) complain("nothing to send: it is ok, as it was", {}, "dry run");
    return;
  }
  Delivery delivery{settings_, settings_.must_wait() ||
                                   (!configuration_problems_.empty() && !settings_.queue_named)};
  for (const auto& sending : sendings_) {
    delivery.post(sending.message);
    attempt([&] { runs_.sent(sending.memory, sending.message.at("state").get<std::string>()); });
  }
  delivery.hand_over(delivery_patience);
  for (std::size_t i = 0; i < sendings_.size(); ++i) {
    if (sendings_[i].deed.empty()) continue;
    const std::string id = delivery.id(i);
    const std::string text = fmt::format("{} ({}{}{})", sendings_[i].deed, id, id.empty() ? "" : ", ",
                                         place_name(delivery.place(i)));
    complain(text, {}, "barked");
    if (!settings_.log.empty()) log(Level::notice, "barked: " + text);
  }
  if (!sendings_.empty()) delivery.tell_of_kept();
}

Ending Run::ending(const Outcome& outcome) const {
  switch (outcome.start_errno) {
    case 0: break;
    case ENOENT: return {not_found, {}};
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return {not_started, {}};
    default: return {not_executable, {}};
  }
  if (outcome.timed_out) return {timed_out, {}};
  if (outcome.signal) return {128 + *outcome.signal, outcome.signal};
  return {outcome.status.value_or(not_started), {}};
}

}  // namespace

Ending wrap(const Command& command, Settings settings, const Wishes& wishes, const Paths& paths) {
  if (!settings.tag) settings.tag = command.name;
  if (!settings.log.empty() && settings.log.front() != "stderr")
    attempt([&] {
      LogTarget target{settings.log.front(), Level::notice};
      if (settings.log.size() > 1) parse_level(settings.log[1], target.most);
      open_log(program_name(), target);
    });
  Run run{command, std::move(settings), wishes, paths};
  return run.go();
}

void end_process(const Ending& ending) {
  std::fflush(nullptr);
  if (ending.signal) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);  // the job's core is the one to look at
    signal(*ending.signal, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, *ending.signal);
    raise(*ending.signal);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  }
  _exit(ending.status);
}

}  // namespace sheepdog
