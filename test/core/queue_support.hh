// queue_support.hh -- what tests of queues share: short ways in and out, and a queue by script.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "error.hh"
#include "json.hh"
#include "queue.hh"
#include "support.hh"

namespace sheepdog {

inline constexpr Seconds at_once{0};
using Texts = std::vector<std::string>;

inline QueueAddress address_of(const RedisServer& server) {
  QueueAddress address;
  address.transport = QueueAddress::Transport::redis;
  address.socket = server.socket();
  return address;
}

inline Texts messages(const std::vector<Entry>& entries) {
  Texts texts;
  for (const auto& entry : entries) texts.push_back(entry.message);
  return texts;
}

inline Texts ids(const std::vector<Entry>& entries) {
  Texts texts;
  for (const auto& entry : entries) texts.push_back(entry.id);
  return texts;
}

inline void push(Queue& queue, const Texts& texts) {
  std::vector<Outgoing> outgoing;
  for (const auto& text : texts) outgoing.push_back({.message = text});
  queue.push(outgoing);
}

/// The text of the Error that `work` throws, after the name of its code; "" when it throws none.
template <typename Work>
std::string error_of(Work work) {
  try {
    work();
  } catch (const Error& e) {
    return std::string{e.code_name()} + ": " + e.what();
  }
  return "";
}

/// A queue that keeps what it is given, and is as broken as a test wants it.
class ScriptedQueue : public Queue {
 public:
  void push(std::span<const Outgoing> messages) override {
    if (broken) throw Error{Error::Code::queue_unreachable, "away"};
    for (const auto& message : messages) {
      const auto identity = identity_of(message.message);
      if (acknowledging && identity) acks[identity->sender] = identity->seq;
      (message.message.find(R"("monitor":"note")") == std::string::npos ? had : notes)
          .push_back(message);
    }
  }
  [[nodiscard]] bool durable() const override { return false; }
  std::vector<Entry> claim(int, Seconds) override { return {}; }
  void acknowledge(std::span<const std::string>, const Acknowledgements&) override {}
  std::optional<std::int64_t> acknowledged(const std::string& sender) override {
    const auto known = acks.find(sender);
    return known == acks.end() ? std::nullopt : std::optional{known->second};
  }
  Depth depth() override { return {.waiting = waiting}; }
  std::string describe() override { return "scripted"; }
  [[nodiscard]] std::string identity() const override { return "scripted"; }

  /// The numbers that it had, but for what spools say of themselves.
  [[nodiscard]] std::vector<std::int64_t> numbers() const {
    std::vector<std::int64_t> found;
    for (const auto& message : had) found.push_back(identity_of(message.message)->seq);
    return found;
  }

  std::vector<Outgoing> had, notes;
  bool broken = false, acknowledging = false;
  Acknowledgements acks;
  std::int64_t waiting = 1;
};

}  // namespace sheepdog
