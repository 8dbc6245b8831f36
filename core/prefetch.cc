// prefetch.cc -- one thread at a time, which touches the queue and plain data, never Guile.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "prefetch.hh"

#include <signal.h>

#include <utility>

#include "turn.hh"

namespace sheepdog {
namespace {

constexpr std::int64_t few = 64;  // messages; after so few nobody waits for us, and a thread costs more

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
  if (ahead_.valid()) ahead_.wait();
}

Intake Prefetch::take_in(Database& db, int limit, Seconds patience) {
  auto intake = taken_ahead();
  if (intake.claimed == 0) {
    std::vector<Entry> entries;
    {
      const TurnAway away;
      entries = queue_->claim(limit, patience);
    }
    intake = store(entries, *queue_, db);
  }
  if (intake.claimed >= few) take_ahead(db, limit);
  return intake;
}

Intake Prefetch::taken_ahead() {
  if (!ahead_.valid()) return {};
  const TurnAway away;
  return ahead_.get();
}

void Prefetch::take_ahead(Database& db, int limit) {
  if (!beside_) beside_.emplace(db.beside());
  const Deaf deaf;
  ahead_ = std::async(std::launch::async, [this, limit] {
    return sheepdog::take_in(*queue_, *beside_, limit, Seconds{0});
  });
}

Queue& Prefetch::idle() {
  if (ahead_.valid()) ahead_.wait();
  return *queue_;
}

void Prefetch::push(std::span<const Outgoing> messages) { idle().push(messages); }
bool Prefetch::durable() const { return queue_->durable(); }

std::vector<Entry> Prefetch::claim(int limit, Seconds patience) {
  return idle().claim(limit, patience);
}

void Prefetch::acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) {
  idle().acknowledge(ids, acks);
}

std::optional<std::int64_t> Prefetch::acknowledged(const std::string& sender) {
  return idle().acknowledged(sender);
}

Depth Prefetch::depth() { return idle().depth(); }
std::string Prefetch::describe() { return idle().describe(); }
std::string Prefetch::identity() const { return queue_->identity(); }

}  // namespace sheepdog
