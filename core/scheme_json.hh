// scheme_json.hh -- JSON as Scheme data and back.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libguile.h>

#include <string_view>

#include "json.hh"

namespace sheepdog {

/// Object = alist with symbols as keys, array = vector, null = the symbol `null`, true and false =
/// #t and #f, whole numbers exact, others inexact.
SCM json_to_scm(const Json& json);

/// The document in `bytes`, without a Json in between; see read_json.
SCM read_json_as_scm(std::string_view bytes, bool* lossy);

/// The way back: an alist is an object (`()` the empty one), a vector an array, a symbol a string.
/// Throws Error::broken for what JSON cannot say: a procedure, a record, a circle or other data
/// nested deeper than 64, a key that is neither symbol nor string.
Json scm_to_json(SCM data);

}  // namespace sheepdog
