// open_queue.cc -- from an address to a transport.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "error.hh"
#include "local_push.hh"
#include "queue.hh"
#include "redis_queue.hh"

namespace sheepdog {
namespace {

LocalOpener open_local = [](const std::string& directory) -> std::unique_ptr<Queue> {
  return std::make_unique<LocalPush>(directory);
};

}  // namespace

void open_local_queues_by(LocalOpener opener) { open_local = opener; }

std::unique_ptr<Queue> open_queue(const QueueAddress& address, const std::string& worker) {
  if (address.transport == QueueAddress::Transport::local) return open_local(address.directory);
  return std::make_unique<RedisQueue>(address, worker);
}

std::unique_ptr<Queue> open_first_queue(std::span<const QueueAddress> addresses,
                                        const std::string& worker) {
  if (addresses.empty()) throw Error{Error::Code::usage, "no queue is named"};
  if (addresses.size() == 1) return open_queue(addresses.front(), worker);
  std::optional<Error> first;
  for (auto address : addresses) {
    address.timeout = addresses.front().timeout / static_cast<double>(addresses.size());
    try {
      open_queue(address, worker)->describe();
    } catch (const Error& e) {
      if (!first) first = e;
      continue;
    }
    address.timeout = addresses.front().timeout;
    return open_queue(address, worker);
  }
  throw *first;
}

}  // namespace sheepdog
