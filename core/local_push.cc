// local_push.cc -- messages as JSON, to the process that has SQLite.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "local_push.hh"

#include <fmt/format.h>

#include "error.hh"
#include "guile_child.hh"

namespace sheepdog {
namespace {

constexpr Seconds patience{5.0};  // Guile starts for it

[[noreturn]] void refuse() {
  throw Error{Error::Code::usage, "this program only pushes to the local queue"};
}

}  // namespace

void LocalPush::push(std::span<const Outgoing> messages) {
  Json all = Json::array();
  for (const auto& message : messages)
    all.push_back({message.message, message.sent, message.first, message.prior, message.key,
                   message.signature});
  const auto left = deadline(patience) - std::chrono::steady_clock::now();
  try {
    GuileChild{find_paths()}.ask({{"sheepdog", "core"}, "%local-push!", {directory_, all}}, left);
  } catch (const Error& e) {
    throw Error{Error::Code::queue_unreachable, e.what(), e.hint()};
  }
}

std::vector<Entry> LocalPush::claim(int, Seconds) { refuse(); }
void LocalPush::acknowledge(std::span<const std::string>, const Acknowledgements&) { refuse(); }
Depth LocalPush::depth() { refuse(); }

/// What push() took is settled at once: nobody waits for an acknowledgement.
std::optional<std::int64_t> LocalPush::acknowledged(const std::string&) { return {}; }

std::string LocalPush::describe() { return "local queue in " + directory_; }
std::string LocalPush::identity() const { refuse(); }

}  // namespace sheepdog
