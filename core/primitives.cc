// primitives.cc -- the one list of what Scheme sees of us: module (sheepdog core).
//
// All are raw and positional; a Scheme module wraps each with names, defaults and a docstring.
// Functions that take or give SCM throw like the others and raise nothing.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "primitives.hh"

#include <fmt/format.h>
#include <libguile.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "database.hh"
#include "glue.hh"
#include "instant.hh"
#include "intake.hh"
#include "job.hh"
#include "json.hh"
#include "local_queue.hh"
#include "lock.hh"
#include "lock_patience.hh"
#include "log.hh"
#include "paths.hh"
#include "prefetch.hh"
#include "question.hh"
#include "queue.hh"
#include "reader.hh"
#include "scheme_data.hh"
#include "scheme_database.hh"
#include "scheme_errands.hh"
#include "scheme_json.hh"
#include "scheme_live.hh"
#include "scheme_repl.hh"
#include "scheme_settings.hh"
#include "scheme_worker.hh"
#include "service.hh"
#include "settings.hh"
#include "spool.hh"
#include "text.hh"
#include "turn.hh"
#include "worker.hh"

namespace sheepdog {
namespace {

using glue::Symbol;
using glue::text_to_scm;
using glue::without_guile;

// ---- text and JSON ----

SCM json_read(SCM bytes) {
  bool lossy = false;
  const SCM data = scm_is_bytevector(bytes) ? read_json_as_scm(glue::bytes_of(bytes), &lossy)
                                            : read_json_as_scm(bytes_argument(bytes, 1), &lossy);
  return scm_cons(data, scm_from_bool(lossy));
}

std::string json_write(SCM data) { return write_json(scm_to_json(data)); }

SCM repair(SCM bytes) {
  const Repaired repaired = repair_utf8(bytes_argument(bytes, 1));
  return scm_cons(text_to_scm(repaired.text), scm_from_bool(repaired.lossy));
}

std::string make_printable(const std::string& text, bool lines) { return printable(text, lines); }
std::size_t text_width(const std::string& text) { return display_width(text); }
std::size_t distance(const std::string& a, const std::string& b) { return edit_distance(a, b); }

// ---- configurations ----

std::unique_ptr<Settings> open_settings(const std::optional<std::string>& file) {
  return std::make_unique<Settings>(read_settings(file, find_paths()));
}

std::vector<std::string> plugin_directories(const std::string& kind) {
  return find_paths().plugins(kind);
}

std::optional<std::string> configuration_file(const std::optional<std::string>& given) {
  return find_configuration(given, find_paths());
}

// ---- database ----

std::unique_ptr<Database> db_open(const std::string& file, const Symbol& mode) {
  using Mode = Database::Mode;
  if (mode.name == "read-only") return std::make_unique<Database>(file, Mode::read_only);
  if (mode.name == "read-write") return std::make_unique<Database>(file, Mode::read_write);
  if (mode.name == "create") return std::make_unique<Database>(file, Mode::create);
  throw Error{Error::Code::usage, "no database mode '" + mode.name + "'"};
}

void db_run_script(Database& db, const std::string& sql) { db.run_script(sql); }
std::int64_t db_changes(Database& db) { return db.changes(); }
std::int64_t db_last_id(Database& db) { return db.last_insert_id(); }
bool db_moved(Database& db) { return db.moved(); }

void db_for_questions(Database& db) { prepare_for_questions(db); }

void db_deadline(Database& db, std::optional<double> patience) {
  set_deadline(db, patience ? std::optional{Seconds{*patience}} : std::nullopt);
}

// ---- queue and spool ----

/// Who claims is a worker, which takes in ahead.
std::unique_ptr<Queue> queue_open(Settings& settings, const std::string& worker) {
  return without_guile([&]() -> std::unique_ptr<Queue> {
    auto queue = open_first_queue(settings.queues, worker);
    if (worker.empty()) return queue;
    return std::make_unique<Prefetch>(std::move(queue));
  });
}

std::string queue_describe(Queue& queue) {
  return without_guile([&] { return queue.describe(); });
}

SCM queue_depth(Queue& queue) {
  const Depth depth = without_guile([&] { return queue.depth(); });
  return vector({scm(depth.waiting), scm(depth.claimed), scm(depth.oldest)});
}

std::optional<std::int64_t> queue_acknowledged(Queue& queue, const std::string& sender) {
  return without_guile([&] { return queue.acknowledged(sender); });
}

SCM take_in_all(Queue& queue, Database& db, int limit, double patience) {
  if (one_by_one()) limit = 1;
  auto* const worker = dynamic_cast<Prefetch*>(&queue);
  if (!worker) throw Error{Error::Code::usage, "only a worker takes in what a queue has"};
  const Intake intake =
      without_guile([&] { return worker->take_in(db, limit, Seconds{patience}); });
  return vector({scm(intake.claimed), scm(intake.stored), scm(intake.duplicates)});
}

void queue_push(Queue& queue, const std::string& message) {
  const Outgoing outgoing{.message = message, .sent = epoch_ms()};
  without_guile([&] { queue.push({&outgoing, 1}); });
}

/// For programs without SQLite: MESSAGES is a vector of #(message sent first prior key signature).
void local_push(const std::string& directory, SCM messages) {
  std::vector<Outgoing> all;
  for (const auto& one : scm_to_json(messages))
    all.push_back({one.at(0).get<std::string>(), one.at(1).get<std::int64_t>(),
                   one.at(2).get<std::int64_t>(), one.at(3).get<std::int64_t>(),
                   one.at(4).get<std::string>(), one.at(5).get<std::string>()});
  without_guile([&] { LocalQueue{directory}.push(all); });
}

std::unique_ptr<Spool> spool_open(Settings& settings) {
  return std::make_unique<Spool>(settings.spool, settings.spool_limits, settings.name);
}

SCM spool_put(Spool& spool, SCM message) {
  const Json json = scm_to_json(message);
  const MessageId id = without_guile([&] { return spool.put(json); });
  return scm_cons(text_to_scm(id.sender), scm_from_int64(id.seq));
}

std::int64_t spool_hand_over(Spool& spool, Queue& queue, double patience) {
  return without_guile([&] { return spool.hand_over(queue, Seconds{patience}); });
}

std::int64_t spool_drain(Spool& spool, Queue& queue, double patience, double limit) {
  return without_guile([&] { return spool.drain(queue, Seconds{patience}, Seconds{limit}); });
}

SCM spool_depth(Spool& spool) {
  const SpoolDepth depth = without_guile([&] { return spool.depth(); });
  return vector(
      {scm(depth.waiting), scm(depth.sent), scm(depth.bad), scm(depth.bytes), scm(depth.oldest)});
}

// ---- programs ----

SCM outcome_to_scm(const Outcome& outcome) {
  const SCM trouble =
      outcome.start_errno != 0 ? text_to_scm(std::strerror(outcome.start_errno)) : SCM_BOOL_F;
  return alist({{"status", scm(outcome.status)},
                {"signal", scm(outcome.signal)},
                {"errno", trouble},
                {"timed-out", scm(outcome.timed_out)},
                {"stdout", text_to_scm(outcome.standard_output)},
                {"stderr", text_to_scm(outcome.standard_error)},
                {"cut", scm_from_bool(outcome.cut)},
                {"elapsed", scm_from_int64(static_cast<std::int64_t>(outcome.elapsed * 1000))}});
}

SCM run_program(const std::vector<std::string>& argv, SCM input, double limit,
                const std::vector<std::pair<std::string, std::string>>& environment,
                std::size_t most) {
  if (argv.empty()) throw Error{Error::Code::usage, "no program to run"};
  RunOptions options;
  options.limit = Seconds{limit};
  options.grace = Seconds{3};
  options.input = bytes_argument(input, 2);
  options.environment = {environment.begin(), environment.end()};
  options.head = options.tail = most / 2;
  options.ends_with_us = true;
  return outcome_to_scm(without_guile([&] { return run(argv, options); }));
}

// ---- the log and the service manager ----

Level level_argument(const Symbol& symbol) {
  Level level = Level::notice;
  if (!parse_level(symbol.name, level))
    throw Error{Error::Code::usage, "no log level '" + symbol.name + "'"};
  return level;
}

void write_log(const Symbol& level, const std::string& text) { log(level_argument(level), text); }

void start_log(const std::string& program, const std::string& where, const Symbol& most) {
  open_log(program, {where, level_argument(most)});
  tell_log(where, most.name);
}

void tell(const std::string& text, const std::optional<std::string>& hint, const Symbol& kind) {
  complain(text, hint.value_or(""), kind.name);
}

SCM wish_to_scm(std::optional<Wish> wish) {
  if (!wish) return SCM_BOOL_F;
  return scm_from_utf8_symbol(*wish == Wish::stop ? "stop" : "reload");
}

SCM pause(double seconds) {
  catch_signals(hurry_with_locks);
  come_round(Seconds{seconds});
  return wish_to_scm(without_guile([&] {
    const TurnAway away;
    return wait_for_wish(Seconds{seconds});
  }));
}

SCM pending_signal() {
  catch_signals(hurry_with_locks);
  return wish_to_scm(wait_for_wish(Seconds{0}));
}

SCM lock(const std::string& file, double patience) {
  const auto holder = without_guile([&] { return hold_lock(file, Seconds{patience}); });
  return holder ? scm_from_int64(*holder) : SCM_BOOL_T;
}

void unlock(const std::string& file) { release_lock(file); }

// ---- this process ----

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// ms since some moment before the machine's start: no step of the wall clock moves it.
std::int64_t monotonic() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

bool terminal(int fd) { return isatty(fd) == 1; }

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> random(bytes);
  if (bytes > 256 || getrandom(random.data(), bytes, 0) != static_cast<ssize_t>(bytes))
    throw Error{Error::Code::broken, "no random bytes to be had"};
  std::string hex;
  for (const auto byte : random) hex += fmt::format("{:02x}", byte);
  return hex;
}

void define_all(void*) {
  glue::Handle<Settings>::define("settings");
  glue::Handle<Database>::define("database");
  glue::Handle<Queue>::define("queue");
  glue::Handle<Spool>::define("spool");
  glue::Handle<PrivateSocket>::define("private-socket");
  glue::Handle<Client>::define("client");

  glue::define<json_read>("%json-read");
  glue::define<json_write>("%json-write");
  glue::define<repair>("%repair");
  glue::define<make_printable>("%printable");
  glue::define<text_width>("%text-width");
  glue::define<distance>("%edit-distance");

  glue::define<file_of_data>("%read-data-file");
  glue::define<open_settings>("%settings");
  glue::define<settings_to_alist>("%settings->alist");
  glue::define<paths_to_alist>("%paths");
  glue::define<plugin_directories>("%plugin-directories");
  glue::define<configuration_file>("%find-configuration");
  glue::define<file_bytes>("%file-text");
  glue::define<hold_file>("%hold-file!");
  glue::define<release_files>("%release-files!");

  glue::define<db_open>("%db-open");
  glue::define<glue::close_handle<Database>>("%db-close!");
  glue::define<db_run>("%db-run");
  glue::define<db_run_many>("%db-run-many!");
  glue::define<db_run_script>("%db-run-script!");
  glue::define<db_changes>("%db-changes");
  glue::define<db_last_id>("%db-last-id");
  glue::define<db_moved>("%db-moved?");
  glue::define<db_for_questions>("%db-for-questions!");
  glue::define<db_deadline>("%db-deadline!");
  glue::define<db_add_live>("%db-add-live!");
  glue::define<live_answerer>("%live-answerer!");

  glue::define<queue_open>("%queue-open");
  glue::define<glue::close_handle<Queue>>("%queue-close!");
  glue::define<queue_describe>("%queue-describe");
  glue::define<queue_depth>("%queue-depth");
  glue::define<queue_acknowledged>("%queue-acknowledged");
  glue::define<take_in_all>("%take-in!");
  glue::define<local_push>("%local-push!");
  glue::define<queue_push>("%queue-push!");
  glue::define<spool_open>("%spool-open");
  glue::define<spool_put>("%spool-put!");
  glue::define<spool_hand_over>("%spool-hand-over!");
  glue::define<spool_drain>("%spool-drain!");
  glue::define<spool_depth>("%spool-depth");

  glue::define<turn_take>("%turn-take!");
  glue::define<socket_listen>("%socket-listen");
  glue::define<socket_accept>("%socket-accept!");
  glue::define<socket_shut>("%socket-shut!");
  glue::define<client_peer>("%client-peer");
  glue::define<client_start>("%client-start!");
  glue::define<client_turn>("%client-turn");
  glue::define<client_port>("%client-port");
  glue::define<client_shut>("%client-shut!");

  glue::define<run_program>("%run");
  define_errand_primitives();
  glue::define<write_log>("%log");
  glue::define<start_log>("%open-log");
  glue::define<tell>("%complain");
  glue::define<pause>("%pause");
  glue::define<pending_signal>("%pending-signal");
  define_worker_primitives();
  glue::define<lock>("%lock!");
  glue::define<unlock>("%unlock!");
  glue::define<now>("%now");
  glue::define<monotonic>("%monotonic");
  glue::define<terminal>("%terminal?");
  glue::define<random_hex>("%random-hex");
}

}  // namespace

void define_core_module() {
  open_local_queues_by([](const std::string& directory) -> std::unique_ptr<Queue> {
    return std::make_unique<LocalQueue>(directory);
  });
  scm_c_define_module("sheepdog core", define_all, nullptr);
}

}  // namespace sheepdog
