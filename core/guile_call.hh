// guile_call.hh -- what Scheme is to do, and how sheepdog-guile is started to do it.
//
// The programs that people call have no Guile in them: it would cost each of them its start. Who
// wants something of Scheme names a procedure and its arguments, and another process calls it.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "descriptor.hh"
#include "json.hh"
#include "paths.hh"

namespace sheepdog {

/// A procedure of module (sheepdog MODULE...), `{"sheepdog","command"}`, and what it is called with.
struct SchemeCall {
  std::vector<std::string> module;
  std::string procedure;
  std::vector<Json> arguments = {};
  std::size_t heap = 0;  // bytes that Guile's heap is to have from the start
};

Json to_json(const SchemeCall& call);
/// Throws Error::bad_message for what to_json() did not make.
SchemeCall parse_call(const std::string& text);

/// What is to be started: `argv`, and a descriptor that `argv` names by its number, so that it must
/// stay open in the new process; in this one it is close-on-exec.
struct GuileStart {
  std::vector<std::string> argv;
  Descriptor request;
};

/// `call`, whose integer result becomes the exit status, done in the name of `program`: so its
/// messages and its log begin. Throws Error::broken without memory or descriptors.
GuileStart start_of(const SchemeCall& call, const std::string& program, const Paths& paths);

/// Let this process become sheepdog-guile and do `call` in the name of `program`. Returns never;
/// throws Error::cannot_run where there is no sheepdog-guile.
[[noreturn]] void become_guile(const SchemeCall& call, const std::string& program,
                               const Paths& paths);

/// Where it lies, and why it could not be started, as an error with a hint.
std::string guile_program(const Paths& paths);
[[noreturn]] void refuse_guile(const Paths& paths, int error);

}  // namespace sheepdog
