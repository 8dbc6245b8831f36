// glue.hh -- a C++ function becomes a Scheme procedure by naming it; values and errors cross safely.
//
// libguile leaves by longjmp: a raise skips the destructors of what is alive, and inside `catch` it
// leaks the exception. So conversions check before they convert, and the only raise stands at the
// end of Primitive::call, outside of every scope that holds something.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libguile.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "error.hh"
#include "text.hh"

namespace sheepdog::glue {

// ---- values ----

/// Text for Scheme; bytes that are no UTF-8 become U+FFFD.
inline SCM text_to_scm(std::string_view text) {
  if (!invalid_utf8(text)) return scm_from_utf8_stringn(text.data(), text.size());
  const std::string repaired = repair_utf8(text).text;
  return scm_from_utf8_stringn(repaired.data(), repaired.size());
}

/// The UTF-8 of a Scheme string; NUL bytes are kept.
inline std::string scm_to_text(SCM s) {
  std::size_t size = 0;
  const std::unique_ptr<char, decltype(&std::free)> bytes{scm_to_utf8_stringn(s, &size), std::free};
  return {bytes.get(), size};
}

inline std::string_view bytes_of(SCM bytevector) {
  return {reinterpret_cast<const char*>(SCM_BYTEVECTOR_CONTENTS(bytevector)),
          SCM_BYTEVECTOR_LENGTH(bytevector)};
}

/// `is` never raises; `from` is only called after `is`, so it cannot raise either.
template <typename T>
struct Convert;

template <>
struct Convert<SCM> {  // as it is: the primitive checks by itself, and throws
  static constexpr const char* name = "anything";
  static bool is(SCM) { return true; }
  static SCM from(SCM s) { return s; }
  static SCM to(SCM s) { return s; }
};

template <>
struct Convert<bool> {
  static constexpr const char* name = "boolean";
  static bool is(SCM s) { return scm_is_bool(s); }
  static bool from(SCM s) { return scm_is_true(s); }
  static SCM to(bool truth) { return scm_from_bool(truth); }
};

template <typename T>
  requires std::is_integral_v<T>
struct Convert<T> {  // of T's own width: check and conversion agree
  static constexpr const char* name = "integer in range";
  using Limits = std::numeric_limits<T>;
  static bool is(SCM s) {
    if constexpr (std::is_signed_v<T>)
      return scm_is_signed_integer(s, Limits::min(), Limits::max());
    else
      return scm_is_unsigned_integer(s, 0, Limits::max());
  }
  static T from(SCM s) {
    if constexpr (std::is_signed_v<T>)
      return static_cast<T>(scm_to_int64(s));
    else
      return static_cast<T>(scm_to_uint64(s));
  }
  static SCM to(T number) {
    if constexpr (std::is_signed_v<T>)
      return scm_from_int64(number);
    else
      return scm_from_uint64(number);
  }
};

template <>
struct Convert<double> {
  static constexpr const char* name = "real number";
  static bool is(SCM s) { return scm_is_real(s); }
  static double from(SCM s) { return scm_to_double(s); }
  static SCM to(double number) { return scm_from_double(number); }
};

template <>
struct Convert<std::string> {
  static constexpr const char* name = "string";
  static bool is(SCM s) { return scm_is_string(s); }
  static std::string from(SCM s) { return scm_to_text(s); }
  static SCM to(const std::string& text) { return text_to_scm(text); }
};

struct Symbol {
  std::string name;
};
template <>
struct Convert<Symbol> {
  static constexpr const char* name = "symbol";
  static bool is(SCM s) { return scm_is_symbol(s); }
  static Symbol from(SCM s) { return {scm_to_text(scm_symbol_to_string(s))}; }
  static SCM to(const Symbol& symbol) { return scm_string_to_symbol(text_to_scm(symbol.name)); }
};

template <typename T>
struct Convert<std::optional<T>> {  // #f is "nothing"
  static constexpr const char* name = Convert<T>::name;
  static bool is(SCM s) { return scm_is_false(s) || Convert<T>::is(s); }
  static std::optional<T> from(SCM s) {
    return scm_is_false(s) ? std::nullopt : std::optional<T>{Convert<T>::from(s)};
  }
  static SCM to(const std::optional<T>& value) {
    return value ? Convert<T>::to(*value) : SCM_BOOL_F;
  }
};

template <typename A, typename B>
struct Convert<std::pair<A, B>> {
  static constexpr const char* name = "pair";
  static bool is(SCM s) {
    return scm_is_pair(s) && Convert<A>::is(SCM_CAR(s)) && Convert<B>::is(SCM_CDR(s));
  }
  static std::pair<A, B> from(SCM s) {
    return {Convert<A>::from(SCM_CAR(s)), Convert<B>::from(SCM_CDR(s))};
  }
  static SCM to(const std::pair<A, B>& p) {
    return scm_cons(Convert<A>::to(p.first), Convert<B>::to(p.second));
  }
};

template <typename T>
struct Convert<std::vector<T>> {  // a list
  static constexpr const char* name = "list";
  static bool is(SCM s) {
    if (scm_ilength(s) < 0) return false;  // improper or circular
    for (; scm_is_pair(s); s = SCM_CDR(s))
      if (!Convert<T>::is(SCM_CAR(s))) return false;
    return true;
  }
  static std::vector<T> from(SCM s) {
    std::vector<T> values;
    for (; scm_is_pair(s); s = SCM_CDR(s)) values.push_back(Convert<T>::from(SCM_CAR(s)));
    return values;
  }
  static SCM to(const std::vector<T>& values) {
    SCM list = SCM_EOL;
    for (auto i = values.rbegin(); i != values.rend(); ++i) list = scm_cons(Convert<T>::to(*i), list);
    return list;
  }
};

// ---- handles: a C++ object owned by Scheme ----

/// A smob, not a foreign object: those load GOOPS, 25 ms at every start. The free function may run
/// in a thread of its own: T's destructor frees, nothing else.
template <typename T>
struct Handle {
  static inline scm_t_bits tag = 0;
  static inline const char* label = "";

  static T* pointer(SCM s) { return reinterpret_cast<T*>(SCM_SMOB_DATA(s)); }
  static void define(const char* name) {
    label = name;
    tag = scm_make_smob_type(name, 0);
    scm_set_smob_free(tag, [](SCM s) -> std::size_t {
      delete pointer(s);
      return 0;
    });
  }
};
template <typename T>
struct Convert<std::unique_ptr<T>> {
  static SCM to(std::unique_ptr<T> object) {
    return scm_new_smob(Handle<T>::tag, reinterpret_cast<scm_t_bits>(object.release()));
  }
};
template <typename T>
  requires std::is_class_v<T>
struct Convert<T&> {
  static constexpr const char* name = "handle";
  static bool is(SCM s) { return SCM_SMOB_PREDICATE(Handle<T>::tag, s); }
  static T& from(SCM s) {
    if (auto* object = Handle<T>::pointer(s)) return *object;
    throw Error{Error::Code::closed, std::string{Handle<T>::label} + " is closed"};
  }
};

// ---- Scheme calls C++ ----

struct WrongType {
  int position;
  SCM value;
  const char* expected;
};

/// Raise `sheepdog-error`: subr, "~A", (text), (code hint); hint "" for none. Never returns.
[[noreturn]] inline void raise(const char* who, SCM code, SCM text, SCM hint) {
  scm_error_scm(scm_from_utf8_symbol("sheepdog-error"), scm_from_utf8_string(who),
                scm_from_utf8_string("~A"), scm_list_1(text), scm_list_2(code, hint));
}

template <auto Function>
struct Primitive;

template <typename Result, typename... Arguments, Result (*Function)(Arguments...)>
struct Primitive<Function> {
  static inline const char* name = "";
  template <typename>
  using AsScm = SCM;
  template <typename T>
  static constexpr bool is_handle =
      std::is_lvalue_reference_v<T> && !std::is_const_v<std::remove_reference_t<T>>;
  template <typename T>
  using Conversion = Convert<std::conditional_t<is_handle<T>, T, std::remove_cvref_t<T>>>;

  template <typename T>
  static decltype(auto) argument(SCM s, int position) {
    if (!Conversion<T>::is(s)) throw WrongType{position, s, Conversion<T>::name};
    return Conversion<T>::from(s);
  }

  template <std::size_t... I>
  static SCM apply(std::index_sequence<I...>,
                   [[maybe_unused]] const std::array<SCM, sizeof...(Arguments)>& s) {
    if constexpr (std::is_void_v<Result>) {
      Function(argument<Arguments>(s[I], int{I} + 1)...);
      return SCM_UNSPECIFIED;
    } else {
      return Convert<Result>::to(Function(argument<Arguments>(s[I], int{I} + 1)...));
    }
  }

  static SCM call(AsScm<Arguments>... arguments) {
    WrongType wrong{0, SCM_UNDEFINED, nullptr};
    SCM code = SCM_BOOL_F, text = SCM_BOOL_F, hint = SCM_BOOL_F;
    try {
      return apply(std::index_sequence_for<Arguments...>{}, {arguments...});
    } catch (const WrongType& w) {
      wrong = w;
    } catch (const Error& e) {
      code = scm_from_utf8_symbol(e.code_name());
      text = text_to_scm(e.what()), hint = text_to_scm(e.hint());
    } catch (const std::exception& e) {
      code = scm_from_utf8_symbol("broken");
      text = text_to_scm(e.what()), hint = text_to_scm("");
    } catch (...) {
      code = scm_from_utf8_symbol("broken");
      text = text_to_scm("unknown C++ exception"), hint = text_to_scm("");
    }
    // Raise only here, outside of `catch`: otherwise every error leaks its exception object.
    if (wrong.position) scm_wrong_type_arg_msg(name, wrong.position, wrong.value, wrong.expected);
    raise(name, code, text, hint);
  }
};

/// Define Function in the current module as `name` and export it.
template <auto Function>
void define(const char* name) {
  constexpr int arity = []<typename R, typename... A>(R (*)(A...)) {
    return static_cast<int>(sizeof...(A));
  }(Function);
  Primitive<Function>::name = name;
  scm_c_define_gsubr(name, arity, 0, 0,
                     reinterpret_cast<scm_t_subr>(&Primitive<Function>::call));
  scm_c_export(name, nullptr);
}

/// The primitive that closes a T: closing twice is fine, use afterwards is an error.
template <typename T>
SCM close_handle(SCM s) {
  if (!Convert<T&>::is(s)) throw WrongType{1, s, Convert<T&>::name};
  delete Handle<T>::pointer(s);
  SCM_SET_SMOB_DATA(s, 0);
  return SCM_UNSPECIFIED;
}

// ---- blocking calls made from Scheme ----

/// Call `f` outside of Guile mode, so that a collection elsewhere neither waits for it nor
/// interrupts it; what it throws is thrown here. `f` touches no SCM.
template <typename F>
auto without_guile(F&& f) {
  using Result = decltype(f());
  struct Call {
    F& f;
    std::exception_ptr error;
    std::conditional_t<std::is_void_v<Result>, std::monostate, std::optional<Result>> result;
  } call{f, nullptr, {}};
  scm_without_guile(
      [](void* p) -> void* {
        auto& c = *static_cast<Call*>(p);
        try {
          if constexpr (std::is_void_v<Result>)
            c.f();
          else
            c.result.emplace(c.f());
        } catch (...) {
          c.error = std::current_exception();
        }
        return nullptr;
      },
      &call);
  if (call.error) std::rethrow_exception(call.error);
  if constexpr (!std::is_void_v<Result>) return std::move(*call.result);
}

}  // namespace sheepdog::glue
