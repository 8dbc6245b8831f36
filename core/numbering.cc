// numbering.cc -- two marks a sender while all is well, a row for each gap.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "numbering.hh"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

namespace sheepdog {
namespace {

constexpr std::int64_t no_end = std::numeric_limits<std::int64_t>::max();

std::int64_t integer(const Row& row, std::size_t column) {
  return std::get<std::int64_t>(row.at(column));
}

/// Steps of the wall clock must neither stretch nor cut a time of waiting.
std::int64_t monotonic_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Numbering::Numbering(Database& db, bool hold) : db_{db}, hold_{hold} {}

Numbering::Sender& Numbering::sender(const std::string& name) {
  const auto [known, is_new] = senders_.try_emplace(name);
  auto& sender = known->second;
  if (!is_new) return sender;
  const std::array<Value, 1> values{name};
  const auto rows =
      db_.run("SELECT id, contiguous, highest, holding FROM sender WHERE name = ?", values);
  if (rows.empty()) {
    db_.run("INSERT INTO sender (name) VALUES (?)", values);
    sender.id = db_.last_insert_id();
    sender.free = no_end;
    return sender;
  }
  sender.id = integer(rows[0], 0);
  sender.contiguous = integer(rows[0], 1);
  sender.highest = integer(rows[0], 2);
  sender.holding = integer(rows[0], 3) != 0;
  look_up(sender);
  return sender;
}

/// Find out from its holes how far a sender is.
void Numbering::look_up(Sender& sender) {
  sender.free = no_end;
  if (sender.contiguous == sender.highest && !sender.holding) return;
  const std::array<Value, 3> id{sender.id, sender.id, sender.id};
  const auto lowest = db_.run(
      "SELECT (SELECT first FROM hole WHERE sender = ? AND settled = 0 ORDER BY first LIMIT 1),"
      " (SELECT first FROM hole WHERE sender = ? AND waited = 1 ORDER BY first LIMIT 1),"
      " (SELECT min(seq) FROM held WHERE sender = ?)",
      id);
  const auto* const hole = std::get_if<std::int64_t>(&lowest[0][0]);
  sender.contiguous = hole ? *hole - 1 : sender.highest;
  for (const std::size_t i : {1U, 2U})
    if (const auto* const first = std::get_if<std::int64_t>(&lowest[0][i]))
      sender.free = std::min(sender.free, *first);
}

void Numbering::miss(const Sender& sender, std::int64_t first, std::int64_t last, bool settled) {
  const std::array<Value, 6> values{sender.id,
                                    first,
                                    last,
                                    monotonic_ms(),
                                    std::int64_t{hold_ && !settled},
                                    std::int64_t{settled}};
  db_.run("INSERT INTO hole (sender, first, last, since, waited, settled) VALUES (?,?,?,?,?,?)",
          values);
}

void Numbering::settle(Sender& sender, std::int64_t upto) {
  if (upto <= sender.contiguous) return;
  sender.changed = true;
  if (sender.highest == 0) {  // heard for the first time, perhaps by a new database
    sender.contiguous = sender.highest = upto;
    return;
  }
  split(sender, upto);
  const std::array<Value, 2> values{sender.id, upto};
  db_.run(
      "UPDATE hole SET settled = 1, waited = 0 WHERE sender = ? AND first <= ? AND settled = 0",
      values);
  if (upto > sender.highest) {
    miss(sender, sender.highest + 1, upto, true);
    sender.highest = upto;
  }
  look_up(sender);
}

void Numbering::give_up(Sender& sender, std::int64_t first, std::int64_t last) {
  if (last < first) return;
  sender.changed = true;
  split(sender, first - 1);
  split(sender, last);
  const std::array<Value, 3> values{sender.id, first, last};
  db_.run("DELETE FROM hole WHERE sender = ? AND first BETWEEN ? AND ?", values);
  look_up(sender);
}

bool Numbering::removed(const Sender& sender, std::int64_t seq) {
  if (seq > sender.highest) return false;
  const std::array<Value, 2> values{sender.id, seq};
  const auto rows = db_.run(
      "SELECT last FROM removed WHERE sender = ? AND first <= ? ORDER BY first DESC LIMIT 1",
      values);
  return !rows.empty() && integer(rows[0], 0) >= seq;
}

void Numbering::take(Sender& sender, std::int64_t seq) {
  sender.changed = true;
  if (seq <= sender.highest) {
    fill(sender, seq);
    look_up(sender);
    return;
  }
  const bool next = seq - 1 == sender.highest;
  const bool whole = sender.contiguous == sender.highest;
  if (!next) miss(sender, sender.highest + 1, seq - 1, false);
  sender.highest = seq;
  if (next && whole) {
    sender.contiguous = seq;
  } else if (!next) {
    look_up(sender);
  }
}

/// Take `seq` out of the hole that it was missing from, if there is one.
void Numbering::fill(const Sender& sender, std::int64_t seq) {
  const std::array<Value, 2> values{sender.id, seq};
  const auto rows = db_.run(
      "SELECT first, last FROM hole WHERE sender = ? AND first <= ? ORDER BY first DESC LIMIT 1",
      values);
  if (rows.empty() || integer(rows[0], 1) < seq) return;
  split(sender, seq);
  const auto first = integer(rows[0], 0);
  if (first < seq) {
    const std::array<Value, 3> shorter{seq - 1, sender.id, first};
    db_.run("UPDATE hole SET last = ? WHERE sender = ? AND first = ?", shorter);
  } else {
    db_.run("DELETE FROM hole WHERE sender = ? AND first = ?", values);
  }
}

/// Let no hole go on beyond `last`, but begin there.
void Numbering::split(const Sender& sender, std::int64_t last) {
  const std::array<Value, 2> values{sender.id, last};
  db_.run(
      "INSERT INTO hole (sender, first, last, since, waited, settled, told)"
      " SELECT sender, ?2 + 1, last, since, waited, settled, told FROM hole"
      " WHERE sender = ?1 AND first <= ?2 AND last > ?2",
      values);
  db_.run("UPDATE hole SET last = ?2 WHERE sender = ?1 AND first <= ?2 AND last > ?2", values);
}

bool Numbering::hold(Sender& sender, std::int64_t seq, std::int64_t variant, std::int64_t message) {
  if (seq <= sender.free) return false;
  const std::array<Value, 4> values{sender.id, seq, variant, message};
  db_.run("INSERT INTO held (sender, seq, variant, message) VALUES (?, ?, ?, ?)", values);
  sender.holding = sender.changed = true;
  return true;
}

Acknowledgements Numbering::finish() {
  Acknowledgements acks;
  std::vector<Row> rows;
  for (auto& [name, sender] : senders_) {
    if (!sender.acknowledge) continue;
    if (sender.changed)
      rows.push_back({sender.contiguous, sender.highest, std::int64_t{sender.holding}, sender.id});
    if (sender.contiguous > 0) acks[name] = sender.contiguous;
  }
  db_.run_many("UPDATE sender SET contiguous = ?, highest = ?, holding = ? WHERE id = ?", rows);
  return acks;
}

}  // namespace sheepdog
