// sheepdog-handler.cc -- one more worker on the server's queue and database.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon.hh"

int main(int argc, char** argv) {
  return sheepdog::run_daemon({.name = "sheepdog-handler",
                               .doc = "Help the queue daemon of this database: all but what is timed.",
                               .module = {"sheepdog", "command", "serve"},
                               .procedure = "serve",
                               .arguments = {"handler"},
                               .heap = 48 << 20},
                              argc, argv);
}
