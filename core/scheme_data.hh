// scheme_data.hh -- small makers of Scheme data.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>

#include "glue.hh"

namespace sheepdog {

/// VALUE as Scheme data, by its C++ type.
template <typename T>
SCM scm(const T& value) {
  return glue::Convert<T>::to(value);
}

/// `((KEY . VALUE) ...)` with symbols as keys.
inline SCM alist(std::initializer_list<std::pair<const char*, SCM>> entries) {
  SCM list = SCM_EOL;
  for (auto i = std::rbegin(entries); i != std::rend(entries); ++i)
    list = scm_acons(scm_from_utf8_symbol(i->first), i->second, list);
  return list;
}

inline SCM vector(std::initializer_list<SCM> items) {
  const SCM result = scm_c_make_vector(items.size(), SCM_BOOL_F);
  std::size_t i = 0;
  for (const SCM item : items) SCM_SIMPLE_VECTOR_SET(result, i++, item);
  return result;
}

/// The bytes of a string (as UTF-8) or of a bytevector.
inline std::string bytes_argument(SCM s, int position) {
  if (scm_is_string(s)) return glue::scm_to_text(s);
  if (scm_is_bytevector(s)) return std::string{glue::bytes_of(s)};
  throw glue::WrongType{position, s, "string or bytevector"};
}

}  // namespace sheepdog
