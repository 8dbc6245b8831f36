// scheme_worker.cc -- what runs, what it left behind, how the worker before died.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "scheme_worker.hh"

#include <libguile.h>
#include <pthread.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "scheme_data.hh"
#include "service.hh"
#include "traces.hh"
#include "worker.hh"

namespace sheepdog {
namespace {

constexpr std::int64_t much_time = 2;  // ms: who takes all memory needs longer, as a rule

/// A stretch of work in which plugins may run, for one message or for many. What it costs to look
/// after them is spent only when one does.
struct Watch {
  bool on = false, noted = false;
  bool ran = false;          // a plugin did, for the present message
  std::string last;          // the plugin that ran first for the last message, "monitor disk"
  Traces traces;
  std::string plugin;        // the first that ran
  std::int64_t message = 0;  // at this one
  bool several = false;      // messages had plugins run: nobody knows whose trace it is
};

Watch& watch() {
  static Watch the_watch;
  return the_watch;
}

std::int64_t present_message = 0;

/// A plugin that forks (start_program does not: it is vfork) makes a second worker on one database.
/// It ends where its plugin does.
bool forked = false;

void end_if_forked() {
  if (forked) _exit(0);
}

/// What the plugin of one message has changed is not for that of another. As a rule that is the same
/// one, and the handlers of its actions.
void begin_plugin(std::string_view plugin) {
  Watch& w = watch();
  if (w.ran) return;
  w.ran = true;
  if (w.last == plugin) return;
  if (!w.last.empty()) w.traces.set_back();  // what cannot be is found in the end
  w.last = plugin;
}

/// "monitor disk" of "monitor disk: its receiver".
std::string_view plugin_of(std::string_view what) { return what.substr(0, what.find(':')); }

void running(const std::string& what, double seconds) {
  end_if_forked();
  Watch& w = watch();
  const auto plugin = plugin_of(what);
  if (w.on && !w.noted) {
    w.noted = true;
    w.plugin = plugin;
    w.message = present_message;
    w.traces.note();
  } else if (w.on && w.message != present_message) {
    w.several = true;
  }
  if (w.on) begin_plugin(plugin);
  enter_section(what, Seconds{seconds});
}

/// Without memory nothing that we do next is sure to work, and a crash would tell of nobody.
void idle() {
  end_if_forked();
  const Ran ran = leave_section();
  if (watch().on && ran.ms >= much_time && !has_room())
    give_up(plugin_of(ran.what), present_message, "harmed the worker: it left no memory");
}

void handling(std::int64_t message) {
  watch().ran = false;
  present_message = message;
  at_message(message);
}

void watch_traces() {
  watch() = Watch{};
  watch().on = true;
}

/// `trouble`: what Scheme has found that cannot be mended.
void mend_traces(const std::optional<std::string>& trouble) {
  Watch& w = watch();
  const auto found = w.noted ? w.traces.mend() : std::nullopt;
  const auto& fatal = trouble ? trouble : found;
  w.on = false;
  if (!fatal || !w.noted) return;
  if (w.several)
    give_up("", 0, "a plugin harmed it, " + *fatal);
  else
    give_up(w.plugin, w.message, "harmed the worker: " + *fatal);
}

SCM death() {
  const auto last = last_death();
  if (!last) return SCM_BOOL_F;
  return vector({scm(last->what), scm(last->how), scm(last->message)});
}

void tell_manager(const std::string& state) {
  if (main_pid() == getpid()) return notify_manager(state);
  if (state == "READY=1") tell_phase(Phase::serving);
  if (state == "RELOADING=1") tell_phase(Phase::reloading);
  if (state == "STOPPING=1") tell_phase(Phase::stopping);
  if (state == "WATCHDOG=1") come_round(Seconds{0});
}

std::int64_t daemon_pid() { return main_pid(); }

void rest_for(double seconds, const std::string& pid_file) {
  rest(Seconds{seconds}, pid_file);
}

void hand_on_text(const std::string& text) { hand_on(text); }

}  // namespace

void define_worker_primitives() {
  pthread_atfork(nullptr, nullptr, [] { forked = true; });
  glue::define<running>("%running!");
  glue::define<idle>("%idle!");
  glue::define<handling>("%handling!");
  glue::define<watch_traces>("%watch-traces!");
  glue::define<mend_traces>("%mend-traces!");
  glue::define<death>("%last-death");
  glue::define<heed_death>("%heed-death!");
  glue::define<tell_manager>("%notify-manager");
  glue::define<daemon_pid>("%daemon-pid");
  glue::define<rest_for>("%rest!");
  glue::define<handed_on>("%handed-on");
  glue::define<hand_on_text>("%hand-on!");
}

}  // namespace sheepdog
