// queue-test.cc -- which queue is opened.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue.hh"

#include <gtest/gtest.h>

#include "queue_support.hh"

namespace sheepdog {
namespace {

TEST(queue, of_several_addresses_the_first_that_answers_is_taken) {
  RedisServer server;
  QueueAddress dead;
  dead.transport = QueueAddress::Transport::redis;
  dead.socket = "/nonexistent/socket";
  std::vector<QueueAddress> addresses{dead, address_of(server)};
  EXPECT_TRUE(open_first_queue(addresses)->describe().ends_with(server.socket()));
  addresses.pop_back();
  addresses.push_back(dead);
  addresses.back().socket = "/nonexistent/other";
  EXPECT_EQ(error_of([&] { open_first_queue(addresses); }),
            "queue-unreachable: cannot reach redis at /nonexistent/socket: "
            "No such file or directory");
}

}  // namespace
}  // namespace sheepdog
