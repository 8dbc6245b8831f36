// prefetch.cc -- one thread at a time, which touches the queue and plain data, never Guile.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "prefetch.hh"

#include <signal.h>

#include <chrono>
#include <utility>

namespace sheepdog {
namespace {

constexpr std::size_t few = 64;  // messages; after so few nobody waits for us, and a thread costs more

/// While it lives new threads are born deaf: signals are for the thread that runs Scheme.
class Deaf {
 public:
  Deaf() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~Deaf() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Deaf(const Deaf&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Prefetch::Prefetch(std::unique_ptr<Queue> queue) : queue_{std::move(queue)} {}

Prefetch::~Prefetch() {
  if (work_.valid()) work_.wait();
}

Queue& Prefetch::idle() {
  if (work_.valid()) work_.get();
  return *queue_;
}

void Prefetch::push(std::span<const Outgoing> messages) { idle().push(messages); }
bool Prefetch::durable() const { return queue_->durable(); }

std::vector<Entry> Prefetch::claim(int limit, Seconds patience) {
  limit_ = limit;
  auto& queue = idle();
  if (auto entries = std::exchange(next_, {}); !entries.empty()) return entries;
  return queue.claim(limit, patience);
}

void Prefetch::acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) {
  auto& queue = idle();
  if (ids.size() < few) return queue.acknowledge(ids, acks);
  const Deaf deaf;
  work_ = std::async(std::launch::async,
                     [this, &queue, acks, ids = std::vector(ids.begin(), ids.end())] {
                       queue.acknowledge(ids, acks);
                       next_ = queue.claim(limit_, Seconds{0});
                     });
}

std::optional<std::int64_t> Prefetch::acknowledged(const std::string& sender) {
  return idle().acknowledged(sender);
}

Depth Prefetch::depth() { return idle().depth(); }
std::string Prefetch::describe() { return idle().describe(); }
std::string Prefetch::identity() const { return queue_->identity(); }

}  // namespace sheepdog
