// page.hh -- a page of memory that a supervisor and its worker both see.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <string_view>

namespace sheepdog {

/// Milliseconds of CLOCK_MONOTONIC, the same in all processes of a machine.
std::int64_t monotonic_ms();

inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

/// What a worker has come to.
enum class Phase : std::uint32_t { starting, serving, reloading, stopping, resting, left };

/// Text of a fixed place; what is too long is cut. One process writes it while no other reads.
template <std::size_t size>
class FixedText {
 public:
  void set(std::string_view text) {
    length_ = static_cast<std::uint32_t>(text.copy(bytes_.data(), size));
  }
  [[nodiscard]] std::string_view get() const {
    return {bytes_.data(), length_ < size ? length_ : size};
  }

 private:
  std::uint32_t length_;
  std::array<char, size> bytes_;
};

/// All zero at its birth. The worker says until when it will have said something again; the
/// supervisor sleeps until then, and looks. So no message costs either of them a system call, and
/// at rest nobody wakes. The texts are read when the worker is dead: they say what it died of.
struct Page {
  // ---- written by the worker ----
  std::atomic<std::int64_t> deadline;  // ms: past it the worker hangs
  std::atomic<std::int64_t> message;   // id of the message it is at; 0: none
  std::atomic<std::int64_t> limit;     // ms that what runs may take; 0: nothing limited runs
  std::atomic<std::uint64_t> turns;    // how often its loop came round
  std::atomic<Phase> phase;
  std::atomic<std::uint32_t> reloads;  // how often it was told to reload, and did
  std::atomic<std::int32_t> status;    // its exit status, once it has left
  std::atomic<bool> not_started;       // there was no program to become
  std::atomic<std::int64_t> rests_until;  // ms: once it rests, when the next is to be started
  FixedText<256> what;                 // what runs, "monitor disk: its receiver"
  FixedText<256> log_where;            // where its log goes; "": not opened
  FixedText<16> log_level;
  FixedText<256> last_words;  // why it ends itself; "": it does not
  std::atomic<std::int64_t> decoding;  // entries of the queue that it decodes; 0: none
  FixedText<4096> pid_file;   // of a daemon that rests; "": none

  // ---- written by the supervisor ----
  std::atomic<std::int64_t> sleeps_until;  // ms
  std::atomic<bool> died;                  // the last worker did, and nobody has heeded it yet
  std::int64_t death_message;              // that it was at; 0: none
  FixedText<256> death_what;               // what ran; "": nothing limited
  FixedText<256> death_how;                // "ran longer than 5 s: killed"

  // ---- by both ----
  std::atomic<std::int64_t> decoding_deaths;  // in a row
  std::atomic<std::int64_t> careful;          // entries still to be decoded one by one
  std::atomic<std::uint32_t> bell;  // a futex: rung when the supervisor is to look at once

  /// Let `ms` be the deadline; wake a supervisor that would sleep past it.
  void promise(std::int64_t ms) {
    deadline.store(ms);
    if (ms < sleeps_until.load()) {
      sleeps_until.store(ms);  // once is enough
      ring();
    }
  }
  void ring();

  /// Sleep until the deadline, but not past `until`, unless the bell rings or has rung since it
  /// showed `seen`.
  void sleep(std::uint32_t seen, std::int64_t until);
};

static_assert(std::atomic<std::int64_t>::is_always_lock_free);

/// Map the page in the memory file `fd`; throws Error::broken.
Page* map_page(int fd);

}  // namespace sheepdog
