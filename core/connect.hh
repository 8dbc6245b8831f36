// connect.hh -- a connected stream socket, had within a time limit.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <string>

#include "descriptor.hh"

namespace sheepdog {

/// Connect to `host`:`port`, trying each of its addresses, or to the Unix socket `path`; by
/// `deadline`, the look-up of the name included. The socket is non-blocking and closed on exec.
/// Throws std::runtime_error whose text is only the reason: "Connection refused", "timed out",
/// "Name or service not known".
Descriptor connect_tcp(const std::string& host, int port,
                       std::chrono::steady_clock::time_point deadline);
Descriptor connect_unix(const std::string& path, std::chrono::steady_clock::time_point deadline);

/// Wait until `fd` is ready for `events` (poll(2)); which of them it is, 0 at `deadline`. Goes on
/// after signals.
short wait_for(const Descriptor& fd, short events, std::chrono::steady_clock::time_point deadline);

}  // namespace sheepdog
