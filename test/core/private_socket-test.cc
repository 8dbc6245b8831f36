// private_socket-test.cc -- who may come in, and what happens to those who stay away
// SPDX-License-Identifier: GPL-3.0-or-later
#include "private_socket.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <string>
#include <thread>

#include "connect.hh"
#include "error.hh"
#include "support.hh"

namespace sheepdog {
namespace {

Descriptor visit(const std::string& path) {
  return connect_unix(path, std::chrono::steady_clock::now() + std::chrono::seconds{5});
}

std::string refusal(const std::string& path) {
  try {
    const PrivateSocket socket{path};
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) ? 0 : status.st_mode & 07777;
}

TEST(private_socket, only_its_user_can_open_it_whatever_the_umask_is) {
  TemporaryDirectory directory;
  const mode_t before = umask(0);
  const PrivateSocket socket{directory / "new/repl"};
  umask(before);
  EXPECT_EQ(mode_of(directory / "new/repl"), 0600U);
  EXPECT_EQ(mode_of(directory / "new"), 0700U);
}

TEST(private_socket, it_knows_who_came) {
  TemporaryDirectory directory;
  PrivateSocket socket{directory / "repl"};
  const auto caller = visit(directory / "repl");
  const auto connection = socket.accept(Seconds{5});
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->uid(), geteuid());
  EXPECT_EQ(connection->pid(), getpid());
}

TEST(private_socket, nobody_comes) {
  TemporaryDirectory directory;
  PrivateSocket socket{directory / "repl"};
  EXPECT_FALSE(socket.accept(Seconds{0.01}));
}

TEST(private_socket, that_of_a_living_process_is_not_taken) {
  TemporaryDirectory directory;
  const std::string path = directory / "repl";
  PrivateSocket socket{path};
  EXPECT_EQ(refusal(path), "cannot listen at " + path + ": another process listens there");
  const auto caller = visit(path);
  EXPECT_TRUE(socket.accept(Seconds{5}));  // the one that asked whether anybody lives
  EXPECT_TRUE(socket.accept(Seconds{5}));
}

TEST(private_socket, that_of_a_dead_process_is) {
  TemporaryDirectory directory;
  const std::string path = directory / "repl";
  const pid_t dead = fork();
  if (dead == 0) {
    const PrivateSocket socket{path};
    _exit(0);  // without a destructor
  }
  waitpid(dead, nullptr, 0);
  EXPECT_EQ(mode_of(path), 0600U);
  PrivateSocket socket{path};
  const auto caller = visit(path);
  EXPECT_TRUE(socket.accept(Seconds{5}));
}

TEST(private_socket, a_file_is_left_alone) {
  TemporaryDirectory directory;
  const std::string path = directory / "repl";
  write_file(path, "letters");
  EXPECT_EQ(refusal(path), "cannot listen at " + path + ": it exists, and is no socket");
  EXPECT_EQ(read_file(path), "letters");
}

TEST(private_socket, a_directory_that_others_can_write_is_refused) {
  TemporaryDirectory directory;
  const std::string path = directory / "repl";
  chmod(directory.path().c_str(), 01777);
  EXPECT_EQ(refusal(path), "cannot listen at " + path + ": others can write its directory");
}

TEST(private_socket, a_name_that_is_too_long_is_told) {
  const std::string path = "/tmp/" + std::string(120, 'x');
  EXPECT_EQ(refusal(path), "cannot listen at " + path +
                               ": the name is longer than 107 bytes, the most of a Unix socket");
}

TEST(private_socket, to_shut_it_wakes_who_waits_and_removes_it) {
  TemporaryDirectory directory;
  PrivateSocket socket{directory / "repl"};
  std::jthread other{[&] {
    std::this_thread::yield();
    socket.shut();
  }};
  EXPECT_THROW(socket.accept(Seconds{60}), Error);
  other.join();
  EXPECT_EQ(mode_of(directory / "repl"), 0U);
}

TEST(private_socket, another_ones_name_is_not_removed) {
  TemporaryDirectory directory;
  PrivateSocket first{directory / "repl"};
  std::filesystem::rename(directory / "repl", directory / "old");
  const PrivateSocket second{directory / "repl"};
  first.shut();
  EXPECT_EQ(mode_of(directory / "repl"), 0600U);
}

/// Both ends of a connection.
struct Ends {
  TemporaryDirectory directory;
  PrivateSocket socket{directory / "repl"};
  Descriptor far = visit(directory / "repl");
  std::unique_ptr<Connection> near = socket.accept(Seconds{5});
};

TEST(connection, bytes_go_both_ways) {
  Ends ends;
  EXPECT_FALSE(ends.near->readable());
  ASSERT_EQ(send(ends.far.get(), "ping", 4, 0), 4);
  EXPECT_TRUE(ends.near->readable());
  char bytes[16];
  EXPECT_EQ(std::string(bytes, ends.near->read(bytes, sizeof bytes)), "ping");
  EXPECT_TRUE(ends.near->write("pong", Seconds{5}));
  EXPECT_EQ(std::string(bytes, static_cast<std::size_t>(read(ends.far.get(), bytes, sizeof bytes))),
            "pong");
}

TEST(connection, who_leaves_is_at_an_end) {
  Ends ends;
  ends.far.close();
  char byte;
  EXPECT_EQ(ends.near->read(&byte, 1), 0U);
  EXPECT_FALSE(ends.near->write("x", Seconds{5}));
}

TEST(connection, who_does_not_read_is_shut_out) {
  Ends ends;
  EXPECT_FALSE(ends.near->write(std::string(std::size_t{8} << 20, 'x'), Seconds{0.05}));
  char byte;
  EXPECT_EQ(ends.near->read(&byte, 1), 0U);
}

TEST(connection, to_shut_it_wakes_who_reads) {
  Ends ends;
  std::jthread other{[&] { ends.near->shut(); }};
  char byte;
  EXPECT_EQ(ends.near->read(&byte, 1), 0U);
}

}  // namespace
}  // namespace sheepdog
