// manager-test.cc -- what a service manager hears of a worker that is supervised.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "manager.hh"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "supervisor_support.hh"

namespace sheepdog {
namespace {

/// The datagrams that a service manager hears.
class Ear {
 public:
  explicit Ear(const std::string& file) : fd_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    file.copy(address.sun_path, sizeof address.sun_path - 1);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) abort();
    setenv("NOTIFY_SOCKET", file.c_str(), 1);
    setenv("WATCHDOG_USEC", "60000", 1);
  }
  ~Ear() {
    close(fd_);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
  }
  /// The first word of the next datagram; "" when none comes within a second.
  std::string next() {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, 1000) <= 0) return "";
    char text[200];
    const auto size = recv(fd_, text, sizeof text, 0);
    const std::string all{text, size > 0 ? static_cast<std::size_t>(size) : 0};
    return all.substr(0, all.find('\n'));
  }
  std::string next_but_watchdog() {
    std::string word = next();
    while (word == "WATCHDOG=1") word = next();
    return word;
  }

 private:
  int fd_;
};

TEST(manager, the_service_manager_hears_what_the_worker_tells) {
  Scene scene;
  Ear ear{scene.file("notify")};
  scene.start([](const Scene& s) {
    s.say(std::getenv("NOTIFY_SOCKET") ? "its own" : "none of its own");
    come_round(Seconds{1});
    tell_phase(Phase::serving);
    if (s.count("start") == 1) abort();  // that the next is ready is no news
    usleep(100'000);
    tell_phase(Phase::reloading);
    usleep(50'000);
    tell_phase(Phase::serving);
    usleep(100'000);
    tell_phase(Phase::stopping);
    usleep(50'000);
    leave(0);
  });
  EXPECT_EQ(ear.next_but_watchdog(), "READY=1");
  EXPECT_EQ(ear.next(), "WATCHDOG=1");
  EXPECT_EQ(ear.next_but_watchdog(), "RELOADING=1");
  EXPECT_EQ(ear.next_but_watchdog(), "READY=1");
  EXPECT_EQ(ear.next_but_watchdog(), "STOPPING=1");
  EXPECT_EQ(scene.end(), 0);
  EXPECT_EQ(scene.count("none of its own"), 2);
}

TEST(manager, only_a_worker_that_serves_feeds_the_watchdog) {
  Scene scene;
  Ear ear{scene.file("notify")};
  scene.start([](const Scene& s) {
    s.say("up");
    for (;;) pause();  // it never serves
  });
  ASSERT_TRUE(scene.waits_for("up"));
  EXPECT_EQ(ear.next(), "");
}

}  // namespace
}  // namespace sheepdog
