// judge.hh -- Guile beside a running job, to be asked for a verdict.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "paths.hh"
#include "seconds.hh"

namespace sheepdog {

/// A thread of its own in which Guile starts, `delay` after the beginning or when first asked. It
/// ends with the process: whoever has a Judge ends by `_exit`, since a plugin may never come back.
class Judge {
 public:
  Judge(const Paths& paths, Seconds delay);
  Judge(const Judge&) = delete;

  /// What `judge-json` of (sheepdog verdict) answers to `request`, within `patience`. Throws
  /// Error::broken when Guile, the module or the plugin breaks, takes too long, or exits.
  std::string ask(const std::string& request, Seconds patience);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sheepdog
