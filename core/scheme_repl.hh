// scheme_repl.hh -- a private socket and the clients of a REPL at it, as Scheme sees them.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libguile.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "private_socket.hh"

namespace sheepdog {

/// Who is at the other end of a REPL. Its thread has the turn but while it waits for input.
struct Client {
  std::unique_ptr<Connection> connection;
  std::atomic<std::int64_t> turns = 0;  // how many it has had
  std::atomic<bool> waits = true;       // for input
  std::atomic<std::chrono::steady_clock::time_point> since = {};  // its turn began

  void begin_turn();
  void end_turn();
};

void turn_take();

std::unique_ptr<PrivateSocket> socket_listen(const std::string& path);

/// A client, or #f when nobody came within `patience` seconds.
SCM socket_accept(PrivateSocket& socket, double patience);
void socket_shut(PrivateSocket& socket);

/// (UID . PID)
std::pair<std::int64_t, std::int64_t> client_peer(Client& client);

/// Call `thunk` in a thread of its own for `client`, which is closed when that is done. The thread
/// has to do with Guile only in its turn.
void client_start(SCM client, SCM thunk);

/// (NUMBER . SECONDS) of the turn that it has now, #f while it waits for input.
SCM client_turn(Client& client);
void client_shut(Client& client);

/// The port to and from `client`. Who waits in it for input gives the turn away meanwhile; a client
/// that does not read for 2 s is shut out.
SCM client_port(SCM client);

}  // namespace sheepdog
