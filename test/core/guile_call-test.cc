// guile_call-test.cc -- a call reaches the process that does it.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "guile_call.hh"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "error.hh"
#include "queue_support.hh"
#include "support.hh"

namespace sheepdog {
namespace {

const SchemeCall call{{"sheepdog", "x"}, "y!", {Json("a\n"), Json(), Json{{"k", 1}}}, 1 << 20};

TEST(guile_call, is_the_same_after_its_way_as_text) {
  const std::string text = write_json(to_json(call));
  EXPECT_EQ(text.find('\n'), text.npos);
  EXPECT_EQ(write_json(to_json(parse_call(text))), text);
}

TEST(guile_call, nonsense_is_none) {
  EXPECT_EQ(error_of([] { parse_call("{}"); }).substr(0, 33), "bad-message: no call of Scheme: [");
  EXPECT_EQ(error_of([] { parse_call(""); }).substr(0, 13), "bad-message: ");
}

TEST(guile_call, its_start_names_program_and_descriptor) {
  Paths paths;
  paths.programs = "/p";
  const GuileStart start = start_of(call, "sheepdog-daemon", paths);
  const std::string number = std::to_string(start.request.get());
  EXPECT_EQ(start.argv, (std::vector<std::string>{"/p/sheepdog-guile", "--program=sheepdog-daemon",
                                                  "--request=" + number}));
  EXPECT_EQ(read_file("/proc/self/fd/" + number), write_json(to_json(call)));
  EXPECT_EQ(fcntl(start.request.get(), F_GETFD), FD_CLOEXEC);
}

TEST(guile_call, without_sheepdog_guile_is_an_error_that_names_it) {
  Paths paths;
  paths.programs = "/nonexistent";
  EXPECT_EQ(error_of([&] { become_guile(call, "sheepdog", paths); }),
            "cannot-run: cannot run /nonexistent/sheepdog-guile: No such file or directory");
}

}  // namespace
}  // namespace sheepdog
