// quantity-test.cc -- durations and sizes as people write them.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "quantity.hh"

#include <gtest/gtest.h>

namespace sheepdog {
namespace {

TEST(quantity, durations_are_numbers_with_a_unit) {
  EXPECT_EQ(parse_duration("90s"), Seconds{90});
  EXPECT_EQ(parse_duration("5m"), Seconds{300});
  EXPECT_EQ(parse_duration("36h"), Seconds{129'600});
  EXPECT_EQ(parse_duration("2d"), Seconds{172'800});
  EXPECT_EQ(parse_duration("1w"), Seconds{604'800});
  EXPECT_EQ(parse_duration("0.5s"), Seconds{0.5});
  EXPECT_EQ(parse_duration("0s"), Seconds{0});
}

TEST(quantity, what_is_no_duration_is_nothing) {
  for (const char* text : {"", "s", "5", "5 min", "5 m", "-5m", "+5m", "1e99s", "5ms", ".5s", "5.s",
                           "1.2.3s", "99999999999999999999s", "9999999w", "5M", "0x5s"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(quantity, sizes_are_bytes_with_or_without_a_unit) {
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("64KiB"), 65'536);
  EXPECT_EQ(parse_size("10MB"), 10'000'000);
  EXPECT_EQ(parse_size("1.5GiB"), 1'610'612'736);
  EXPECT_EQ(parse_size("2kB"), 2000);
}

TEST(quantity, what_is_no_size_is_nothing) {
  for (const char* text : {"", "KiB", "64 KiB", "64K", "-1", "1e9", "9999999999TiB"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

}  // namespace
}  // namespace sheepdog
