// user.hh -- this process becomes another user, for good.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace sheepdog {

/// Take the groups, the ids and the HOME of the user `name`; no way leads back. To be called by root,
/// before there are threads. Throws Error::bad_configuration: there is no such user, or we may not.
void become_user(const std::string& name);

}  // namespace sheepdog
