// queue.cc -- what all transports share.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue.hh"

#include <fmt/format.h>

#include <algorithm>

namespace sheepdog {

std::string QueueAddress::place() const {
  if (transport == Transport::local) return directory;
  std::string place = socket.empty() ? fmt::format("{}:{}", host, port) : socket;
  if (database != 0) place += fmt::format("/{}", database);
  return place;
}

std::chrono::steady_clock::time_point Queue::deadline(Seconds limit) const {
  using Clock = std::chrono::steady_clock;
  const auto own = Clock::now() + std::chrono::duration_cast<Clock::duration>(limit);
  return end_ ? std::min(own, *end_) : own;
}

void bound(Entry& entry) {
  const auto size = static_cast<std::int64_t>(entry.message.size());
  if (entry.length < size) entry.length = size;
  if (entry.message.size() > max_message) entry.message.resize(max_message);
  if (entry.length > static_cast<std::int64_t>(max_message) && entry.trouble.empty())
    entry.trouble = fmt::format("{} bytes, more than {}", entry.length, max_message);
}

}  // namespace sheepdog
