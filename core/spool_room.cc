// spool_room.cc -- repeats, then successes, then the oldest.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_room.hh"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "error.hh"
#include "json.hh"
#include "spool.hh"

namespace sheepdog {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds looking{1};
constexpr std::int64_t share = 8;     // an eighth of the limits is freed
constexpr std::size_t in_hand = 200;  // the lowest, which somebody who hands over may have read
constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

/// What decides about a message, and what is said of it.
struct Digest {
  std::string subject = "?", state;
  Json time;
  bool repeats = false;  // like others of its subject and state
  bool success = false;
};

std::string text_at(const Json& object, const char* key, const char* otherwise = "") {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

/// As the server compares hosts.
std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// As the server takes it: without a state the status of its command tells.
std::string state_of(const Json& message) {
  const auto state = text_at(message, "state");
  const auto outcome = message.find("outcome");
  if (!state.empty() || outcome == message.end() || !outcome->is_object()) return state;
  const auto status = outcome->find("status");
  return status != outcome->end() && *status == 0 ? "ok" : "fail";
}

Digest digest_of(const Json& message) {
  Digest digest;
  const auto monitor = text_at(message, "monitor", "message");
  const auto kind = text_at(message, "kind", "bark");
  digest.subject =
      lower(text_at(message, "host", "unknown")) + "/" + text_at(message, "tag", monitor.c_str());
  digest.state = kind == "bark" ? state_of(message) : kind;
  digest.time = message.value("time", Json{});
  digest.repeats = (kind == "bark" && !digest.state.empty()) || kind == "ping";
  digest.success = digest.state == "ok" || kind == "ping" || kind == "start";
  return digest;
}

struct Candidate {
  SpoolName name;
  std::int64_t bytes = 0;
  Digest digest = {};
  std::size_t before = none, after = none;  // the neighbours of its subject
  bool goes = false, merged = false;
};

class Room {
 public:
  Room(SpoolChange& change, std::int64_t bytes, const SpoolLimits& limits) : change_{change} {
    const auto& tally = change.tally();
    if (const auto count = tally.waiting + tally.sent; count >= limits.messages)
      messages_ = count - limits.messages + std::max<std::int64_t>(1, limits.messages / share);
    if (tally.bytes + bytes > limits.bytes)
      bytes_ = tally.bytes + bytes - limits.bytes + limits.bytes / share;
  }

  void choose(bool spare) {
    const auto listing = change_.list();
    auto waiting = listing.in(SpoolState::waiting);
    if (spare && waiting.size() > in_hand)
      waiting.erase(waiting.begin(), waiting.begin() + in_hand);
    for (const auto& name : waiting) take(name);
    look();
    let_go([&](Candidate& c) { return c.merged = is_inner_repeat(c); });
    let_go([](const Candidate& c) { return c.digest.success; });
    let_go([](const Candidate&) { return true; });
    if (is_enough()) return;
    // A limit so low that all may be with the queue: it has those at least.
    for (const auto& name : listing.in(SpoolState::sent)) take(name);
    let_go([](const Candidate&) { return true; });
  }

  [[nodiscard]] SpoolLosses losses() const {
    SpoolLosses losses;
    for (const auto& c : candidates_)
      if (c.goes) losses.add(c.digest.subject, c.digest.state, c.digest.time, c.merged);
    return losses;
  }

  void remove() {
    std::vector<SpoolName> names;
    for (const auto& c : candidates_)
      if (c.goes) names.push_back(c.name);
    change_.settle(names);
  }

 private:
  [[nodiscard]] bool is_enough() const { return messages_ <= 0 && bytes_ <= 0; }

  void take(const SpoolName& name) {
    if (const auto status = change_.sender().status(name))
      candidates_.push_back({.name = name, .bytes = status->bytes});
  }

  void look() {
    const auto end = Clock::now() + looking;
    std::unordered_map<std::string, std::size_t> newest;  // of each subject
    for (std::size_t i = 0; i < candidates_.size() && Clock::now() < end; ++i) {
      auto& candidate = candidates_[i];
      const auto file = change_.sender().read(candidate.name);
      if (!file.trouble.empty()) continue;
      try {
        candidate.digest = digest_of(read_json(file.message));
      } catch (const Error&) {  // the next hand-over puts it aside
        continue;
      }
      if (!candidate.digest.repeats) continue;
      const auto [known, is_new] = newest.try_emplace(candidate.digest.subject, i);
      if (is_new) continue;
      candidate.before = known->second;
      candidates_[known->second].after = i;
      known->second = i;
    }
  }

  /// Whether the subject's neighbours say the same: the first of a row and the last stay.
  [[nodiscard]] bool is_inner_repeat(const Candidate& c) const {
    return c.before != none && c.after != none &&
           candidates_[c.before].digest.state == c.digest.state &&
           candidates_[c.after].digest.state == c.digest.state;
  }

  template <typename May>
  void let_go(May may) {
    for (auto& candidate : candidates_) {
      if (is_enough()) return;
      if (candidate.goes || !may(candidate)) continue;
      candidate.goes = true;
      --messages_;
      bytes_ -= candidate.bytes;
    }
  }

  SpoolChange& change_;
  std::vector<Candidate> candidates_;
  std::int64_t messages_ = 0, bytes_ = 0;  // still to be freed
};

}  // namespace

bool is_full(const SpoolTally& tally, std::int64_t bytes, const SpoolLimits& limits) {
  return tally.waiting + tally.sent >= limits.messages || tally.bytes + bytes > limits.bytes;
}

void make_room(SpoolChange& change, std::int64_t bytes, const SpoolLimits& limits,
               const std::function<void(const SpoolLosses&)>& declare) {
  const auto file = change.sender().hand_over_file();
  const FileLock nobody_sends{file, {}};
  Room room{change, bytes, limits};
  room.choose(!nobody_sends);
  const auto losses = room.losses();
  if (losses.empty()) return;
  declare(losses);
  room.remove();
}

}  // namespace sheepdog
