// sheepdog-queue-daemon.cc -- the server: receivers, notifications, the clock.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon.hh"

int main(int argc, char** argv) {
  return sheepdog::run_daemon({.name = "sheepdog-queue-daemon",
                               .doc = "Hear the barks of the herd, store them, tell the right person once.",
                               .module = {"sheepdog", "command", "serve"},
                               .procedure = "serve",
                               .arguments = {"queue-daemon"},
                               .heap = 48 << 20},
                              argc, argv);
}
