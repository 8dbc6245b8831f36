// spool_hand_over.cc -- acknowledged, lost, waiting: in this order.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_hand_over.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "error.hh"
#include "fit.hh"
#include "instant.hh"
#include "log.hh"

namespace sheepdog {
namespace {

constexpr std::int64_t max_sent = 1000;  // messages underway, and their bytes
constexpr std::int64_t max_sent_bytes = 8 << 20;
constexpr std::int64_t share = 4;  // a quarter of the limits at most
constexpr std::size_t chunk_size = 200;
constexpr std::int64_t chunk_bytes = 1 << 20;
constexpr std::int64_t settling = 2000;      // ms: an empty queue lost what it had longer
constexpr std::int64_t long_queue = 10'000;  // entries: a server that is merely behind

using Clock = std::chrono::steady_clock;

std::int64_t size_of(const auto& container) { return static_cast<std::int64_t>(container.size()); }

/// The queue's calls end in time while this lives.
class QueueEnd {
 public:
  QueueEnd(Queue& queue, Deadline end) : queue_{queue} { queue_.end_at(end); }
  ~QueueEnd() { queue_.end_at({}); }
  QueueEnd(const QueueEnd&) = delete;

 private:
  Queue& queue_;
};

/// Whether `message` is one that identified() made for `sender` and `seq`.
bool has_identity(std::string_view message, const std::string& sender, std::int64_t seq) {
  const auto beginning = fmt::format(R"({{"sender":"{}","seq":{})", sender, seq);
  return message.starts_with(beginning) && message.size() > beginning.size() &&
         (message[beginning.size()] == ',' || message[beginning.size()] == '}');
}

}  // namespace

std::string identified(const Json& message, const std::string& sender, std::int64_t seq) {
  Json result = Json::object();
  result["sender"] = sender;
  result["seq"] = seq;
  for (const auto& [key, value] : message.items())
    if (key != "sender" && key != "seq") result[key] = value;
  return fit_message(std::move(result));
}

std::int64_t resend_pause(std::int64_t resends, std::int64_t overdue) {
  return std::min(settling << std::clamp<std::int64_t>(resends, 0, 20), overdue);
}

bool SpoolHandOver::Chunk::full() const {
  return names.size() >= chunk_size || bytes >= chunk_bytes;
}

SpoolHandOver::SpoolHandOver(const Descriptor& spool, const std::string& id, Queue& queue,
                             const SpoolLimits& limits, Tell tell)
    : spool_{spool}, queue_{queue}, limits_{limits}, tell_{std::move(tell)} {
  sender_.emplace(spool, id);
}

std::int64_t SpoolHandOver::go(std::int64_t most, Deadline end) {
  const auto file = sender_->hand_over_file();
  const FileLock lock{file, end};
  if (!lock || !sender_->in_place()) return 0;
  const QueueEnd ends{queue_, end};
  refresh();
  if (sent_.empty() && waiting_.empty()) return 0;
  take_acknowledgement();
  send_lost(end);
  return send_waiting(most, end);
}

/// Others may have put messages meanwhile, and nothing else: then their numbers are known.
void SpoolHandOver::refresh() {
  SpoolChange change{*sender_};
  const auto& tally = change.tally();
  if (listed_ && tally.sent == size_of(sent_) &&
      tally.waiting - size_of(waiting_) == tally.highest - highest_) {
    for (auto number = highest_ + 1; number <= tally.highest; ++number) waiting_.push_back(number);
  } else {
    relist(change);
  }
  highest_ = tally.highest;
  resends_ = tally.resends;
}

void SpoolHandOver::relist(SpoolChange& change) {
  const auto listing = change.list();
  sent_.clear();
  for (const auto& name : listing.in(SpoolState::sent)) {
    const auto status = sender_->status(name);
    sent_.push_back({name.number, status ? status->bytes : 0});
  }
  waiting_.clear();
  for (const auto& name : listing.in(SpoolState::waiting)) waiting_.push_back(name.number);
  // What only kept its number, and no longer is the highest.
  auto done = listing.in(SpoolState::done);
  if (!done.empty() && done.back().number == listing.highest) done.pop_back();
  change.settle(done);
  listed_ = true;
}

/// Let go of what the server has.
void SpoolHandOver::take_acknowledgement() {
  acknowledged_ = queue_.acknowledged(sender_->id());
  const auto upto = acknowledged_.value_or(0);
  if (upto > highest_) return become_another();
  std::vector<SpoolName> names;
  for (; !sent_.empty() && sent_.front().number <= upto; sent_.pop_front())
    names.push_back({sent_.front().number, SpoolState::sent});
  if (names.empty()) return;
  SpoolChange change{*sender_};
  change.settle(names);
  change.note_acknowledgement();
}

/// The server has numbers that this spool never gave: it is a copy, or older than it was. Under its
/// id the same numbers would be given twice; under a new one everything goes.
void SpoolHandOver::become_another() {
  const auto before = sender_->id(), id = new_sender_id();
  {
    SpoolChange change{*sender_};
    change.rename_sender(id);
    change.mark_waiting(change.list().in(SpoolState::sent));
  }
  sender_.emplace(spool_, id);
  listed_ = false;
  acknowledged_.reset();
  refresh();
  const auto summary = fmt::format(
      "the spool was restored or copied: its sender {} is {} now, and sends all again", before, id);
  log(Level::warning, summary);
  tell_(id, {{"summary", summary}, {"fields", {{"before", before}, {"after", id}}}});
}

/// What the queue had and has not, though it is not acknowledged, goes again. The files' own times
/// serve: at worst a duplicate is sent.
void SpoolHandOver::send_lost(Deadline end) {
  if (sent_.empty()) return;
  const auto oldest = sender_->status({sent_.front().number, SpoolState::sent});
  if (!oldest) return;
  const auto age = std::abs(epoch_ms() - oldest->changed);
  const auto overdue = std::chrono::ceil<std::chrono::milliseconds>(limits_.resend).count();
  const auto pause = resend_pause(resends_, overdue);
  if (age < pause) return;
  const auto depth = queue_.depth();
  const auto length = depth.waiting + depth.claimed;
  if (length == 0 && age >= settling) {
    take_acknowledgement();  // which may have come between the two questions
    resend(pause, end);
    SpoolChange{*sender_}.note_resend();
  } else if (length < long_queue && age >= overdue) {
    resend(overdue, end);
  }
}

/// Send again what was sent `age` ms ago or earlier.
void SpoolHandOver::resend(std::int64_t age, Deadline end) {
  const auto now = epoch_ms();
  const auto before = sent_;
  for (auto next = before.begin(); next != before.end() && Clock::now() < end;) {
    Chunk chunk;
    for (; next != before.end() && !chunk.full(); ++next) {
      const SpoolName name{next->number, SpoolState::sent};
      const auto status = sender_->status(name);
      if (status && std::abs(now - status->changed) >= age) add(chunk, name);
    }
    push(chunk);
  }
}

bool SpoolHandOver::may_be_underway(const Chunk& chunk) const {
  if (queue_.durable()) return true;
  const auto bytes = std::accumulate(sent_.begin(), sent_.end(), chunk.bytes,
                                     [](auto sum, const auto& sent) { return sum + sent.bytes; });
  const auto messages = size_of(sent_) + size_of(chunk.names);
  return messages < std::clamp<std::int64_t>(limits_.messages / share, 1, max_sent) &&
         bytes < std::clamp<std::int64_t>(limits_.bytes / share, 1, max_sent_bytes);
}

std::int64_t SpoolHandOver::send_waiting(std::int64_t most, Deadline end) {
  std::int64_t count = 0;
  while (!waiting_.empty() && count < most && Clock::now() < end) {
    Chunk chunk;
    while (!waiting_.empty() && !chunk.full() && count + size_of(chunk.names) < most &&
           may_be_underway(chunk)) {
      const SpoolName name{waiting_.front(), SpoolState::waiting};
      waiting_.pop_front();
      add(chunk, name);
    }
    if (chunk.names.empty() && !may_be_underway(chunk)) break;
    push(chunk);
    count += size_of(chunk.names);
  }
  return count;
}

/// The greatest number below `number` that is on its way, or will be; 0: none.
std::int64_t SpoolHandOver::number_before(std::int64_t number, const Chunk& chunk) const {
  std::int64_t before = 0;
  const auto sent = std::lower_bound(sent_.begin(), sent_.end(), Sent{number, 0});
  if (sent != sent_.begin()) before = std::prev(sent)->number;
  const auto waiting = std::lower_bound(waiting_.begin(), waiting_.end(), number);
  if (waiting != waiting_.begin()) before = std::max(before, *std::prev(waiting));
  if (!chunk.names.empty() && chunk.names.back().number < number)
    before = std::max(before, chunk.names.back().number);
  return before;
}

/// Add the message of `name`, unless it is gone or damaged.
void SpoolHandOver::add(Chunk& chunk, const SpoolName& name) {
  auto message = message_of(name);
  if (!message) return;
  const auto before = number_before(name.number, chunk);
  auto first = before == 0 ? name.number : before;
  for (const auto number : {sent_.empty() ? first : sent_.front().number,
                            chunk.names.empty() ? first : chunk.names.front().number,
                            waiting_.empty() ? first : waiting_.front()})
    first = std::min(first, number);
  // What a durable queue took before has no acknowledgement yet: then nothing is known.
  const auto prior = before > 0 ? before : (queue_.durable() ? -1 : acknowledged_.value_or(-1));
  chunk.bytes += size_of(*message);
  chunk.messages.push_back({.message = *std::move(message),
                            .sent = epoch_ms(),
                            .first = first,
                            .prior = prior == name.number - 1 ? -1 : prior});
  chunk.names.push_back(name);
}

/// The bytes to send; nothing when the file is gone, or was damaged and is in `bad/` now. Then its
/// number is given up.
std::optional<std::string> SpoolHandOver::message_of(const SpoolName& name) {
  auto file = sender_->read(name);
  if (file.gone) {
    std::erase_if(sent_, [&](const Sent& sent) { return sent.number == name.number; });
    return {};
  }
  if (file.trouble.empty()) {
    if (has_identity(file.message, sender_->id(), name.number)) return std::move(file.message);
    try {  // written when the sender had another id
      return identified(read_json(file.message), sender_->id(), name.number);
    } catch (const Error& e) {
      file.trouble = e.what();
    }
  }
  SpoolChange{*sender_}.put_aside(name, file.trouble);
  std::erase_if(sent_, [&](const Sent& sent) { return sent.number == name.number; });
  tell_(sender_->id(),
        {{"summary", fmt::format("message {} of the spool was damaged ({}): it is kept in bad/",
                                 name.number, file.trouble)},
         {"fields", {{"damaged", name.number}}}});
  return {};
}

void SpoolHandOver::push(const Chunk& chunk) {
  if (chunk.names.empty()) return;
  queue_.push(chunk.messages);
  SpoolChange change{*sender_};
  if (queue_.durable()) return change.settle(chunk.names);
  change.mark_sent(chunk.names);
  for (std::size_t i = 0; i < chunk.names.size(); ++i) {
    if (chunk.names[i].state == SpoolState::sent) continue;
    const Sent sent{chunk.names[i].number, size_of(chunk.messages[i].message)};
    sent_.insert(std::lower_bound(sent_.begin(), sent_.end(), sent), sent);
  }
}

}  // namespace sheepdog
