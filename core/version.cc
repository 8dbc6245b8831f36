// version.cc -- the version, from CMakeLists.txt.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "version.hh"

namespace sheepdog {

const char* const version = "sheepdog (Sheepdog) " SHEEPDOG_VERSION;

}  // namespace sheepdog
