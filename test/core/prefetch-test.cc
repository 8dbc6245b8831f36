// prefetch-test.cc -- what is stored ahead, what the queue behind is told, and in which order.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "prefetch.hh"

#include <stdexcept>
#include <thread>

#include "intake_support.hh"
#include "transaction.hh"

namespace sheepdog {
namespace {

/// What a queue was asked to do, outside of it: it is gone before we look.
struct Notes {
  std::vector<std::string> calls;
  std::thread::id last;  // the thread of the last call
};

/// A queue that has `stock` messages, without a sender, and notes what it is told.
class Noted : public Queue {
 public:
  Noted(Notes& notes, int stock) : notes_{notes}, stock_{stock} {}

  void push(std::span<const Outgoing> messages) override {
    note("push " + std::to_string(messages.size()));
  }
  [[nodiscard]] bool durable() const override { return true; }
  std::vector<Entry> claim(int limit, Seconds patience) override {
    note("claim " + std::to_string(limit) + (patience > Seconds{0} ? " and wait" : ""));
    std::vector<Entry> entries;
    for (; stock_ > 0 && limit > 0; --limit)
      entries.push_back({.id = std::to_string(stock_--), .message = "{}", .length = 2});
    return entries;
  }
  void acknowledge(std::span<const std::string> ids, const Acknowledgements&) override {
    note("acknowledge " + std::to_string(ids.size()));
    if (ids.front() == bad) throw std::runtime_error{"it is gone"};
  }
  std::optional<std::int64_t> acknowledged(const std::string&) override { return 7; }
  Depth depth() override {
    note("depth");
    return {.waiting = stock_};
  }
  std::string describe() override { return "noted"; }
  [[nodiscard]] std::string identity() const override { return "noted:1"; }

  std::string bad;  // the first id of those that it cannot acknowledge

 private:
  void note(const std::string& call) {
    notes_.calls.push_back(call);
    notes_.last = std::this_thread::get_id();
  }

  Notes& notes_;
  int stock_;
};

using Calls = std::vector<std::string>;

struct prefetch : testing::Test {
  TemporaryDirectory directory;
  Database db = make_store(directory / "sheepdog.db");
  Notes notes;

  std::string stored() { return one(db, "SELECT count(*) FROM message"); }
};

TEST_F(prefetch, the_next_batch_is_stored_and_acknowledged_by_another_thread) {
  Prefetch queue{std::make_unique<Noted>(notes, 250)};
  EXPECT_EQ(queue.take_in(db, 100, Seconds{1}).stored, 100);
  queue.describe();  // waits for the thread
  EXPECT_NE(notes.last, std::this_thread::get_id());
  EXPECT_EQ(stored(), "200");
  EXPECT_EQ(one(db, "SELECT count(*) FROM waiting"), "200");
  EXPECT_EQ(notes.calls,
            (Calls{"claim 100 and wait", "acknowledge 100", "claim 100", "acknowledge 100"}));
}

TEST_F(prefetch, each_batch_is_told_of_once) {
  Prefetch queue{std::make_unique<Noted>(notes, 250)};
  for (const std::int64_t claimed : {100, 100, 50, 0})
    EXPECT_EQ(queue.take_in(db, 100, Seconds{0}).claimed, claimed);
  EXPECT_EQ(stored(), "250");
}

TEST_F(prefetch, an_empty_look_ahead_is_no_answer) {
  Prefetch queue{std::make_unique<Noted>(notes, 100)};
  queue.take_in(db, 100, Seconds{0});
  EXPECT_EQ(queue.take_in(db, 100, Seconds{1}).claimed, 0);
  EXPECT_EQ(notes.calls,
            (Calls{"claim 100", "acknowledge 100", "claim 100", "claim 100 and wait"}));
}

TEST_F(prefetch, after_a_few_messages_nothing_is_done_ahead) {
  Prefetch queue{std::make_unique<Noted>(notes, 200)};
  EXPECT_EQ(queue.take_in(db, 3, Seconds{0}).claimed, 3);
  queue.describe();
  EXPECT_EQ(notes.calls, (Calls{"claim 3", "acknowledge 3"}));
}

TEST_F(prefetch, what_the_thread_could_not_do_is_thrown_by_the_next_call_once) {
  auto noted = std::make_unique<Noted>(notes, 300);
  noted->bad = "200";
  Prefetch queue{std::move(noted)};
  queue.take_in(db, 100, Seconds{0});
  EXPECT_THROW(queue.take_in(db, 100, Seconds{0}), std::runtime_error);
  EXPECT_EQ(queue.take_in(db, 100, Seconds{0}).claimed, 100);
  EXPECT_EQ(stored(), "300");
}

TEST_F(prefetch, what_cannot_be_stored_is_not_acknowledged) {
  Prefetch queue{std::make_unique<Noted>(notes, 300)};
  queue.take_in(db, 100, Seconds{0});
  queue.describe();
  db.run_script("ALTER TABLE message RENAME TO elsewhere");
  queue.take_in(db, 100, Seconds{0});  // what was stored before that
  EXPECT_THROW(queue.take_in(db, 100, Seconds{0}), Error);
  EXPECT_EQ(notes.calls,
            (Calls{"claim 100", "acknowledge 100", "claim 100", "acknowledge 100", "claim 100"}));
}

TEST_F(prefetch, the_thread_waits_while_another_connection_writes) {
  Prefetch queue{std::make_unique<Noted>(notes, 200)};
  {
    queue.take_in(db, 100, Seconds{0});
    Transaction transaction{db};
    db.run("INSERT INTO mark VALUES ('x', 1)");
    transaction.commit();
  }
  EXPECT_EQ(queue.take_in(db, 100, Seconds{0}).stored, 100);
  EXPECT_EQ(stored(), "200");
}

TEST_F(prefetch, the_log_is_emptied_though_two_write_in_turn) {
  Prefetch queue{std::make_unique<Noted>(notes, 6000)};
  const Row row{std::string{"x"}, std::string(800'000, 'x')};
  while (queue.take_in(db, 100, Seconds{0}).claimed > 0)
    db.run("INSERT OR REPLACE INTO mark VALUES (?, ?)", row);
  EXPECT_EQ(stored(), "6000");
  EXPECT_LT(std::filesystem::file_size(directory / "sheepdog.db-wal"), 32U << 20);  // of 48 MB
}

TEST_F(prefetch, everything_else_waits_for_the_thread) {
  Prefetch queue{std::make_unique<Noted>(notes, 300)};
  queue.take_in(db, 100, Seconds{0});
  EXPECT_EQ(queue.depth().waiting, 100);
  queue.push({});
  EXPECT_EQ(notes.calls, (Calls{"claim 100", "acknowledge 100", "claim 100", "acknowledge 100",
                                "depth", "push 0"}));
}

TEST_F(prefetch, its_end_waits_for_the_thread) {
  {
    Prefetch queue{std::make_unique<Noted>(notes, 300)};
    queue.take_in(db, 100, Seconds{0});
  }
  EXPECT_EQ(stored(), "200");
}

}  // namespace
}  // namespace sheepdog
