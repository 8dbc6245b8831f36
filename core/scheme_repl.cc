// scheme_repl.cc -- a port that knows of turns.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "scheme_repl.hh"

#include <thread>

#include "glue.hh"
#include "scheme_data.hh"
#include "seconds.hh"
#include "turn.hh"
#include "worker.hh"

namespace sheepdog {
namespace {

using glue::without_guile;
using Clock = std::chrono::steady_clock;

constexpr Seconds unread{2.0};   // that a client may leave what it asked for
constexpr Seconds longest{7.0};  // of a turn: then the supervisor ends this process

Client& client_of(SCM port) { return *glue::Handle<Client>::pointer(SCM_PACK(SCM_STREAM(port))); }

char* part_of(SCM bytes, std::size_t start) {  // the collector moves nothing
  return reinterpret_cast<char*>(SCM_BYTEVECTOR_CONTENTS(bytes)) + start;
}

std::size_t read_port(SCM port, SCM to, std::size_t start, std::size_t count) {
  scm_force_output(port);
  Client& client = client_of(port);
  char* const part = part_of(to, start);
  client.end_turn();
  const std::size_t size = without_guile([&] {
    const TurnAway away;
    return client.connection->read(part, count);
  });
  client.begin_turn();
  scm_remember_upto_here_2(port, to);
  return size;
}

std::size_t write_port(SCM port, SCM from, std::size_t start, std::size_t count) {
  Client& client = client_of(port);
  if (client.waits) return count;  // it has left: Guile flushes each port when the process ends
  const std::string_view part{part_of(from, start), count};
  const bool done = without_guile([&] { return client.connection->write(part, unread); });
  scm_remember_upto_here_2(port, from);
  if (!done)
    glue::raise("repl", scm_from_utf8_symbol("closed"),
                glue::text_to_scm("the client of the REPL is gone, or does not read"),
                glue::text_to_scm(""));
  return count;
}

int waits_in_port(SCM port) { return client_of(port).connection->readable(); }

scm_t_port_type* port_type() {
  static scm_t_port_type* const type = [] {
    auto* made = scm_make_port_type(const_cast<char*>("repl"), read_port, write_port);
    scm_set_port_input_waiting(made, waits_in_port);
    return made;
  }();
  return type;
}

struct Session {
  SCM client, thunk;  // protected: nothing on a stack holds them
};

void* serve(void* p) {
  auto* const session = static_cast<Session*>(p);
  Client& client = glue::Convert<Client&>::from(session->client);
  client.begin_turn();
  scm_c_catch(
      SCM_BOOL_T, [](void* s) { return scm_call_0(static_cast<Session*>(s)->thunk); }, session,
      [](void*, SCM, SCM) { return SCM_BOOL_F; }, nullptr, nullptr, nullptr);
  client.end_turn();
  client.connection->close();
  scm_gc_unprotect_object(session->client);
  scm_gc_unprotect_object(session->thunk);
  return nullptr;
}

}  // namespace

void Client::begin_turn() {
  ++turns;
  since = Clock::now();
  waits = false;
  enter_section("the REPL", longest);
}

void Client::end_turn() {
  leave_section();
  waits = true;
}

void turn_take() {
  without_guile([] { take_turn(); });
}

std::unique_ptr<PrivateSocket> socket_listen(const std::string& path) {
  return std::make_unique<PrivateSocket>(path);
}

SCM socket_accept(PrivateSocket& socket, double patience) {
  auto connection = without_guile([&] { return socket.accept(Seconds{patience}); });
  if (!connection) return SCM_BOOL_F;
  auto client = std::make_unique<Client>();
  client->connection = std::move(connection);
  return glue::Convert<std::unique_ptr<Client>>::to(std::move(client));
}

void socket_shut(PrivateSocket& socket) { socket.shut(); }

std::pair<std::int64_t, std::int64_t> client_peer(Client& client) {
  return {client.connection->uid(), client.connection->pid()};
}

void client_start(SCM client, SCM thunk) {
  if (!glue::Convert<Client&>::is(client)) throw glue::WrongType{1, client, "client"};
  auto* const session = new Session{scm_gc_protect_object(client), scm_gc_protect_object(thunk)};
  std::thread{[session] {
    take_turn();
    scm_with_guile(serve, session);
    delete session;
    give_turn();
  }}.detach();
}

SCM client_turn(Client& client) {
  if (client.waits) return SCM_BOOL_F;
  const Seconds lasted = Clock::now() - client.since.load();
  return scm_cons(scm_from_int64(client.turns), scm_from_double(lasted.count()));
}

void client_shut(Client& client) { client.connection->shut(); }

SCM client_port(SCM client) {
  if (!glue::Convert<Client&>::is(client)) throw glue::WrongType{1, client, "client"};
  return scm_c_make_port_with_encoding(
      port_type(), SCM_RDNG | SCM_WRTNG, scm_from_utf8_symbol("UTF-8"),
      scm_from_utf8_symbol("substitute"), SCM_UNPACK(client));
}

}  // namespace sheepdog
