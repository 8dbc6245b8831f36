// paths-test.cc -- where things lie.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "paths.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "error.hh"
#include "support.hh"

namespace sheepdog {
namespace {

using Texts = std::vector<std::string>;

/// An environment for the length of a test; what it does not name of ours is unset.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& wanted) {
    for (const char* name : {"HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
                             "SHEEPDOG_DATADIR", "SHEEPDOG_CONF"}) {
      const char* value = std::getenv(name);
      before_[name] = value ? std::optional<std::string>{value} : std::nullopt;
      unsetenv(name);
    }
    for (const auto& [name, value] : wanted) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : before_)
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
  }
  Environment(const Environment&) = delete;

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST(paths, root_has_the_systems_places) {
  if (geteuid() != 0) GTEST_SKIP() << "not root";
  const Environment environment{{{"HOME", "/root"}}};
  const auto paths = find_paths();
  EXPECT_TRUE(paths.system);
  EXPECT_EQ(paths.state, "/var/lib/sheepdog");
  EXPECT_EQ(paths.spool, "/var/spool/sheepdog");
  EXPECT_EQ(paths.run, "/run/sheepdog");
  EXPECT_EQ(paths.configuration, "/etc/sheepdog");
}

TEST(paths, a_state_directory_of_ones_own_gives_everybodys_places) {
  const Environment environment{{{"HOME", "/home/i"}, {"XDG_STATE_HOME", "/s"}}};
  const auto paths = find_paths();
  EXPECT_FALSE(paths.system);
  EXPECT_EQ(paths.state, "/s/sheepdog");
  EXPECT_EQ(paths.spool, "/s/sheepdog/spool");
  EXPECT_EQ(paths.run, "/s/sheepdog");
  EXPECT_EQ(paths.configuration, "/home/i/.config/sheepdog");
}

TEST(paths, the_xdg_directories_count_when_they_are_absolute) {
  const Environment environment{{{"HOME", "/home/i"},
                                 {"XDG_STATE_HOME", "/s"},
                                 {"XDG_RUNTIME_DIR", "/run/user/7"},
                                 {"XDG_CONFIG_HOME", "c"}}};
  const auto paths = find_paths();
  EXPECT_EQ(paths.run, "/run/user/7/sheepdog");
  EXPECT_EQ(paths.configuration, "/home/i/.config/sheepdog");
}

TEST(paths, plugins_are_sought_at_the_users_the_sites_and_ours) {
  const Environment environment{
      {{"HOME", "/home/i"}, {"XDG_STATE_HOME", "/s"}, {"SHEEPDOG_DATADIR", "/b/share/sheepdog"}}};
  const auto paths = find_paths();
  EXPECT_EQ(paths.plugins("monitors"),
            (Texts{"/home/i/.config/sheepdog/monitors", "/etc/sheepdog/monitors",
                   "/b/share/sheepdog/monitors"}));
  EXPECT_EQ(paths.compiled, "/b/share/sheepdog/../../lib/sheepdog/ccache");
}

TEST(paths, the_first_configuration_that_exists_is_taken) {
  TemporaryDirectory home;
  const Environment environment{{{"HOME", home.path()}, {"XDG_STATE_HOME", home / "state"}}};
  const auto paths = find_paths();
  EXPECT_EQ(find_configuration("/given", paths), "/given");
  write_file(home / ".sheepdog.conf", "");
  EXPECT_EQ(find_configuration({}, paths), home / ".sheepdog.conf");
  std::filesystem::create_directories(home / ".config/sheepdog");
  write_file(home / ".config/sheepdog/sheepdog.conf", "");
  EXPECT_EQ(find_configuration({}, paths), home / ".config/sheepdog/sheepdog.conf");
  setenv("SHEEPDOG_CONF", "/named", 1);
  EXPECT_EQ(find_configuration({}, paths), "/named");
}

TEST(paths, directories_are_made_for_their_owner_alone) {
  TemporaryDirectory directory;
  make_directory(directory / "a/b", Paths{});
  make_directory(directory / "a/b/", Paths{});
  struct stat status {};
  ASSERT_EQ(stat((directory / "a/b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  write_file(directory / "file", "");
  try {
    make_directory(directory / "file/x", Paths{});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.what(),
              "cannot make the directory " + (directory / "file/x") + ": Not a directory");
  }
}

TEST(paths, a_host_name_is_short_and_small) {
  const auto name = short_host_name();
  EXPECT_FALSE(name.empty());
  EXPECT_EQ(name.find('.'), std::string::npos);
  EXPECT_EQ(name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos);
}

}  // namespace
}  // namespace sheepdog
