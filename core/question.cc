// question.cc -- functions for SQLite, in C's clothes: nothing is thrown through its frames.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "question.hh"

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "error.hh"
#include "version_order.hh"

namespace sheepdog {

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t milliseconds(Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

int collate(void* /*unused*/, int a_size, const void* a, int b_size, const void* b) {
  return compare_versions({static_cast<const char*>(a), static_cast<std::size_t>(a_size)},
                          {static_cast<const char*>(b), static_cast<std::size_t>(b_size)});
}

/// The deadline, ms of the steady clock, is the pointer itself.
int is_late(void* deadline) {
  return milliseconds(Clock::now().time_since_epoch()) >= reinterpret_cast<std::intptr_t>(deadline);
}

std::string_view text_of(sqlite3_value* value) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return {text ? text : "", text ? static_cast<std::size_t>(sqlite3_value_bytes(value)) : 0};
}

bool is_text(sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_TEXT; }

/// As ORDER BY has it: numbers before text.
int compare_values(sqlite3_value* a, sqlite3_value* b, bool versions) {
  if (is_text(a) != is_text(b)) return is_text(a) ? 1 : -1;
  if (is_text(a))
    return versions ? compare_versions(text_of(a), text_of(b)) : text_of(a).compare(text_of(b));
  if (sqlite3_value_type(a) == SQLITE_INTEGER && sqlite3_value_type(b) == SQLITE_INTEGER) {
    const auto x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);
    return x < y ? -1 : x > y;
  }
  const double x = sqlite3_value_double(a), y = sqlite3_value_double(b);
  return x < y ? -1 : x > y;
}

/// Which end of the order is sought, and in which.
struct Wish {
  int sign;  // 1: the greatest, -1: the least
  bool versions;
};
constexpr Wish argmax{1, false}, argmin{-1, false}, argmax_version{1, true}, argmin_version{-1, true};

struct Best {
  sqlite3_value *order, *value;  // null at first
};

void step(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  auto* const best = static_cast<Best*>(sqlite3_aggregate_context(context, sizeof(Best)));
  if (!best) return sqlite3_result_error_nomem(context);
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
  const auto& wish = *static_cast<const Wish*>(sqlite3_user_data(context));
  if (best->order) {
    const int order = wish.sign * compare_values(arguments[0], best->order, wish.versions);
    if (order < 0 || (order == 0 && compare_values(arguments[1], best->value, false) >= 0)) return;
    sqlite3_value_free(best->order), sqlite3_value_free(best->value);
  }
  best->order = sqlite3_value_dup(arguments[0]);
  best->value = sqlite3_value_dup(arguments[1]);
}

void finish(sqlite3_context* context) {
  auto* const best = static_cast<Best*>(sqlite3_aggregate_context(context, 0));
  if (!best || !best->value) return sqlite3_result_null(context);
  sqlite3_result_value(context, best->value);
  sqlite3_value_free(best->order), sqlite3_value_free(best->value);
}

void define(sqlite3* db, const char* name, const Wish& wish) {
  sqlite3_create_function_v2(db, name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                             const_cast<Wish*>(&wish), nullptr, step, finish, nullptr);
}

}  // namespace

void prepare_for_questions(Database& db) {
  sqlite3_create_collation_v2(db.handle(), "VERSION", SQLITE_UTF8, nullptr, collate, nullptr);
  define(db.handle(), "argmax", argmax);
  define(db.handle(), "argmin", argmin);
  define(db.handle(), "argmax_version", argmax_version);
  define(db.handle(), "argmin_version", argmin_version);
}

void set_deadline(Database& db, std::optional<Seconds> patience) {
  if (!patience) return sqlite3_progress_handler(db.handle(), 0, nullptr, nullptr);
  const auto end = Clock::now().time_since_epoch() + std::chrono::duration_cast<Clock::duration>(*patience);
  sqlite3_progress_handler(db.handle(), 1000, is_late,
                           reinterpret_cast<void*>(static_cast<std::intptr_t>(milliseconds(end))));
}

}  // namespace sheepdog
