// sheepdog-guile.cc -- our interpreter for a script: compiles the modules, runs the Scheme tests.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Not installed: `sheepdog-guile FILE [ARGUMENT...]`.
#include <exception>
#include <string>
#include <vector>

#include "interpreter.hh"
#include "log.hh"

int main(int argc, char** argv) {
  using namespace sheepdog;
  open_log("sheepdog-guile", {});
  if (argc < 2) {
    complain("usage: sheepdog-guile FILE [ARGUMENT...]");
    return 2;
  }
  try {
    with_interpreter(find_paths(), [&] { load_script(argv[1], {argv + 2, argv + argc}); });
    return 0;
  } catch (const std::exception& e) {
    complain(e.what());
    return 2;
  }
}
