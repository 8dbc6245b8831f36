// supervisor.cc -- one loop over signals, the page and the dead; it sleeps until a deadline.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "supervisor.hh"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "descriptor.hh"
#include "error.hh"
#include "log.hh"
#include "manager.hh"
#include "offspring.hh"
#include "page.hh"
#include "worker.hh"

namespace sheepdog {
namespace {

// ---- signals: a handler only notes, and rings as the worker does ----

Page* bell = nullptr;
std::atomic<int> stop_signal = 0;
std::atomic<bool> reload_wish = false;

void on_signal(int signal_number) {
  const int saved = errno;
  if (signal_number == SIGHUP) reload_wish = true;
  if (signal_number == SIGTERM || signal_number == SIGINT) stop_signal = signal_number;
  bell->ring();
  errno = saved;
}

void handle_signals(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaction(signal, &action, nullptr);
}

// ---- words ----

std::int64_t milliseconds(Seconds duration) {
  return static_cast<std::int64_t>(duration.count() * 1000);
}

std::string duration_text(std::int64_t ms) {
  return fmt::format("{} s", static_cast<double>(ms) / 1000);
}

/// Let our lines go where those of the worker go.
void follow_log(const Page& page) {
  LogTarget target{std::string{page.log_where.get()}};
  if (target.where.empty() || !parse_level(page.log_level.get(), target.most)) return;
  try {
    open_log(program_name(), target);
  } catch (const Error&) {
    // Then they go where they went before.
  }
}

std::string ending_text(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("died of signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

// ---- the supervisor ----

class Supervisor {
 public:
  Supervisor(const std::function<void()>& become, const Supervision& how)
      : become_{become},
        how_{how},
        memory_{memfd_create("sheepdog", MFD_CLOEXEC)},
        handed_{memfd_create("sheepdog-handed-on", MFD_CLOEXEC)} {
    if (!memory_ || !handed_ || ftruncate(memory_.get(), sizeof(Page)) != 0)
      throw Error{Error::Code::broken,
                  fmt::format("no memory to share with the worker: {}", std::strerror(errno))};
    page_ = map_page(memory_.get());
    gap_ = how_.first_gap;
    bell = page_;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    handle_signals(on_signal);
  }

  int run();

 private:
  void start();
  [[noreturn]] void be_worker(pid_t supervisor);
  std::optional<int> reap();
  std::optional<int> after(int status);
  std::optional<int> leave_behind();
  void record(int status);
  void heed_signals();
  std::optional<int> kill_late(std::int64_t now);
  void end_worker(const std::string& why);
  void begin_rest();
  [[nodiscard]] bool resting() const { return page_->phase == Phase::resting; }
  bool wakes(std::int64_t now);
  int stopped();
  [[nodiscard]] std::int64_t next_look() const;

  const std::function<void()>& become_;
  const Supervision how_;
  Descriptor memory_, handed_;
  Page* page_;
  Manager manager_;
  pid_t worker_ = 0;  // 0: none runs
  bool started_once_ = false;
  std::optional<std::uint32_t> told_to_reload_;  // after so many reloads
  std::string killed_;            // why we killed it; "": we did not
  std::int64_t start_at_ = 0;     // when to start the next
  std::int64_t stop_by_ = never;  // when it is killed, having been told to stop
  std::int64_t dead_by_ = never;  // when it is left behind, having been killed
  std::int64_t stir_at_ = never;  // when to look whether something stirs; never: it does not rest
  std::uint64_t turns_ = 0;       // of earlier workers
  Seconds gap_{0};
};

int Supervisor::run() {
  for (;;) {
    const std::uint32_t seen = page_->bell.load();
    if (const auto status = reap()) return *status;
    heed_signals();
    if (worker_ == 0 && stop_signal != 0) return stopped();
    const auto now = monotonic_ms();
    if (const auto status = kill_late(now)) return *status;
    if (worker_ == 0 && (now >= start_at_ || (resting() && wakes(now)))) start();
    const bool moves = worker_ != 0 ? now < page_->deadline.load() : resting();
    manager_.relay(*page_, moves, now);
    page_->sleep(seen, next_look());
  }
}

std::int64_t Supervisor::next_look() const {
  return std::min({worker_ == 0 ? start_at_ : never, killed_.empty() ? stop_by_ : never, dead_by_,
                   stir_at_, manager_.next_feed()});
}

// ---- its rest ----

void Supervisor::begin_rest() {
  gap_ = how_.first_gap;
  page_->deadline = never;
  start_at_ = page_->rests_until;
  // It may have gone to rest just before it was told.
  if (told_to_reload_ == page_->reloads) reload_wish = true;
  told_to_reload_.reset();
  stir_at_ = how_.is_stirred ? monotonic_ms() + milliseconds(how_.stir_gap) : never;
}

bool Supervisor::wakes(std::int64_t now) {
  if (reload_wish) return true;
  if (now < stir_at_) return false;
  stir_at_ = now + milliseconds(how_.stir_gap);
  return how_.is_stirred && how_.is_stirred();
}

/// We were told to stop, and no worker is left that would do what is to be done then.
int Supervisor::stopped() {
  const std::string pid_file{page_->pid_file.get()};
  if (!pid_file.empty()) unlink(pid_file.c_str());
  page_->phase = Phase::stopping;
  manager_.relay(*page_, false, monotonic_ms());
  return how_.stopped;
}

// ---- its birth ----

void Supervisor::start() {
  const auto now = monotonic_ms();
  killed_.clear();
  page_->phase = Phase::starting;
  page_->message = 0, page_->limit = 0, page_->not_started = false;
  page_->last_words.set("");
  page_->decoding = 0;
  page_->deadline = now + milliseconds(how_.start_limit);
  turns_ = page_->turns;
  stir_at_ = dead_by_ = never;
  const pid_t supervisor = getpid();
  const pid_t pid = fork();
  if (pid == 0) be_worker(supervisor);
  if (pid > 0) {
    worker_ = pid;
    return;
  }
  log(Level::error, fmt::format("cannot start a worker: {}", std::strerror(errno)));
  page_->deadline = never;
  start_at_ = now + milliseconds(how_.longest_gap);
}

void Supervisor::be_worker(pid_t supervisor) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(0);  // it died before that
  setsid();
  handle_signals(SIG_DFL);
  const int page = dup(memory_.get());  // without close-on-exec
  const int handed = dup(handed_.get());
  setenv(supervisor_variable, fmt::format("{} {} {}", supervisor, page, handed).c_str(), 1);
  Manager::hide();
  if (how_.memory != 0) {
    rlimit limit{};
    getrlimit(RLIMIT_DATA, &limit);
    limit.rlim_cur = std::min<rlim_t>(how_.memory, limit.rlim_max);
    setrlimit(RLIMIT_DATA, &limit);
  }
  try {
    become_();
  } catch (const Error& e) {
    complain(e.what(), e.hint());
  } catch (const std::exception& e) {
    complain(e.what());
  }
  page_->not_started = true;
  _exit(127);
}

// ---- its life ----

void Supervisor::heed_signals() {
  const bool deaf = page_->phase == Phase::starting;  // it would die of them
  if (worker_ == 0) return;
  if (reload_wish && !deaf) {
    reload_wish = false;
    told_to_reload_ = page_->reloads;
    kill(worker_, SIGHUP);
  }
  if (stop_signal != 0 && stop_by_ == never) {
    stop_by_ = monotonic_ms() + milliseconds(how_.stop_limit);
    kill(worker_, stop_signal);
  }
}

/// A status: it cannot even be killed, and was the last.
std::optional<int> Supervisor::kill_late(std::int64_t now) {
  if (worker_ != 0 && now >= dead_by_) return leave_behind();
  if (worker_ == 0 || !killed_.empty()) return {};
  if (now >= stop_by_) {
    end_worker(fmt::format("did not stop within {}: killed",
                           duration_text(milliseconds(how_.stop_limit))));
  } else if (now >= page_->deadline.load()) {
    const auto limit = page_->limit.load();
    end_worker(limit != 0 ? fmt::format("ran longer than {}: killed", duration_text(limit))
                          : std::string{"its loop stood still: killed"});
  }
  return {};
}

void Supervisor::end_worker(const std::string& why) {
  killed_ = why;
  kill(worker_, SIGKILL);
  page_->deadline = never;  // the next thing to come is its death
  dead_by_ = monotonic_ms() + milliseconds(how_.death_limit);
}

/// It waits in the kernel for a device or a file system that does not answer, and will die when that
/// does: never does it come back to what it was at.
std::optional<int> Supervisor::leave_behind() {
  log(Level::error, fmt::format("process {} cannot be killed: left behind", worker_));
  return after(SIGKILL);
}

// ---- its death ----

/// Nobody stays a zombie: neither the worker nor an orphan of it that we adopted.
std::optional<int> Supervisor::reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    if (pid == worker_) return after(status);
  return {};
}

std::optional<int> Supervisor::after(int status) {
  const pid_t group = std::exchange(worker_, 0);
  dead_by_ = never;
  if (resting()) {
    if (stop_signal != 0) return stopped();
    begin_rest();
    return {};
  }
  kill(-group, SIGKILL);
  if (!end_descendants(Seconds{2}))
    log(Level::warning, "descendants of the worker do not die: left behind");
  // Where one has served before, a bad configuration is waited out, as a reload would do.
  const bool mendable = page_->status == EX_CONFIG && turns_ > 0;
  if (page_->phase == Phase::left && !mendable) return page_->status.load();
  if (page_->not_started && !started_once_) return 2;  // it said why
  started_once_ = true;
  if (stop_signal != 0) {
    if (!killed_.empty()) log(Level::warning, "the worker " + killed_);
    return stopped();
  }
  record(status);
  return {};
}

void Supervisor::record(int status) {
  const bool limited = page_->limit != 0;
  // A thread decodes while another runs plugins: what died of one of these did not die of an entry.
  if (const auto entries = page_->decoding.load(); entries > 0 && !limited) {
    ++page_->decoding_deaths;
    page_->careful = std::max(page_->careful.load(), entries);
  }
  const auto message = page_->message.load();
  const std::string_view words = page_->last_words.get();
  const std::string how = !killed_.empty() ? killed_
                          : !words.empty() ? std::string{words}
                                           : ending_text(status);
  page_->deadline = never;
  // What says nothing does not hide an earlier death that says something.
  // Who died of a plugin is followed at once, unless nobody lived to draw the conclusions.
  const bool at_once = limited && !page_->died;
  if (limited || message != 0 || !page_->died) {
    page_->death_message = message;
    page_->death_what.set(limited ? page_->what.get() : std::string_view{});
    page_->death_how.set(how);
    page_->died = true;
  }
  if (at_once || page_->turns > turns_) gap_ = how_.first_gap;
  const auto wait = at_once ? 0 : milliseconds(gap_);
  start_at_ = monotonic_ms() + wait;
  follow_log(*page_);
  const std::string at = message != 0 ? fmt::format(" (message {})", message) : "";
  const std::string who{limited ? page_->what.get() : std::string_view{"the worker"}};
  const std::string next =
      at_once ? "" : fmt::format("; the next starts in {}", duration_text(wait));
  log(Level::error, fmt::format("{} {}{}{}", who, how, at, next));
  if (!at_once) gap_ = std::min(gap_ * 2, how_.longest_gap);
}

}  // namespace

int supervise(const std::function<void()>& become, const Supervision& supervision) {
  return Supervisor{become, supervision}.run();
}

}  // namespace sheepdog
