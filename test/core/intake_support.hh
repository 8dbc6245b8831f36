// intake_support.hh -- what tests of the way into the database share.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "intake.hh"
#include "queue_support.hh"

namespace sheepdog {

inline Database make_store(const std::string& file) {
  Database db{file, Database::Mode::create};
  const std::filesystem::path steps{SHEEPDOG_SOURCE "/scheme/sheepdog/sql"};
  for (int n = 1; std::filesystem::exists(steps / (std::to_string(n) + ".sql")); ++n)
    db.run_script(read_file(steps / (std::to_string(n) + ".sql")));
  return db;
}

/// A queue that gives what it was told to give.
class GivingQueue : public Queue {
 public:
  void push(std::span<const Outgoing>) override {}
  [[nodiscard]] bool durable() const override { return durable_queue; }
  std::vector<Entry> claim(int, Seconds) override { return std::exchange(entries, {}); }
  void acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) override {
    acknowledged_ids.insert(acknowledged_ids.end(), ids.begin(), ids.end());
    last_acks = acks;
    if (when_acknowledged) when_acknowledged();
  }
  std::optional<std::int64_t> acknowledged(const std::string&) override { return {}; }
  Depth depth() override { return {}; }
  std::string describe() override { return "giving"; }
  [[nodiscard]] std::string identity() const override { return "giving"; }

  void give(const std::string& message, const std::string& trouble = {}, std::int64_t first = 0) {
    Entry entry{.id = std::to_string(++last_id_) + "-0", .message = message, .received = 5};
    entry.trouble = trouble;
    entry.first = first;
    bound(entry);
    entries.push_back(entry);
  }
  /// A message of the sender `s`.
  void give(std::int64_t seq, std::int64_t first = 0, const std::string& tag = "x") {
    give(R"({"sender":"s","seq":)" + std::to_string(seq) + R"(,"tag":")" + tag + "\"}", {}, first);
  }

  bool durable_queue = false;
  std::vector<Entry> entries;
  std::vector<std::string> acknowledged_ids;
  Acknowledgements last_acks;
  std::function<void()> when_acknowledged;

 private:
  int last_id_ = 0;
};

inline std::string one(Database& db, const std::string& sql) {
  const auto value = db.run(sql).at(0).at(0);
  if (const auto* n = std::get_if<std::int64_t>(&value)) return std::to_string(*n);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* bytes = std::get_if<Blob>(&value)) return {bytes->begin(), bytes->end()};
  return "NULL";
}

/// A store with the schema of the day, and a queue before it.
struct IntakeTest : testing::Test {
  TemporaryDirectory directory;
  Database db = make_store(directory / "sheepdog.db");
  GivingQueue queue;
  Intake take() { return take_in(queue, db, 1000, at_once); }

  /// Give the numbers as one batch of the sender `s`.
  void take(std::initializer_list<std::int64_t> numbers) {
    for (const auto seq : numbers) queue.give(seq);
    take();
  }

  /// The numbers that wait, in the order of being handled; and those that are held back.
  std::string waiting() {
    return one(db,
               "SELECT coalesce(group_concat(seq, ' '), '') FROM (SELECT seq FROM waiting w"
               " JOIN message m ON m.id = w.message ORDER BY m.id)");
  }
  std::string held() {
    return one(db,
               "SELECT coalesce(group_concat(seq || '.' || variant, ' '), '') FROM"
               " (SELECT * FROM held ORDER BY sender, seq, variant)");
  }
  /// What is missing: FIRST-LAST, `w` for waited for, `s` for settled by its sender.
  std::string holes() {
    return one(db,
               "SELECT coalesce(group_concat(first || '-' || last || iif(waited, 'w', '')"
               " || iif(settled, 's', ''), ' '), '') FROM (SELECT * FROM hole ORDER BY first)");
  }
};

}  // namespace sheepdog
