// redis-test.cc -- the connection: how it is made, refused, lost and found again.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redis.hh"

#include <gtest/gtest.h>
#include <sys/un.h>

#include "queue_support.hh"
#include "redis_queue.hh"

namespace sheepdog {
namespace {

TEST(redis, a_server_that_was_killed_is_found_again) {
  RedisServer server{{.more = {"--appendonly", "yes", "--appendfsync", "always"}}};
  RedisQueue queue{address_of(server)};
  push(queue, {"a"});
  server.kill_now();
  EXPECT_EQ(error_of([&] { push(queue, {"b"}); }),
            "queue-unreachable: cannot reach redis at " + server.socket() + ": Connection refused");
  server.start();
  push(queue, {"c"});
  EXPECT_EQ(messages(queue.claim(5, at_once)), (Texts{"a", "c"}));
}

TEST(redis, a_server_that_hangs_is_given_up_in_time_and_its_late_reply_is_not_taken) {
  RedisServer server;
  auto address = address_of(server);
  address.timeout = Seconds{0.3};
  RedisQueue queue{address};
  server.ask({"HSET", "sheepdog:acks", "s", "1", "t", "2"});
  EXPECT_EQ(queue.acknowledged("s"), 1);
  server.freeze();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(error_of([&] { queue.acknowledged("s"); }),
            "queue-unreachable: cannot reach redis at " + server.socket() + ": timed out");
  EXPECT_LT(Seconds{std::chrono::steady_clock::now() - begin}, Seconds{1});
  // The answer to the first question comes while the second waits for its own.
  std::thread thaw{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    server.thaw();
  }};
  EXPECT_EQ(queue.acknowledged("t"), 2);
  thaw.join();
}

/// A socket of `file` that listens.
Descriptor listen_at(const std::string& file) {
  Descriptor listening{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  file.copy(name.sun_path, sizeof name.sun_path - 1);
  if (bind(listening.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) ||
      listen(listening.get(), 1))
    throw std::runtime_error{"cannot listen at " + file};
  return listening;
}

TEST(redis, a_server_that_never_stops_talking_is_given_up_in_time) {
  TemporaryDirectory directory;
  QueueAddress address;
  address.transport = QueueAddress::Transport::redis;
  address.socket = directory / "endless";
  address.timeout = Seconds{0.3};
  const Descriptor listening = listen_at(address.socket);
  const std::string line(24 << 20, '+');  // the longer it is, the slower more of it is read
  std::thread endless{[&] {
    const Descriptor connection{accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{3};
    send(connection.get(), line.data(), line.size(), MSG_NOSIGNAL);
    while (std::chrono::steady_clock::now() < end &&
           send(connection.get(), "+", 1, MSG_NOSIGNAL) == 1) {
    }
  }};
  EXPECT_EQ(error_of([&] { RedisQueue{address}.acknowledged("s"); }),
            "queue-unreachable: cannot reach redis at " + address.socket + ": timed out");
  endless.join();
}

TEST(redis, what_nobody_asked_for_is_no_answer_to_the_next_question) {
  TemporaryDirectory directory;
  QueueAddress address;
  address.transport = QueueAddress::Transport::redis;
  address.socket = directory / "talkative";
  const Descriptor listening = listen_at(address.socket);
  std::vector<Descriptor> connections;  // open till the end: a reset would take the answer back
  std::thread talkative{[&] {
    for (const std::string answer : {"$1\r\n1\r\n$1\r\n9\r\n", "$1\r\n2\r\n"}) {
      connections.emplace_back(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
      send(connections.back().get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }};
  RedisQueue queue{address};
  EXPECT_EQ(error_of([&] {
              EXPECT_EQ(queue.acknowledged("s"), 1);
              EXPECT_EQ(queue.acknowledged("s"), 2);
            }),
            "");
  shutdown(listening.get(), SHUT_RDWR);
  talkative.join();
}

TEST(redis, an_end_set_from_outside_is_kept) {
  RedisServer server;
  RedisQueue queue{address_of(server)};
  server.freeze();
  const auto begin = std::chrono::steady_clock::now();
  queue.end_at(begin + std::chrono::milliseconds{100});
  EXPECT_NE(error_of([&] { queue.describe(); }), "");
  EXPECT_LT(Seconds{std::chrono::steady_clock::now() - begin}, Seconds{0.8});
  server.thaw();
}

TEST(redis, passwords_users_and_database_numbers_are_given) {
  RedisServer server{{.password = "secret"}};
  auto address = address_of(server);
  EXPECT_EQ(
      error_of([&] { RedisQueue{address}.describe(); }),
      "queue-refused: redis at " + address.place() + " refuses: NOAUTH Authentication required.");
  address.password = "wrong";
  EXPECT_NE(error_of([&] { RedisQueue{address}.describe(); }).find("WRONGPASS"), std::string::npos);
  address.password = "secret";
  address.database = 3;
  RedisQueue queue{address};
  push(queue, {"a"});
  EXPECT_EQ(server.ask({"-n", "3", "XLEN", "sheepdog:barks"}), "1");
  EXPECT_EQ(queue.identity(), "redis:" + address.socket + "/3:sheepdog");

  server.ask({"ACL", "SETUSER", "web1", "on", ">pw1", "resetkeys", "%W~sheepdog:barks",
              "%R~sheepdog:acks", "+xadd", "+hget", "+xlen", "+ping", "+auth", "+select"});
  address.user = "web1";
  address.password = "pw1";
  RedisQueue client{address};
  push(client, {"b"});
  EXPECT_EQ(client.acknowledged("s"), std::nullopt);
  EXPECT_EQ(client.describe(), "redis at " + address.place());
  EXPECT_EQ(client.depth().waiting, 2);
}

TEST(redis, the_rights_that_the_manual_gives_a_server_suffice) {
  RedisServer server;
  server.ask({"ACL", "SETUSER", "server", "on", ">pw", "resetkeys", "~sheepdog:*", "resetchannels",
              "+@stream", "+@hash", "+@list", "+eval", "+info", "+ping", "+auth"});
  {
    RedisQueue dead{address_of(server)};
    push(dead, {"a"});
    dead.claim(1, at_once);
  }
  server.ask({"LPUSH", "sheepdog:inbox", "b"});
  auto address = address_of(server);
  address.user = "server";
  address.password = "pw";
  RedisQueue queue{address};
  const auto entries = queue.claim(5, at_once);
  EXPECT_EQ(messages(entries), Texts{"a"});
  queue.acknowledge(ids(entries), {{"s", 1}});
  EXPECT_EQ(messages(queue.claim(5, at_once)), Texts{"b"});
}

TEST(redis, tcp_works_by_name_and_by_number) {
  RedisServer server{{.tcp = true}};
  for (const char* host : {"localhost", "127.0.0.1"}) {
    QueueAddress address;
    address.transport = QueueAddress::Transport::redis;
    address.host = host;
    address.port = server.port();
    EXPECT_TRUE(RedisQueue{address}.describe().starts_with("redis 7."));
    EXPECT_EQ(address.place(), std::string{host} + ":" + std::to_string(server.port()));
  }
}

TEST(redis, a_port_where_nobody_listens_and_a_name_that_nobody_has_are_told) {
  QueueAddress address;
  address.transport = QueueAddress::Transport::redis;
  address.host = "127.0.0.1";
  address.port = free_port();
  EXPECT_EQ(error_of([&] { RedisQueue{address}.describe(); }),
            "queue-unreachable: cannot reach redis at " + address.place() + ": Connection refused");
  address.host = "no-such-host.invalid";
  EXPECT_TRUE(error_of([&] {
                RedisQueue{address}.describe();
              }).starts_with("queue-unreachable: cannot reach redis at no-such-host.invalid:"));
}

TEST(redis, what_redis_refuses_is_told_in_its_words) {
  RedisServer server;
  server.ask({"SET", "sheepdog:barks", "x"});
  RedisQueue queue{address_of(server)};
  EXPECT_TRUE(error_of([&] {
                push(queue, {"a"});
              }).starts_with("queue-refused: redis at " + server.socket() + " refuses: WRONGTYPE"));
  server.ask({"DEL", "sheepdog:barks"});
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_NE(error_of([&] { push(queue, {"a"}); }).find("refuses: OOM"), std::string::npos);
}

TEST(redis, a_redis_without_memory_is_drained) {
  RedisServer server;
  RedisQueue sender{address_of(server)}, server_before{address_of(server)};
  push(sender, {"a", "b"});
  EXPECT_EQ(messages(server_before.claim(1, at_once)), Texts{"a"});
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  RedisQueue server_after{address_of(server)};
  const auto entries = server_after.claim(1, at_once);
  EXPECT_EQ(messages(entries), Texts{"b"});
  server_after.acknowledge(ids(entries), {{"s", 1}});
  EXPECT_EQ(server.ask({"XLEN", "sheepdog:barks"}), "1");
}

TEST(redis, what_answers_no_redis_is_told) {
  TemporaryDirectory directory;
  const auto path = directory / "socket";
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  path.copy(raw.sun_path, sizeof raw.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&raw), sizeof raw), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  std::thread other{[&] {
    const int peer = accept(fd, nullptr, nullptr);
    char asked[256];
    EXPECT_GT(read(peer, asked, sizeof asked), 0);  // who closes before that resets the connection
    EXPECT_EQ(write(peer, "HTTP/1.1 400 Bad Request\r\n\r\n", 28), 28);
    close(peer);
  }};
  QueueAddress address;
  address.transport = QueueAddress::Transport::redis;
  address.socket = path;
  const auto error = error_of([&] { RedisQueue{address}.describe(); });
  other.join();
  close(fd);
  EXPECT_TRUE(error.starts_with("queue-unreachable: cannot reach redis at " + path +
                                ": no answer of Redis: Protocol error"))
      << error;
}

}  // namespace
}  // namespace sheepdog
