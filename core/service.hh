// service.hh -- what a service manager says to a daemon (signals) and hears from it (sd_notify).
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string_view>

#include "seconds.hh"

namespace sheepdog {

enum class Wish { stop, reload };

/// From now on TERM and INT are the wish to stop, HUP to reload; nothing else happens on them but that
/// the wish to stop calls `at_stop` at once, within the signal's handler.
void catch_signals(void (*at_stop)() noexcept = nullptr);

/// Wait at most `patience` for a wish; a second one of the same kind meanwhile is one wish.
std::optional<Wish> wait_for_wish(Seconds patience);

/// Send `state` ("READY=1", "WATCHDOG=1") to $NOTIFY_SOCKET, if there is one (sd_notify(3)).
void notify_manager(std::string_view state);

}  // namespace sheepdog
