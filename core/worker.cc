// worker.cc -- stores into shared memory; a system call only when the supervisor would oversleep.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "worker.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "log.hh"
#include "turn.hh"

namespace sheepdog {
namespace {

constexpr std::int64_t loop_limit = 60'000;  // ms
constexpr std::int64_t most_deaths = 3;      // of one entry

struct Section {
  std::string what;
  std::int64_t limit = 0, began = 0, deadline = 0;
};

struct Worker {
  Page* page = nullptr;
  pid_t supervisor = 0;
  std::thread::id loop;
  bool looping = false;  // come_round was called: from then on a turn has a limit
  std::int64_t comes_by = 0;  // ms: the loop sleeps at most until then
  std::vector<Section> sections;
  int handed = -1;  // a file for what one worker hands on to the next

  [[nodiscard]] bool heard() const {
    return page != nullptr && (std::this_thread::get_id() == loop || have_turn());
  }
  [[nodiscard]] std::int64_t turn_ends(std::int64_t now) const {
    return looping ? std::max(now, comes_by) + loop_limit : never;
  }
  void show(const Section& section) const {
    page->what.set(section.what);
    page->limit.store(section.limit);
    page->promise(section.deadline);
  }
};

Worker& worker() {
  static auto* const the_worker = new Worker;  // never destroyed: a last word may come late
  return *the_worker;
}

std::int64_t milliseconds(Seconds duration) {
  return static_cast<std::int64_t>(std::clamp(duration.count() * 1000, 0.0, 1e15));
}

}  // namespace

void join_supervisor(Page* page, pid_t supervisor, int handed) {
  Worker& w = worker();
  w.handed = handed;
  w.page = page;
  w.supervisor = supervisor;
  w.loop = std::this_thread::get_id();
  w.sections.reserve(8);
}

void join_supervisor() {
  const char* told = std::getenv(supervisor_variable);
  long pid = 0;
  int fd = -1, handed = -1;
  const bool ours =
      told && std::sscanf(told, "%ld %d %d", &pid, &fd, &handed) == 3 && getppid() == pid;
  unsetenv(supervisor_variable);  // what we start has no part in it
  if (!ours) return;
  fcntl(handed, F_SETFD, FD_CLOEXEC);
  join_supervisor(map_page(fd), static_cast<pid_t>(pid), handed);
  close(fd);
}

pid_t main_pid() { return worker().page ? worker().supervisor : getpid(); }

void enter_section(std::string_view what, Seconds limit) {
  Worker& w = worker();
  if (!w.heard()) return;
  const auto now = monotonic_ms();
  const auto ms = std::max<std::int64_t>(1, milliseconds(limit));
  w.sections.push_back({std::string{what}, ms, now, now + ms});
  w.show(w.sections.back());
}

Ran leave_section() {
  Worker& w = worker();
  if (!w.heard() || w.sections.empty()) return {};
  const auto now = monotonic_ms();
  Ran ran{std::move(w.sections.back().what), now - w.sections.back().began};
  w.sections.pop_back();
  if (w.sections.empty()) {
    w.page->promise(w.turn_ends(now));
    w.page->limit.store(0);
  } else {
    w.sections.back().deadline += ran.ms;
    w.show(w.sections.back());
  }
  return ran;
}

void at_message(std::int64_t id) {
  Worker& w = worker();
  if (!w.heard()) return;
  w.page->message.store(id, std::memory_order_relaxed);
  if (w.looping && w.sections.empty()) w.page->promise(w.turn_ends(monotonic_ms()));
}

void come_round(Seconds patience) {
  Worker& w = worker();
  if (!w.heard()) return;
  w.looping = true;
  w.page->turns.fetch_add(1, std::memory_order_relaxed);
  const auto now = monotonic_ms();
  w.comes_by = now + milliseconds(patience);
  if (w.sections.empty()) w.page->promise(w.turn_ends(now));
}

void begin_decoding(std::int64_t entries) {
  if (Page* page = worker().page) page->decoding.store(entries);
}

void end_decoding() {
  Page* page = worker().page;
  if (!page) return;
  page->decoding.store(0);
  page->decoding_deaths.store(0);
  if (page->careful.load() > 0) page->careful.fetch_sub(1);
}

bool one_by_one() {
  const Page* page = worker().page;
  return page && page->careful.load() > 0;
}

bool decoding_is_deadly() {
  const Page* page = worker().page;
  return page && page->decoding_deaths.load() >= most_deaths;
}

void tell_phase(Phase phase) {
  Worker& w = worker();
  if (!w.page) return;
  if (w.page->phase.load() == Phase::reloading && phase == Phase::serving) ++w.page->reloads;
  w.page->phase.store(phase);
  w.page->ring();
}

void leave(int status) {
  Worker& w = worker();
  if (!w.page) return;
  w.page->status.store(status);
  w.page->phase.store(Phase::left);
}

void rest(Seconds duration, std::string_view pid_file) {
  Worker& w = worker();
  if (!w.page) return;
  w.page->rests_until.store(monotonic_ms() + milliseconds(duration));
  w.page->pid_file.set(pid_file);
  w.page->phase.store(Phase::resting);
  _exit(0);  // what is not on its way now has no business with us
}

std::string handed_on() {
  const int fd = worker().handed;
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0) return {};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t n = pread(fd, text.data(), text.size(), 0);
  return n == status.st_size ? text : std::string{};
}

void hand_on(std::string_view text) {
  const int fd = worker().handed;
  // Who is killed between the two has handed on nothing.
  if (fd < 0 || ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t n = pwrite(fd, text.data(), text.size(), 0);
}

void give_up(std::string_view what, std::int64_t message, std::string_view how) {
  if (Page* page = worker().page) {
    page->what.set(what);
    page->limit.store(what.empty() ? 0 : 1);
    page->message.store(message);
    page->last_words.set(how);
  } else {
    log(Level::error, std::string{what} + " " + std::string{how} + ": the process ends");
  }
  _exit(70);  // sysexits.h: EX_SOFTWARE
}

void tell_log(std::string_view where, std::string_view level) {
  Worker& w = worker();
  if (!w.page) return;
  w.page->log_where.set(where);
  w.page->log_level.set(level);
}

std::optional<Death> last_death() {
  const Page* page = worker().page;
  if (!page || !page->died.load()) return {};
  return Death{std::string{page->death_what.get()}, std::string{page->death_how.get()},
               page->death_message};
}

void heed_death() {
  if (Page* page = worker().page) page->died.store(false);
}

}  // namespace sheepdog
