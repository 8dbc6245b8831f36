// interpreter.cc -- Guile inside: started once, given our primitives, called by name.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "interpreter.hh"

#include <gc/gc.h>
#include <libguile.h>

#include <clocale>
#include <cstdlib>
#include <exception>
#include <mutex>

#include "error.hh"
#include "glue.hh"
#include "primitives.hh"
#include "scheme_json.hh"
#include "worker.hh"

namespace sheepdog {
namespace {

// ---- Scheme called from C++: a Scheme error becomes a C++ exception ----

/// All that is alive while Scheme runs: SCM on the stack, seen by the collector, and plain data.
struct Call {
  SCM (*run)(void*);
  void* data;
  bool failed = false;
  SCM key = SCM_BOOL_F, arguments = SCM_EOL;
};

SCM run_call(void* p) {
  auto* call = static_cast<Call*>(p);
  return call->run(call->data);
}

SCM note_failure(void* p, SCM key, SCM arguments) {
  auto* call = static_cast<Call*>(p);
  call->failed = true, call->key = key, call->arguments = arguments;
  return SCM_BOOL_F;
}

SCM caught(Call& call) {
  return scm_c_catch(SCM_BOOL_T, run_call, &call, note_failure, &call, nullptr, nullptr);
}

/// `(exception->text KEY ARGS)` of (sheepdog error); the key's name when that fails too.
std::string describe(SCM key, SCM arguments) {
  struct Request {
    SCM key, arguments;
  } request{key, arguments};
  Call call{[](void* p) {
              auto* r = static_cast<Request*>(p);
              return scm_call_2(scm_c_public_ref("sheepdog error", "exception->text"), r->key,
                                r->arguments);
            },
            &request};
  const SCM text = caught(call);
  if (!call.failed && scm_is_string(text)) return glue::scm_to_text(text);
  return scm_is_symbol(key) ? glue::scm_to_text(scm_symbol_to_string(key)) : "unknown Scheme error";
}

/// The status of `(exit)`, `(exit N)`, `(exit #f)`.
int exit_status(SCM arguments) {
  if (!scm_is_pair(arguments)) return EXIT_SUCCESS;
  const SCM status = SCM_CAR(arguments);
  if (scm_is_signed_integer(status, 0, 255)) return scm_to_int(status);
  return scm_is_false(status) ? EXIT_FAILURE : EXIT_SUCCESS;
}

SCM call_or_throw(SCM (*run)(void*), void* data) {
  Call call{run, data};
  const SCM result = caught(call);
  if (!call.failed) return result;
  if (scm_is_eq(call.key, scm_from_utf8_symbol("quit"))) {
    scm_flush_all_ports();
    const int status = exit_status(call.arguments);
    leave(status);
    std::exit(status);
  }
  throw Error{Error::Code::broken, describe(call.key, call.arguments)};
}

// ---- start ----

void prepend(const char* variable, const std::string& directory) {
  const SCM list = scm_c_lookup(variable);
  scm_variable_set_x(list, scm_cons(glue::text_to_scm(directory), scm_variable_ref(list)));
}

/// Auto-compilation would write caches of its own at each start, and loop where HOME is not
/// writable; GUILE_AUTO_COMPILE in the environment would reach the job.
void prepare(const Paths& paths) {
  scm_variable_set_x(scm_c_lookup("%load-should-auto-compile"), SCM_BOOL_F);
  prepend("%load-path", paths.data + "/scheme");
  prepend("%load-compiled-path", paths.compiled);
  define_core_module();
}

}  // namespace

void with_interpreter(const Paths& paths, const std::function<void()>& body) {
  // Ports and file names are UTF-8 even in cron's C locale; always in Debian's libc.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  struct Start {
    const Paths& paths;
    const std::function<void()>& body;
    std::exception_ptr error;
  } start{paths, body, nullptr};
  scm_with_guile(
      [](void* p) -> void* {
        auto* s = static_cast<Start*>(p);
        try {
          static std::once_flag prepared;  // Guile itself is started once, too
          std::call_once(prepared, prepare, s->paths);
          s->body();
          scm_flush_all_ports();
        } catch (...) {
          s->error = std::current_exception();
        }
        return nullptr;
      },
      &start);
  if (start.error) std::rethrow_exception(start.error);
}

void expand_heap(std::size_t bytes) {
  const std::size_t now = GC_get_heap_size();
  if (now < bytes) GC_expand_hp(bytes - now);  // when it fails the heap grows as it needs to
}

Json call_scheme(const SchemeCall& call) {
  struct Request {
    SCM module, procedure, arguments;
  } request{SCM_EOL, glue::Convert<glue::Symbol>::to({call.procedure}), SCM_EOL};
  for (auto i = call.module.rbegin(); i != call.module.rend(); ++i)
    request.module = scm_cons(glue::Convert<glue::Symbol>::to({*i}), request.module);
  for (auto i = call.arguments.rbegin(); i != call.arguments.rend(); ++i)
    request.arguments = scm_cons(json_to_scm(*i), request.arguments);
  const SCM result = call_or_throw(
      [](void* p) {
        auto* r = static_cast<Request*>(p);
        return scm_apply_0(scm_public_ref(r->module, r->procedure), r->arguments);
      },
      &request);
  return scm_is_eq(result, SCM_UNSPECIFIED) ? Json{} : scm_to_json(result);
}

void flush_ports() { scm_flush_all_ports(); }

void load_script(const std::string& file, const std::vector<std::string>& arguments) {
  struct Request {
    SCM file, arguments;
  } request{glue::text_to_scm(file), SCM_EOL};
  for (auto i = arguments.rbegin(); i != arguments.rend(); ++i)
    request.arguments = scm_cons(glue::text_to_scm(*i), request.arguments);
  request.arguments = scm_cons(request.file, request.arguments);
  call_or_throw(
      [](void* p) {
        auto* r = static_cast<Request*>(p);
        scm_set_program_arguments_scm(r->arguments);
        return scm_primitive_load(r->file);
      },
      &request);
}

}  // namespace sheepdog
