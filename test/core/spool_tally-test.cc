// spool_tally-test.cc -- believed only as long as it is true.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_tally.hh"

#include <fcntl.h>

#include "spool_change.hh"
#include "spool_support.hh"

namespace sheepdog {
namespace {

struct spool_tally : testing::Test {
  TemporaryDirectory directory;
  Spool spool{directory.path()};
  MessageId id = spool.put(message());
  std::string sender = directory / id.sender;
  Descriptor open_sender() const { return Descriptor{open(sender.c_str(), O_RDONLY)}; }
  std::optional<SpoolTally> tally() const { return read_tally(open_sender()); }
};

TEST_F(spool_tally, it_says_what_a_listing_would_say) {
  ScriptedQueue queue;
  spool.put(message());
  spool.hand_over(queue, Seconds{1});
  spool.put(message());
  const auto size = [&](int n, const char* ending) {
    return static_cast<std::int64_t>(fs::file_size(sender + "/" + numbered(n, ending)));
  };
  EXPECT_EQ(tally(), (SpoolTally{.highest = 3,
                                 .waiting = 1,
                                 .sent = 2,
                                 .bytes = size(1, ".sent") + size(2, ".sent") + size(3, ".new"),
                                 .oldest = 3}));
}

TEST_F(spool_tally, whatever_changes_the_directory_makes_it_doubtful) {
  ASSERT_TRUE(tally());
  write_file(sender + "/" + numbered(5, ".new"), "by hand");
  EXPECT_FALSE(tally());
  EXPECT_EQ(spool.put(message()).seq, 6);
  ASSERT_TRUE(tally());
  fs::remove(sender + "/" + numbered(1, ".new"));
  EXPECT_FALSE(tally());
  EXPECT_EQ(spool.depth().waiting, 2);
}

TEST_F(spool_tally, it_may_be_gone_or_damaged) {
  fs::remove(sender + "/tally");
  EXPECT_EQ(spool.put(message()).seq, 2);
  write_file(sender + "/tally", "nonsense");
  EXPECT_EQ(spool.put(message()).seq, 3);
  fs::remove(sender + "/tally");
  fs::create_symlink("/etc/passwd", sender + "/tally");
  EXPECT_EQ(spool.put(message()).seq, 4);
}

TEST_F(spool_tally, a_number_given_in_the_same_tick_is_seen) {
  spool.put(message());
  note_tally(open_sender(), {.highest = 1, .waiting = 1});
  EXPECT_FALSE(tally());
  EXPECT_EQ(spool.put(message()).seq, 3);
}

TEST_F(spool_tally, one_of_numbers_that_are_gone_counts_for_nothing) {
  note_tally(open_sender(), {.highest = 70, .waiting = 1});
  EXPECT_FALSE(tally());
  EXPECT_EQ(spool.put(message()).seq, 2);
}

TEST_F(spool_tally, a_copy_has_none) {
  const auto copy = directory / std::string(32, 'f');
  fs::copy(sender, copy, fs::copy_options::recursive);
  EXPECT_FALSE(read_tally(Descriptor{open(copy.c_str(), O_RDONLY)}));
}

TEST_F(spool_tally, the_oldest_is_found_when_others_have_gone) {
  ScriptedQueue queue;
  for (int i = 0; i < 4; ++i) spool.put(message());
  const Descriptor root{open(directory.path().c_str(), O_RDONLY)};
  const SpoolSender reader{root, id.sender};
  SpoolChange{reader}.settle({{1, SpoolState::waiting}, {2, SpoolState::waiting}});
  EXPECT_EQ(tally()->oldest, 3);
  EXPECT_EQ(tally()->waiting, 3);
}

}  // namespace
}  // namespace sheepdog
