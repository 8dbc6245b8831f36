// worker.hh -- what a worker tells the supervisor that started it; without one nothing is told.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "page.hh"
#include "seconds.hh"

namespace sheepdog {

/// How a supervisor tells its worker: its own process id, the page's descriptor, and that of the
/// file for what one worker hands on to the next.
inline constexpr const char* supervisor_variable = "SHEEPDOG_SUPERVISOR";

/// Become a worker if a supervisor started this process. To be called in the thread whose loop is
/// watched: of what other threads tell counts what they do in their turn (turn.hh), while the loop
/// waits. `page` maps the page, and tests give their own.
void join_supervisor();
void join_supervisor(Page* page, pid_t supervisor, int handed = -1);

/// The process that others are to signal and to name: the supervisor, or this one without.
pid_t main_pid();

// ---- what runs ----

/// Code runs that may hang, for at most `limit`; `what` names it ("monitor disk: its receiver").
/// Inside of another section the time does not count for that one.
void enter_section(std::string_view what, Seconds limit);

struct Ran {
  std::string what;  // ""; where nothing is told
  std::int64_t ms = 0;
};
/// The innermost section is over; which that was, and how long it took.
Ran leave_section();

/// From now on this message is handled; 0: none.
void at_message(std::int64_t id);

/// The loop has come round, and will again within `patience` and a minute.
void come_round(Seconds patience);

// ---- what comes from strangers ----

/// So many entries of the queue are decoded now; ended by end_decoding(). If the worker dies in
/// between, the next is to decode as many one by one, and what workers died of again and again not
/// at all. Any thread may tell it.
void begin_decoding(std::int64_t entries);
void end_decoding();
[[nodiscard]] bool one_by_one();
[[nodiscard]] bool decoding_is_deadly();  // of the first entry that is claimed

// ---- where it stands ----

void tell_phase(Phase phase);

/// It ends on purpose, with this status: it is not to be started again.
void leave(int status);

/// There is nothing to do for so long: it ends, and nothing but the supervisor is left until the
/// next worker is started. Who is told to stop meanwhile removes `pid_file` ("": none). Returns
/// only without a supervisor.
void rest(Seconds duration, std::string_view pid_file);

// ---- what outlives a worker: a text for the next one of the same supervisor ----

/// What a worker before has handed on; "": nothing, or nobody could have.
std::string handed_on();
/// Let `text` be that. Without a supervisor nothing happens.
void hand_on(std::string_view text);

/// It ends itself, because of what `what` did to it (as of enter_section; "": nobody knows who) at
/// `message`: `how`, "it closed descriptor 7". Without a supervisor, too.
[[noreturn]] void give_up(std::string_view what, std::int64_t message, std::string_view how);

/// Where the log goes, so that the supervisor's own lines go there too.
void tell_log(std::string_view where, std::string_view level);

// ---- the worker before ----

struct Death {
  std::string what;          // what ran; "": nothing limited
  std::string how;           // "ran longer than 5 s: killed"
  std::int64_t message = 0;  // that it was at; 0: none
};

/// How the worker before this one died, until `heed_death`.
std::optional<Death> last_death();
void heed_death();

}  // namespace sheepdog
