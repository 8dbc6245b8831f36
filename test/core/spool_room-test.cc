// spool_room-test.cc -- a full spool makes room, and tells of what.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_room.hh"

#include "spool_support.hh"

namespace sheepdog {
namespace {

/// A spool for 8 messages, so that room is made for one at a time.
struct spool_room : testing::Test {
  TemporaryDirectory directory;
  Spool spool{directory.path(), {.messages = 8}, "tux"};
  ScriptedQueue queue;
  int time = 0;

  void put(const std::string& tag, const std::string& state) {
    spool.put(Json{{"host", "TUX"}, {"tag", tag}, {"state", state}, {"time", ++time}});
  }

  /// What goes when it may: TAG STATE of each.
  std::string sent() {
    Spool{directory.path(), {}, "tux"}.hand_over(queue, Seconds{5});
    std::string text;
    for (const auto& one : queue.had) {
      const auto json = read_json(one.message);
      text += json["tag"].get<std::string>() + std::to_string(json["seq"].get<int>()) + " ";
    }
    return text;
  }
};

TEST_F(spool_room, of_repeats_the_first_and_the_last_stay) {
  for (int i = 0; i < 4; ++i) put("a", "fail");
  put("a", "ok");
  for (int i = 0; i < 3; ++i) put("b", "ok");
  for (int i = 0; i < 3; ++i) put("c", "fail");
  EXPECT_EQ(sent(), "a1 a4 a5 b6 b8 c9 c10 c11 ");
  EXPECT_EQ(queue.had[1].prior, 1);
  ASSERT_EQ(queue.notes.size(), 1U);
  const auto note = read_json(queue.notes[0].message);
  EXPECT_EQ(note["summary"], "the spool was full: 3 repeats merged: 2 tux/a fail, 1 tux/b ok");
  EXPECT_EQ(note["fields"], Json::parse(R"({"merged":3,"dropped":0,"losses":[
              {"subject":"tux/a","state":"fail","merged":2,"dropped":0,"first":2,"last":3},
              {"subject":"tux/b","state":"ok","merged":1,"dropped":0,"first":7,"last":7}]})"));
}

TEST_F(spool_room, then_the_oldest_successes_go) {
  put("a", "fail"), put("b", "ok"), put("c", "warn"), put("d", "ok");
  for (const auto* tag : {"e", "f", "g", "h", "i"}) put(tag, "fail");
  spool.put(Json{{"host", "tux"}, {"tag", "j"}, {"outcome", {{"status", 0}}}});
  EXPECT_EQ(sent(), "a1 c3 e5 f6 g7 h8 i9 j10 ");
}

TEST_F(spool_room, then_the_oldest) {
  for (const auto* tag : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}) put(tag, "fail");
  EXPECT_EQ(sent(), "c3 d4 e5 f6 g7 h8 i9 j10 ");
  EXPECT_EQ(read_json(queue.notes.at(0).message)["summary"],
            "the spool was full: 2 messages dropped: 1 tux/a fail, 1 tux/b fail");
}

TEST_F(spool_room, the_count_goes_first) {
  for (int i = 0; i < 9; ++i) put("a", "fail");
  struct Listening : ScriptedQueue {
    void push(std::span<const Outgoing> messages) override {
      for (const auto& one : messages) tags.push_back(read_json(one.message)["tag"]);
    }
    std::vector<std::string> tags;
  } listening;
  Spool{directory.path(), {}, "tux"}.hand_over(listening, Seconds{5});
  EXPECT_EQ(listening.tags.at(0), "sheepdog spool");
  EXPECT_EQ(listening.tags.size(), 9U);
}

TEST_F(spool_room, by_bytes_too) {
  Spool small{directory.path(), {.bytes = 2000}, "tux"};
  for (int i = 0; i < 40; ++i) small.put(Json{{"tag", "t" + std::to_string(i)}, {"state", "fail"}});
  std::uintmax_t bytes = 0;
  const auto sender = fs::directory_iterator { directory.path() } -> path();
  for (const auto& file : fs::directory_iterator{sender})
    if (file.path().extension() == ".new") bytes += file.file_size();
  EXPECT_LE(bytes, 2000U);
  sent();
  EXPECT_GT(queue.had.size(), 10U);
  EXPECT_EQ(read_json(queue.notes.at(0).message)["fields"]["dropped"], 40 - queue.had.size());
}

TEST_F(spool_room, what_the_queue_may_have_is_not_let_go) {
  for (const auto* tag : {"a", "b", "c", "d", "e", "f", "g"}) put(tag, "ok");
  spool.hand_over(queue, Seconds{5});
  EXPECT_EQ(queue.numbers(), (Numbers{1, 2})) << "no more than a quarter is underway";
  for (const auto* tag : {"h", "i", "j"}) put(tag, "fail");
  EXPECT_EQ(sent(), "a1 b2 e5 f6 g7 h8 i9 j10 ");
}

TEST_F(spool_room, the_newest_is_never_refused) {
  Spool one{directory.path(), {.messages = 1}, "tux"};
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(one.put(message()).seq, i);
  EXPECT_EQ(sent(), "x3 ");
}

TEST_F(spool_room, nothing_goes_that_could_not_be_declared) {
  for (int i = 0; i < 8; ++i) put("a", "fail");
  const auto sender = fs::directory_iterator { directory.path() } -> path();
  write_file(sender / "notes", "in the way");
  EXPECT_THROW(put("a", "fail"), Error);
  EXPECT_EQ(names(spool, {sender.filename(), 0}).size(), 8U);
}

}  // namespace
}  // namespace sheepdog
