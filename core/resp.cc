// resp.cc -- hiredis (0.14 and 1.x) formats and parses; what it finds goes right into a Reply.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "resp.hh"

#include <hiredis/hiredis.h>

#include <new>
#include <stdexcept>

namespace sheepdog {
namespace {

constexpr std::size_t most_bytes = 32 * 1024 * 1024, most_items = 1 << 18, deepest = 8;

/// What a round has cost so far; hiredis hands it to each of the functions below.
struct Spent {
  std::size_t bytes = 0, items = 0;
  bool too_much = false;
};

/// Where what `task` read is to be put: in the list that it belongs to, or alone.
Reply* new_reply(const redisReadTask* task) {
  if (!task->parent) return new Reply;
  return &static_cast<Reply*>(task->parent->obj)->items[static_cast<std::size_t>(task->idx)];
}

/// hiredis is C: nothing may be thrown through it, and nullptr ends it.
template <typename Fill>
void* made(const redisReadTask* task, Fill fill) {
  Reply* reply = nullptr;
  try {
    reply = new_reply(task);
    fill(*reply);
    return reply;
  } catch (const std::bad_alloc&) {
    if (!task->parent) delete reply;
    return nullptr;
  }
}

void* make_text(const redisReadTask* task, char* text, std::size_t size) {
  return made(task, [&](Reply& reply) {
    reply.kind = task->type == REDIS_REPLY_ERROR ? Reply::Kind::error : Reply::Kind::text;
    reply.text.assign(text, size);
  });
}

void* make_integer(const redisReadTask* task, long long integer) {
  return made(task, [&](Reply& reply) {
    reply.kind = Reply::Kind::integer;
    reply.integer = integer;
  });
}

void* make_nil(const redisReadTask* task) {
  return made(task, [](Reply&) {});
}

/// The room for all its items is made at once: so their number must not be believed. The type of
/// `count` depends on the version of hiredis.
template <typename Count>
void* make_list(const redisReadTask* task, Count count) {
  auto& spent = *static_cast<Spent*>(task->privdata);
  std::size_t depth = 1;
  for (const auto* above = task->parent; above && depth <= deepest; above = above->parent) ++depth;
  const auto items = static_cast<std::size_t>(count);
  if (depth > deepest || items > most_items - spent.items) {
    spent.too_much = true;
    return nullptr;
  }
  spent.items += items;
  return made(task, [&](Reply& reply) {
    reply.kind = Reply::Kind::list;
    reply.items.resize(items);
  });
}

/// RESP 3 has more types. We never ask for it, so they are no answer.
template <typename Functions>
void leave_out_resp3(Functions& functions) {
  if constexpr (requires { functions.createDouble; }) {
    functions.createDouble = [](auto...) -> void* { return nullptr; };
    functions.createBool = [](auto...) -> void* { return nullptr; };
  }
}

redisReplyObjectFunctions reply_functions() {
  redisReplyObjectFunctions functions{};
  functions.createString = make_text;
  functions.createArray = make_list;
  functions.createInteger = make_integer;
  functions.createNil = make_nil;
  functions.freeObject = [](void* reply) { delete static_cast<Reply*>(reply); };
  leave_out_resp3(functions);
  return functions;
}

}  // namespace

Reply& Reply::at(std::size_t i) {
  if (i < items.size()) return items[i];
  throw Error{Error::Code::queue_unreachable, "redis answers something else than it was asked",
              "is it a Redis, version 5 or later?"};
}

std::string to_bytes(std::span<const Command> commands) {
  std::string bytes;
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const auto& command : commands) {
    words.clear(), lengths.clear();
    for (const auto& word : command) words.push_back(word.data()), lengths.push_back(word.size());
    char* text = nullptr;
    const auto n =
        redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), lengths.data());
    const std::unique_ptr<char, decltype(&redisFreeCommand)> owned{text, redisFreeCommand};
    if (n < 0) throw std::bad_alloc{};
    bytes.append(text, static_cast<std::size_t>(n));
  }
  return bytes;
}

struct ReplyReader::State {
  Spent spent;
  redisReplyObjectFunctions functions = reply_functions();
  std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader{
      redisReaderCreateWithFunctions(&functions), redisReaderFree};
};

ReplyReader::ReplyReader() : state_{std::make_unique<State>()} {
  if (!state_->reader) throw std::bad_alloc{};
  state_->reader->privdata = &state_->spent;
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::begin_round() { state_->spent = {}; }

void ReplyReader::feed(std::string_view bytes) {
  auto& spent = state_->spent.bytes;
  if (bytes.size() > most_bytes - spent) throw ReplyTooLarge{};
  spent += bytes.size();
  if (redisReaderFeed(state_->reader.get(), bytes.data(), bytes.size()) != REDIS_OK)
    throw std::runtime_error{state_->reader->errstr};
}

std::optional<Reply> ReplyReader::next() {
  void* raw = nullptr;
  if (redisReaderGetReply(state_->reader.get(), &raw) != REDIS_OK) {
    if (state_->spent.too_much) throw ReplyTooLarge{};
    throw std::runtime_error{std::string{"no answer of Redis: "} + state_->reader->errstr};
  }
  if (!raw) return std::nullopt;
  const std::unique_ptr<Reply> reply{static_cast<Reply*>(raw)};
  return std::move(*reply);
}

bool ReplyReader::has_more() const { return state_->reader->pos < state_->reader->len; }

}  // namespace sheepdog
