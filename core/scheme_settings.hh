// scheme_settings.hh -- configuration files, settings and places as Scheme data.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libguile.h>

#include <string>

#include "settings.hh"

namespace sheepdog {

/// `(DATA PROBLEM ...)` of a configuration file: DATA a list of `#(KIND LINE COLUMN VALUE)`, KIND
/// one of list dotted symbol string integer real boolean, VALUE of the first two a list of such;
/// PROBLEM `#(FILE LINE COLUMN TEXT HINT WARNING?)`, LINE 0 when it is about the whole file.
SCM file_of_data(const std::string& file);

SCM settings_to_alist(Settings& settings);
SCM paths_to_alist();

}  // namespace sheepdog
