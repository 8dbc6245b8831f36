// spool.cc -- what it costs to put a message into a spool that holds few, and many.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Usage: spool DIRECTORY FEW MANY    prints the medians of 41 puts each, in ms, on two lines
#include "spool.hh"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "spool_file.hh"

namespace fs = std::filesystem;
using namespace sheepdog;

namespace {

const Json message{{"tag", "bench"}, {"state", "fail"}, {"summary", std::string(400, 'x')}};

/// A spool with `count` messages; but for the first they are written without a flush.
std::string filled(const std::string& directory, std::int64_t count) {
  const auto id = Spool{directory, {.messages = 1 << 30}}.put(message);
  const auto content = seal(write_json(message));
  for (std::int64_t n = 2; n <= count; ++n)
    std::ofstream{directory + "/" + id.sender + "/" + spool_name({n, SpoolState::waiting})}
        << content;
  return directory;
}

double median_put(Spool& spool) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < 41; ++i) {
    const auto began = Clock::now();
    spool.put(message);
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
  }
  std::nth_element(times.begin(), times.begin() + 20, times.end());
  return times[20];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string directory = argv[1];
  const SpoolLimits limits{.bytes = 1LL << 40, .messages = 1 << 30};
  Spool few{filled(directory + "/few", std::atoll(argv[2])), limits};
  Spool many{filled(directory + "/many", std::atoll(argv[3])), limits};
  few.put(message);  // the first that sees a changed directory lists it
  many.put(message);
  std::printf("%.3f\n", median_put(few));
  std::printf("%.3f\n", median_put(many));
}
