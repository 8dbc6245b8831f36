// wrapper.cc -- the course of one run; the job comes first.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "wrapper.hh"

#include <fmt/format.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <future>
#include <memory>
#include <vector>

#include "assessment.hh"
#include "delivery.hh"
#include "error.hh"
#include "instant.hh"
#include "job.hh"
#include "lock.hh"
#include "log.hh"
#include "pattern.hh"
#include "phrase.hh"
#include "runs.hh"
#include "verdict.hh"

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;

// All that comes after the job lasts no longer than this when the queue does not answer, but for a
// last try of it when other things took their time.
constexpr Seconds delivery_patience{2.0};
constexpr Seconds least_patience{0.3};

std::string random_run() {
  std::uint64_t bytes = 0;
  if (getrandom(&bytes, sizeof bytes, 0) != sizeof bytes)
    bytes = static_cast<std::uint64_t>(epoch_ms());
  return fmt::format("{:016x}", bytes);
}

/// Do `work`; a state directory that cannot be used is told of and changes nothing else.
template <typename Work>
void attempt(Work work) {
  try {
    work();
  } catch (const std::exception& e) {
    complain(e.what(), {}, "warning");
  }
}

/// One run of a command.
class Run {
 public:
  Run(const Command& command, Settings settings, const Wishes& wishes, const Paths& paths);
  Ending go();

 private:
  void compile_patterns();
  std::optional<Holder> wait_for_lock();
  void refuse(const Holder& holder);
  void start();
  void tell_beginning();
  Findings findings();
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
  Assessment assessment_;

  std::unique_ptr<Patterns> patterns_;
  Lock lock_;
  std::optional<StartRecord> record_;
  std::unique_ptr<Job> job_;
  std::future<void> beginning_told_;
  Clock::time_point ended_ = Clock::now();  // of the job

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
      barks_{command_, settings_, run_},
      assessment_{settings_, runs_, paths, !wishes.dry_run} {
  compile_patterns();
}

Ending Run::go() {
  if (wishes_.strict && !assessment_.configuration_is_good()) {
    report({});
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
  ended_ = Clock::now();
  assessment_.judge(outcome, findings(), [&] { return barks_.raw_outcome(*job_, outcome); });
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
    assessment_.add_problem(fmt::format("{}: error: {}", settings_.file.value_or("-"), e.what()));
    patterns_ = std::make_unique<Patterns>();
  }
  for (const auto& problem : barks_.problems())
    assessment_.add_problem(fmt::format("{}: error: {}\nhint: output is withheld",
                                        settings_.file.value_or("-"), problem));
}

std::optional<Holder> Run::wait_for_lock() {
  if (!settings_.lock) return {};
  std::optional<Holder> holder;
  attempt([&] {
    make_directory(settings_.state + "/locks", paths_);
    holder = lock_.acquire(
        fmt::format("{}/locks/{}.lock", settings_.state, tag_file_name(*settings_.tag)),
        *settings_.lock);
    if (!holder) runs_.admitted(*settings_.tag);
  });
  return holder;
}

/// A run that does not end is worth a warning; one that outlives three calls is a failure.
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
      record_ = runs_.begin(
          {*settings_.tag, barks_.command_text(), settings_.monitor, run_, now, getpid()});
    });
  RunOptions options;
  options.limit = settings_.timeout;
  options.head = settings_.head, options.tail = settings_.tail;
  options.passthrough = true;
  options.later_after = guile_delay;
  options.later = [this] { assessment_.prepare(); };
  options.quiet = settings_.quiet;
  if (!patterns_->empty())
    options.watch = [this](int stream, std::string_view bytes) { patterns_->see(stream, bytes); };
  job_ = std::make_unique<Job>(command_.argv, options);
  job_->start();
  tell_beginning();
  assessment_.begin();
}

/// While the job runs: that it began, and that others began and did not end.
void Run::tell_beginning() {
  std::vector<Json> messages;
  if (settings_.start) messages.push_back(barks_.start(epoch_ms()));
  if (wishes_.dry_run) {
    for (const auto& message : messages) std::printf("%s\n", write_json(message).c_str());
    std::fflush(stdout);
    return;
  }
  auto lost = runs_.lost();
  for (const auto& run : lost) {
    messages.push_back(barks_.lost(run.beginning));
    attempt([&] { runs_.sent(run.beginning.tag, "fail"); });
  }
  if (messages.empty()) return;
  auto tell = [this, messages, lost = std::move(lost), wait = assessment_.holds_back()]() mutable {
    Delivery delivery{settings_, wait};
    for (const auto& message : messages) delivery.post(message);
    for (auto& run : lost) run.record.end();
    delivery.hand_over(settings_.standalone() ? Seconds{0} : delivery_patience);
  };
  beginning_told_ = std::async(std::launch::async, std::move(tell));
}

Findings Run::findings() {
  patterns_->end();
  Findings findings{patterns_->fail_found(), patterns_->warn_found(), patterns_->need_missing()};
  if (findings.fail_found) findings.fail_found = barks_.line(*findings.fail_found);
  if (findings.warn_found) findings.warn_found = barks_.line(*findings.warn_found);
  return findings;
}

void Run::report(const Outcome& outcome) {
  for (const auto& one : assessment_.own_reports())
    sendings_.push_back({barks_.own(one.tag, one.state, one.summary), "", one.memory});
  if (!job_) return;
  const auto& reports = assessment_.reports();
  bool bad = reports.empty() && outcome.status != 0;
  Json described;  // when there is something to send
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const Report& one = reports[i];
    const bool ok = one.state == "ok";
    bad = bad || !ok;
    const std::string tag = one.tag.value_or(*settings_.tag);
    if (!assessment_.is_news(tag, one.state)) continue;
    if (described.is_null()) described = barks_.outcome(*job_, outcome);
    Json message = barks_.end(one, described, i == 0);
    const auto summary = message.at("summary").get<std::string>();
    const std::string deed = one.tag ? fmt::format("{}: {}", *one.tag, summary)
                                     : deed_text(command_.name, outcome, summary);
    sendings_.push_back({std::move(message), ok && wishes_.verbose == 0 ? "" : deed, tag});
  }
  if (bad) job_->release();
  if (const auto trouble = job_->trouble())
    complain(fmt::format("cannot pass on the output of {}: {}", command_.name, *trouble), {},
             "warning");
}

void Run::deliver() {
  if (beginning_told_.valid()) attempt([&] { beginning_told_.get(); });
  if (wishes_.dry_run) {
    for (const auto& sending : sendings_) std::printf("%s\n", write_json(sending.message).c_str());
    if (sendings_.empty()) complain("nothing to send: it is ok, as it was", {}, "dry run");
    return;
  }
  Delivery delivery{settings_, assessment_.holds_back()};
  for (const auto& sending : sendings_) {
    delivery.post(sending.message);
    attempt([&] { runs_.sent(sending.memory, sending.message.at("state").get<std::string>()); });
  }
  delivery.hand_over(
      std::max<Seconds>(delivery_patience - (Clock::now() - ended_), least_patience));
  for (std::size_t i = 0; i < sendings_.size(); ++i) {
    if (sendings_[i].deed.empty()) continue;
    const std::string id = delivery.id(i);
    const std::string text = fmt::format("{} ({}{}{})", sendings_[i].deed, id,
                                         id.empty() ? "" : ", ", place_name(delivery.place(i)));
    complain(text, {}, "barked");
    if (!settings_.log.empty()) log(Level::notice, "barked: " + text);
  }
  if (!sendings_.empty()) delivery.tell_of_kept();
}

Ending Run::ending(const Outcome& outcome) const {
  switch (outcome.start_errno) {
    case 0:
      break;
    case ENOENT:
      return {not_found, {}};
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return {not_started, {}};
    default:
      return {not_executable, {}};
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
