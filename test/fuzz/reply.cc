// reply.cc -- the bytes of a server that may be no Redis: bounded, and the same however they come.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "resp.hh"
#include "target.hh"
#include "text.hh"

namespace sheepdog::fuzz {
namespace {

bool equal(const Reply& a, const Reply& b) {
  return a.kind == b.kind && a.integer == b.integer && a.text == b.text &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), equal);
}

struct Answers {
  std::vector<Reply> replies;
  std::string trouble;
};

/// What is read of `bytes`, when `step` of them come at once.
Answers read(std::string_view bytes, std::size_t step) {
  Answers answers;
  ReplyReader reader;
  reader.begin_round();
  try {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
      reader.feed(bytes.substr(0, step));
      while (auto reply = reader.next()) answers.replies.push_back(std::move(*reply));
    }
    if (reader.has_more()) answers.trouble = "not all";
  } catch (const std::runtime_error& e) {
    answers.trouble = e.what();
  }
  return answers;
}

std::size_t check_items(const Reply& reply, std::size_t depth) {
  promise(depth <= 8 || reply.items.empty(), "lists are 8 deep at most");
  promise(reply.items.empty() || reply.kind == Reply::Kind::list, "only lists have items");
  std::size_t count = reply.items.size();
  for (const Reply& item : reply.items) count += check_items(item, depth + 1);
  return count;
}

void write(std::string& out, const Reply& reply) {
  const auto line = [&](char type, const std::string& text) { (out += type) += text + "\r\n"; };
  switch (reply.kind) {
    case Reply::Kind::nil:
      return line('$', "-1");
    case Reply::Kind::integer:
      return line(':', std::to_string(reply.integer));
    case Reply::Kind::text:
      line('$', std::to_string(reply.text.size()));
      out += reply.text + "\r\n";
      return;
    case Reply::Kind::error:
      return line('-', reply.text);
    case Reply::Kind::list:
      line('*', std::to_string(reply.items.size()));
      for (const Reply& item : reply.items) write(out, item);
  }
}

}  // namespace

bool reply(std::string_view bytes) {
  const Answers answers = read(bytes, bytes.size());
  if (!answers.trouble.empty()) refused();
  std::size_t items = 0;
  std::string written;
  for (const Reply& one : answers.replies) {
    items += check_items(one, 1);
    write(written, one);
  }
  promise(items <= 1 << 18, "a round has 2^18 items at most");
  const auto same = [&](const Answers& others) {
    return std::equal(answers.replies.begin(), answers.replies.end(), others.replies.begin(),
                      others.replies.end(), equal);
  };
  const Answers slowly = read(bytes, 7);
  promise(same(slowly), "bytes may come by and by");
  promise(answers.trouble == slowly.trouble, "and are refused all the same");
  promise(same(read(written, written.size())), "written and read, it is the same");
  return answers.trouble.empty() && !bytes.empty();
}

}  // namespace sheepdog::fuzz
