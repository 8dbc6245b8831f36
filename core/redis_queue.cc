// redis_queue.cc -- XADD, XREADGROUP, XACK: what crosses, and what may have happened to it.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redis_queue.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "error.hh"
#include "log.hh"

namespace sheepdog {
namespace {

constexpr std::string_view group = "sheepdog";
constexpr Seconds look{0.5};  // how long a BLOCK hides what comes into an inbox
constexpr std::size_t pipeline_bytes = 1 << 20;
constexpr std::size_t ids_at_once = 1000;
constexpr int most_looks =
    50;  // for what is owed, when patience is over: to halve a reply takes a few

// XADD before RPOP: when it fails nothing is lost.
constexpr std::string_view move_inbox = R"(
local moved = 0
while moved < tonumber(ARGV[1]) do
  local message = redis.call('LINDEX', KEYS[1], -1)
  if not message then break end
  redis.call('XADD', KEYS[2], '*', 'message', message)
  redis.call('RPOP', KEYS[1])
  moved = moved + 1
end
return moved)";

// One entry with at most ARGV[2] bytes of each of its first fields, and the bytes of all.
constexpr std::string_view read_beginning = R"(
local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not entry then return false end
local fields, whole = {}, 0
for i, text in ipairs(entry[2]) do
  whole = whole + #text
  if i <= 32 then fields[i] = string.sub(text, 1, tonumber(ARGV[2])) end
end
return {entry[1], fields, whole})";

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t leading_integer(std::string_view text) {
  std::int64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

/// The length that `reply` says, within what can be counted together.
std::int64_t length_of(const Reply& reply) {
  return std::clamp<std::int64_t>(reply.integer, 0, INT64_MAX >> 16);
}

/// Epoch ms of epoch seconds with decimals, as any language writes them.
std::optional<std::int64_t> epoch_ms(const std::string& text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e11) return {};
  return std::llround(seconds * 1000);
}

std::string epoch_seconds(std::int64_t ms) { return fmt::format("{}.{:03}", ms / 1000, ms % 1000); }

void set_field(Entry& entry, const std::string& name, const std::string& value) {
  if (name == "sent") entry.sent = epoch_ms(value);
  if (name == "first") entry.first = std::max<std::int64_t>(0, leading_integer(value));
  if (name == "prior") entry.prior = std::max<std::int64_t>(-1, leading_integer(value));
  if (name == "key") entry.key = value;
  if (name == "signature") entry.signature = value;
}

/// The entry `id`, whose fields are `fields`: name, value, name, value ...
Entry make_entry(const std::string& id, std::vector<Reply>& fields) {
  Entry entry;
  entry.id = id;
  entry.received = std::min(leading_integer(id), now_ms());
  bool found = false;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    if (fields[i].text == "message" && !found) {
      entry.message = std::move(fields[i + 1].text);
      found = true;
    } else {
      set_field(entry, fields[i].text, fields[i + 1].text);
    }
  }
  if (!found) {
    entry.trouble = "no field 'message'";
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2)
      entry.message += fmt::format("{} {}\n", fields[i].text, fields[i + 1].text);
  }
  bound(entry);
  return entry;
}

/// The numbers of a message as text, which must outlive its command.
struct Numbers {
  std::string sent, first, prior;
};

Command xadd(const std::string& stream, const Outgoing& message, const Numbers& numbers) {
  Command command{"XADD", stream, "*", "message", message.message};
  if (message.sent > 0) command.insert(command.end(), {"sent", numbers.sent});
  if (message.first > 0) command.insert(command.end(), {"first", numbers.first});
  if (message.prior >= 0) command.insert(command.end(), {"prior", numbers.prior});
  if (!message.key.empty())
    command.insert(command.end(), {"key", message.key, "signature", message.signature});
  return command;
}

}  // namespace

RedisQueue::RedisQueue(QueueAddress address, std::string worker)
    : redis_{address},
      barks_{address.channel + ":barks"},
      acks_{address.channel + ":acks"},
      name_{std::move(worker)},
      inboxes_{address.channel + ":inbox"} {
  inboxes_.insert(inboxes_.end(), address.inboxes.begin(), address.inboxes.end());
}

Redis::Clock::time_point RedisQueue::limit_of(Seconds wait) const {
  return deadline(redis_.address().timeout + wait);
}

void RedisQueue::push(std::span<const Outgoing> messages) {
  while (!messages.empty()) {
    std::size_t count = 0;
    for (std::size_t bytes = 0; count < messages.size() && bytes < pipeline_bytes; ++count)
      bytes += messages[count].message.size();
    std::vector<Numbers> numbers;
    for (const auto& m : messages.first(count))
      numbers.push_back(
          {epoch_seconds(m.sent), std::to_string(m.first), std::to_string(m.prior)});
    std::vector<Command> commands;
    for (std::size_t i = 0; i < count; ++i)
      commands.push_back(xadd(barks_, messages[i], numbers[i]));
    redis_.must(commands, limit_of());
    messages = messages.subspan(count);
  }
}

/// Make the group, at 0: what was sent before it was there counts too. A Redis without memory that
/// makes none lets us read on if there is one.
void RedisQueue::prepare() {
  const auto reply = redis_.run_although_full(
      {"XGROUP", "CREATE", barks_, group, "0", "MKSTREAM"}, limit_of());
  if (!reply.is_error("BUSYGROUP") && !(reply.is_error("OOM") && !group_lost_)) redis_.check(reply);
  group_lost_ = false;
  generation_ = redis_.generation();
  owed_ = true;
}

std::vector<Entry> RedisQueue::claim(int limit, Seconds patience) {
  const auto end = Redis::Clock::now() + patience;
  if (!worker_) {
    RedisGroup where{barks_, std::string{group}, redis_.address().channel + ":workers"};
    worker_.emplace(std::move(where), name_);
  }
  if (claimed_ > 0) owed_ = true;
  for (int looks = 1;; ++looks) {
    const Seconds left = end - Redis::Clock::now();
    auto entries = read_some(limit, std::clamp(left, Seconds{0}, look));
    if (!entries.empty()) return entries;
    if (Redis::Clock::now() >= end && (!owed_ || looks > most_looks)) return entries;
  }
}

/// One look, first for what is owed; empty with `owed_` set: look again at once.
std::vector<Entry> RedisQueue::read_some(int limit, Seconds wait) {
  if (group_lost_ || redis_.generation() != generation_) prepare();
  try {
    if (worker_->tend(redis_, claimed_, limit_of())) owed_ = true;
    if (owed_) {
      auto entries = read(limit, Seconds{0});
      if (owed_) return entries;
    }
    return read(limit, wait);
  } catch (const ReplyTooLarge&) {
    owed_ = true;  // Redis counts them as ours
    if (most_ == 1) return read_cut();
    most_ = std::max(1, std::min(most_, limit) / 8);
    return {};
  } catch (const Error& e) {
    owed_ = true;
    if (std::string_view{e.what()}.find("NOGROUP") == std::string_view::npos) throw;
    group_lost_ = true;  // a Redis that lost its data, or another one
    return {};
  }
}

std::vector<Entry> RedisQueue::read(int limit, Seconds wait) {
  const auto by_size = static_cast<int>(max_batch / std::max<std::size_t>(entry_size_, 1024));
  const auto count = std::to_string(std::max(1, std::min({limit, most_, by_size})));
  const auto block = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  const auto milliseconds = std::to_string(block);
  std::vector<Command> commands;
  const auto move = [&](std::string_view script, const std::string& inbox) {
    return Command{"EVAL", script, "2", inbox, barks_, count};
  };
  if (!owed_)
    for (const auto& inbox : inboxes_) commands.push_back(move(move_inbox, inbox));
  Command command{"XREADGROUP", "GROUP", group, worker_->name(), "COUNT", count};
  if (block > 0 && !owed_) command.insert(command.end(), {"BLOCK", milliseconds});
  command.insert(command.end(), {"STREAMS", barks_, owed_ ? "0" : ">"});
  commands.push_back(std::move(command));

  auto replies = redis_.run(commands, limit_of(wait));
  Reply answer = std::move(replies.back());
  replies.pop_back();
  const auto although = std::string{although_full}.append(move_inbox);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (replies[i].is_error("OOM"))  // an inbox that fills the memory: to be moved it wants a bit
      replies[i] = redis_.run(move(although, inboxes_[i]), limit_of());
    note_trouble("read the inbox", inboxes_[i], replies[i]);
  }
  redis_.check(answer);
  if (answer.items.empty()) return {};  // the end of BLOCK
  return take(answer.items.front());
}

/// The entries of `stream`: NAME, [[ID, [FIELD, VALUE...]]...]. What was deleted while we had it
/// has no fields.
std::vector<Entry> RedisQueue::take(Reply& stream) {
  auto& items = stream.at(1).items;
  if (items.empty()) owed_ = false;
  std::vector<Entry> entries;
  Command gone{"XACK", barks_, group};
  std::size_t bytes = 0;
  for (auto& item : items) {
    const auto& id = item.at(0).text;
    if (item.at(1).kind != Reply::Kind::list) {
      gone.push_back(id);
      continue;
    }
    entries.push_back(make_entry(id, item.items[1].items));
    bytes += entries.back().message.size();
  }
  if (gone.size() > 3) redis_.must(gone, limit_of());
  claimed_ = static_cast<std::int64_t>(entries.size());
  if (!entries.empty()) entry_size_ = bytes / entries.size();
  if (most_ < (1 << 20)) most_ *= 2;
  return entries;
}

/// The first of our entries, whose bytes fit into no reply: Redis cuts it.
std::vector<Entry> RedisQueue::read_cut() {
  const auto pending =
      redis_.must({"XPENDING", barks_, group, "-", "+", "1", worker_->name()}, limit_of());
  if (pending.items.empty()) return {};
  const auto id = pending.items[0].at(0).text;
  const auto most = std::to_string(max_message);
  auto reply = redis_.must({"EVAL", read_beginning, "1", barks_, id, most}, limit_of());
  if (reply.kind != Reply::Kind::list) return {};  // deleted meanwhile
  auto entry = make_entry(id, reply.at(1).items);
  entry.length = reply.at(2).integer;
  bound(entry);
  claimed_ = 1;
  most_ = 8;
  return {std::move(entry)};
}

/// What goes wrong beside the stream is said once, and blocks nothing.
void RedisQueue::note_trouble(std::string_view what, const std::string& key, const Reply& reply) {
  if (reply.kind != Reply::Kind::error) {
    complained_.erase(key);
  } else if (complained_.insert(key).second) {
    log(Level::warning, fmt::format("cannot {} '{}' of redis at {}: {}", what, key,
                                    redis_.address().place(), reply.text));
  }
}

void RedisQueue::acknowledge(std::span<const std::string> ids, const Acknowledgements& acks) {
  std::vector<Command> commands;
  for (std::size_t at = 0; at < ids.size(); at += ids_at_once) {
    // XDEL first: cut off between the two, the entry is ours without fields, and take() forgets
    // it; the other way round it would stay in the stream for good.
    Command remove{"XDEL", barks_}, forget{"XACK", barks_, group};
    for (const auto& id : ids.subspan(at, std::min(ids_at_once, ids.size() - at))) {
      remove.push_back(id);
      forget.push_back(id);
    }
    commands.push_back(std::move(remove));
    commands.push_back(std::move(forget));
  }
  std::vector<std::string> numbers;
  numbers.reserve(acks.size());  // views into it must last
  Command tell{"HSET", acks_};
  for (const auto& [sender, seq] : acks) {
    tell.push_back(sender);
    tell.push_back(numbers.emplace_back(std::to_string(seq)));
  }
  if (!acks.empty()) commands.push_back(std::move(tell));
  if (commands.empty()) return;
  auto replies = redis_.run(commands, limit_of());
  if (!acks.empty()) {  // without it senders keep what they have: no reason to stop
    if (replies.back().is_error("OOM"))
      replies.back() = redis_.run_although_full(commands.back(), limit_of());
    note_trouble("write", acks_, replies.back());
    replies.pop_back();
  }
  for (const auto& reply : replies) redis_.check(reply);
  claimed_ = std::max<std::int64_t>(0, claimed_ - static_cast<std::int64_t>(ids.size()));
}

std::optional<std::int64_t> RedisQueue::acknowledged(const std::string& sender) {
  const auto reply = redis_.must({"HGET", acks_, sender}, limit_of());
  if (reply.kind != Reply::Kind::text) return {};
  return leading_integer(reply.text);  // a signature may follow
}

Depth RedisQueue::depth() {
  std::vector<Command> commands{
      {"XLEN", barks_}, {"XPENDING", barks_, group}, {"XRANGE", barks_, "-", "+", "COUNT", "1"}};
  for (const auto& inbox : inboxes_) commands.push_back({"LLEN", inbox});
  Depth depth;
  std::vector<Reply> replies;
  try {
    replies = redis_.run(commands, limit_of());
  } catch (const ReplyTooLarge&) {  // the oldest; then without it
    commands[2] = {"PING"};
    replies = redis_.run(commands, limit_of());
  }
  // A client may ask for the length only; the rest is for those who may know.
  redis_.check(replies[0]);
  if (!replies[1].items.empty()) depth.claimed = length_of(replies[1].items[0]);
  depth.waiting = std::max<std::int64_t>(0, length_of(replies[0]) - depth.claimed);
  for (std::size_t i = 3; i < replies.size(); ++i) depth.waiting += length_of(replies[i]);
  if (!replies[2].items.empty()) depth.oldest = leading_integer(replies[2].items[0].at(0).text);
  return depth;
}

std::string RedisQueue::describe() {
  const auto info = redis_.run({"INFO", "server"}, limit_of());
  const auto& address = redis_.address();
  constexpr std::string_view label = "redis_version:";
  const auto at = info.text.find(label);
  if (info.kind != Reply::Kind::text || at == std::string::npos) {
    redis_.must({"PING"}, limit_of());  // INFO is not for everybody
    return fmt::format("redis at {}", address.place());
  }
  const auto begin = at + label.size();
  return fmt::format("redis {} at {}", info.text.substr(begin, info.text.find('\r', begin) - begin),
                     address.place());
}

std::string RedisQueue::identity() const {
  const auto& address = redis_.address();
  return fmt::format(
      "redis:{}/{}:{}",
      address.socket.empty() ? fmt::format("{}:{}", address.host, address.port) : address.socket,
      address.database, address.channel);
}

}  // namespace sheepdog
