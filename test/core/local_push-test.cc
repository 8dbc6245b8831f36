// local_push-test.cc -- what a program without SQLite pushes lies in the local queue.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "local_push.hh"

#include <gtest/gtest.h>

#include "error.hh"
#include "local_queue.hh"
#include "queue_support.hh"
#include "support.hh"

namespace sheepdog {
namespace {

TEST(local_push, what_it_pushes_can_be_claimed) {
  use_build_tree();
  TemporaryDirectory directory;
  std::vector<Outgoing> messages{{"{\"tag\":\"é\"}", 5, 3}, {"b", 6, 4}};
  LocalPush{directory.path()}.push(messages);
  const auto entries = LocalQueue{directory.path()}.claim(10, Seconds{0});
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].message, messages[0].message);
  EXPECT_EQ(entries[0].sent, 5);
  EXPECT_EQ(entries[0].first, 3);
  EXPECT_EQ(entries[1].message, "b");
}

TEST(local_push, what_cannot_be_pushed_is_an_error) {
  use_build_tree();
  const Outgoing message{"a", 1, 1};
  EXPECT_EQ(error_of([&] { LocalPush{"/proc/nowhere"}.push({&message, 1}); }).substr(0, 19),
            "queue-unreachable: ");
}

TEST(local_push, takes_nothing_out) {
  EXPECT_EQ(error_of([] { LocalPush{"/tmp"}.claim(1, Seconds{0}); }),
            "usage: this program only pushes to the local queue");
}

}  // namespace
}  // namespace sheepdog
