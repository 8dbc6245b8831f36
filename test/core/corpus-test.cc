// corpus-test.cc -- every input that fuzzing learned from keeps the promises of its target.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "../fuzz/target.hh"
#include "support.hh"

namespace sheepdog {
namespace {

const std::filesystem::path corpus = SHEEPDOG_SOURCE "/test/fuzz/corpus";

const std::map<std::string, fuzz::Target*> targets{{"configuration", fuzz::configuration},
                                                   {"crontab", fuzz::crontab},
                                                   {"message", fuzz::message},
                                                   {"queue", fuzz::queue},
                                                   {"reply", fuzz::reply},
                                                   {"spool", fuzz::spool},
                                                   {"text", fuzz::text}};

TEST(corpus, no_input_breaks_a_promise) {
  for (const auto& [name, target] : targets) {
    for (const auto& file : std::filesystem::directory_iterator{corpus / name}) {
      SCOPED_TRACE(file.path());
      EXPECT_NO_THROW(target(read_file(file.path())));
    }
  }
}

TEST(corpus, each_target_has_good_and_bad_input) {
  std::set<std::string> known, there;
  for (const auto& [name, target] : targets) {
    known.insert(name);
    std::set<bool> kinds;
    for (const auto& file : std::filesystem::directory_iterator{corpus / name})
      kinds.insert(target(read_file(file.path())));
    EXPECT_EQ(kinds, (std::set<bool>{false, true})) << name;
  }
  for (const auto& directory : std::filesystem::directory_iterator{corpus})
    there.insert(directory.path().filename());
  EXPECT_EQ(there, known);
}

}  // namespace
}  // namespace sheepdog
