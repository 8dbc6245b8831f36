// spool_support.hh -- what tests of spools share: their files by name, a message, a queue by script.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "queue_support.hh"
#include "spool.hh"

namespace sheepdog {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

inline Json message(const std::string& tag = "x") { return Json{{"tag", tag}}; }

/// The names of a sender's messages, sorted.
inline Names names(const Spool& spool, const MessageId& id) {
  Names found;
  for (const auto& file : fs::directory_iterator{spool.directory() + "/" + id.sender})
    if (file.path().has_extension()) found.push_back(file.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

inline std::string numbered(int number, const std::string& ending) {
  const auto digits = std::to_string(number);
  return std::string(20 - digits.size(), '0') + digits + ending;
}

}  // namespace sheepdog
