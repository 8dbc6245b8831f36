// prefetch-test.cc -- what the queue behind is told, and in which order.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "prefetch.hh"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace sheepdog {
namespace {

/// What a queue was asked to do, outside of it: it is gone before we look.
struct Notes {
  std::vector<std::string> calls;
  std::thread::id last;  // the thread of the last call
};

/// A queue that has `stock` messages and notes what it is told.
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
    for (; stock_ > 0 && limit > 0; --limit) entries.push_back({.id = std::to_string(stock_--)});
    return entries;
  }
  void acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) override {
    note("acknowledge " + std::to_string(ids.size()) + " of " + std::to_string(acks.size()));
    if (ids.front() == "bad") throw std::runtime_error{"it is gone"};
  }
  std::optional<std::int64_t> acknowledged(const std::string&) override { return 7; }
  Depth depth() override {
    note("depth");
    return {.waiting = stock_};
  }
  std::string describe() override { return "noted"; }
  [[nodiscard]] std::string identity() const override { return "noted:1"; }

 private:
  void note(const std::string& call) {
    notes_.calls.push_back(call);
    notes_.last = std::this_thread::get_id();
  }

  Notes& notes_;
  int stock_;
};

std::vector<std::string> ids_of(const std::vector<Entry>& entries) {
  std::vector<std::string> ids;
  for (const auto& entry : entries) ids.push_back(entry.id);
  return ids;
}

using Calls = std::vector<std::string>;

TEST(prefetch, the_next_batch_is_claimed_after_one_is_acknowledged_by_another_thread) {
  Notes notes;
  Prefetch queue{std::make_unique<Noted>(notes, 250)};
  EXPECT_EQ(queue.claim(100, Seconds{1}).front().id, "250");
  queue.acknowledge(std::vector<std::string>(100, "x"), {{"a", 1}});
  EXPECT_EQ(queue.claim(100, Seconds{1}).front().id, "150");
  EXPECT_NE(notes.last, std::this_thread::get_id());
  EXPECT_EQ(notes.calls, (Calls{"claim 100 and wait", "acknowledge 100 of 1", "claim 100"}));
}

TEST(prefetch, an_empty_look_ahead_is_no_answer) {
  Notes notes;
  Prefetch queue{std::make_unique<Noted>(notes, 100)};
  const auto ids = ids_of(queue.claim(100, Seconds{0}));
  queue.acknowledge(ids, {});
  EXPECT_TRUE(queue.claim(100, Seconds{1}).empty());
  EXPECT_EQ(notes.calls,
            (Calls{"claim 100", "acknowledge 100 of 0", "claim 100", "claim 100 and wait"}));
}

TEST(prefetch, a_few_messages_are_acknowledged_before_it_returns) {
  Notes notes;
  Prefetch queue{std::make_unique<Noted>(notes, 200)};
  queue.claim(100, Seconds{0});
  queue.acknowledge(std::vector<std::string>(3, "x"), {});
  EXPECT_EQ(notes.calls, (Calls{"claim 100", "acknowledge 3 of 0"}));
}

TEST(prefetch, what_the_thread_could_not_do_is_thrown_by_the_next_call_once) {
  Notes notes;
  Prefetch queue{std::make_unique<Noted>(notes, 200)};
  queue.claim(100, Seconds{0});
  queue.acknowledge(std::vector<std::string>(100, "bad"), {});
  EXPECT_THROW(queue.claim(100, Seconds{0}), std::runtime_error);
  EXPECT_EQ(queue.claim(100, Seconds{0}).size(), 100u);
  EXPECT_EQ(notes.calls, (Calls{"claim 100", "acknowledge 100 of 0", "claim 100"}));
}

TEST(prefetch, everything_else_waits_for_the_thread) {
  Notes notes;
  Prefetch queue{std::make_unique<Noted>(notes, 300)};
  queue.claim(100, Seconds{0});
  queue.acknowledge(std::vector<std::string>(100, "x"), {});
  EXPECT_EQ(queue.depth().waiting, 100);
  queue.push({});
  EXPECT_EQ(queue.claim(100, Seconds{0}).size(), 100u);
  EXPECT_EQ(notes.calls,
            (Calls{"claim 100", "acknowledge 100 of 0", "claim 100", "depth", "push 0"}));
}

TEST(prefetch, its_end_waits_for_the_thread) {
  Notes notes;
  {
    Prefetch queue{std::make_unique<Noted>(notes, 300)};
    queue.claim(100, Seconds{0});
    queue.acknowledge(std::vector<std::string>(100, "x"), {});
  }
  EXPECT_EQ(notes.calls, (Calls{"claim 100", "acknowledge 100 of 0", "claim 100"}));
}

}  // namespace
}  // namespace sheepdog
