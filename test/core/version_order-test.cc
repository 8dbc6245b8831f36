// version_order-test.cc -- Debian's order, by its own examples.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "version_order.hh"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sheepdog {
namespace {

TEST(version_order, versions_come_in_the_order_of_debian) {
  const std::vector<std::string> ascending{
      "~~",    "~~a",    "~",        "",        "0.9~rc1",  "0.9",       "0.9a",  "0.9+b1",
      "0.10",  "1.0",    "1.0-1~x",  "1.0-1",   "1.0-1+b1", "1.0-1.1",   "1.0-2", "1.0.1-1",
      "1.9.0", "1.10.0", "1.10.0-3", "1.10.0-10", "2:0.1",  "10:0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      const int order = compare_versions(ascending[i], ascending[j]);
      EXPECT_EQ(order < 0, i < j) << ascending[i] << " and " << ascending[j];
      EXPECT_EQ(order > 0, i > j) << ascending[i] << " and " << ascending[j];
    }
}

TEST(version_order, zeros_before_a_number_and_an_epoch_of_zero_say_nothing) {
  EXPECT_EQ(compare_versions("1.01", "1.1"), 0);
  EXPECT_EQ(compare_versions("0:1.1", "1.1"), 0);
  EXPECT_EQ(compare_versions("1.0", "1.0-0"), 0);
  EXPECT_LT(compare_versions("99999999999999999998", "99999999999999999999"), 0);
}

TEST(version_order, what_is_no_epoch_is_part_of_the_version) {
  EXPECT_LT(compare_versions("a:1", "b:0"), 0);
  EXPECT_EQ(compare_versions("a:1", "a:1"), 0);
}

}  // namespace
}  // namespace sheepdog
