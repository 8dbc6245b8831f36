// sheepdog-daemon.cc -- on every machine: watches it, keeps the heartbeat, drains the spool.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon.hh"

int main(int argc, char** argv) {
  return sheepdog::run_daemon({.name = "sheepdog-daemon",
                               .doc = "Tell how this machine is, and hand over what waits in its spool.",
                               .module = {"sheepdog", "command", "daemon"},
                               .procedure = "watch",
                               .arguments = {},
                               .heap = 36 << 20,
                               .spools = true},
                              argc, argv);
}
