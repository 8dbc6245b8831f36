// target.hh -- what is fuzzed: each target takes any bytes and says which promise they broke.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace sheepdog::fuzz {

/// An input broke a promise.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void promise(bool kept, const std::string& what) {
  if (!kept) throw Broken{what};
}

/// Called as soon as what is tested has refused its input, before the target looks closer:
/// driver.cc sees here what that cost.
inline void (*refused)() = [] {};

/// A target: true when it took the bytes for good input, false when it refused them. The name is
/// that of its file, and of its directory below corpus/; test/core/corpus-test.cc and
/// test/fuzz/makefile know all of them.
using Target = bool(std::string_view bytes);

Target message, configuration, reply, queue, spool, text, crontab;

}  // namespace sheepdog::fuzz
