// interpreter.hh -- Guile inside: started once, given our primitives, called by name.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "guile_call.hh"
#include "json.hh"
#include "paths.hh"

namespace sheepdog {

/// Run `body` with Guile up in this thread: locale C.UTF-8, no auto-compilation, load paths of
/// `paths`, module (sheepdog core) defined. What `body` throws is thrown here.
void with_interpreter(const Paths& paths, const std::function<void()>& body);

/// Inside of with_interpreter: let the heap be at least `bytes`, so that a busy program collects less
/// often; the memory is taken when it is used.
void expand_heap(std::size_t bytes);

/// Inside of with_interpreter: do `call`, its arguments converted as by %json-read, and give its
/// answer converted back. A Scheme error is thrown as Error::broken, with its text; `(exit N)` ends
/// the process with status N.
Json call_scheme(const SchemeCall& call);

/// Write out what Scheme's ports still hold.
void flush_ports();

/// Load the Scheme file `file` as a script with `arguments`.
void load_script(const std::string& file, const std::vector<std::string>& arguments);

}  // namespace sheepdog
