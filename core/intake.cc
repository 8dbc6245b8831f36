// intake.cc -- bytes and identity, nothing else: what they mean is found out later.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "intake.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

#include "error.hh"
#include "json.hh"
#include "numbering.hh"
#include "transaction.hh"
#include "worker.hh"

namespace sheepdog {
namespace {

constexpr const char* insert_message =
    "INSERT OR IGNORE INTO message (sender, seq, variant, received, sent, body, length)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)";

/// Who sent an entry, and whether that is a sender with numbers of its own.
struct Origin {
  Identity identity;
  bool own_numbers = false;
};

/// The number of an entry's id under its queue's name: N of the local queue as it is, MS-COUNTER of
/// Redis as MS * 2^20 + COUNTER; nothing for an id that somebody chose and that does not fit.
std::optional<std::int64_t> number_of(std::string_view id) {
  constexpr std::int64_t counters = std::int64_t{1} << 20;
  std::int64_t ms = 0, counter = 0;
  const char* const end = id.data() + id.size();
  auto [at, error] = std::from_chars(id.data(), end, ms);
  if (error != std::errc{} || ms < 0) return {};
  if (at == end) return ms;
  if (*at != '-' || ms >= (std::int64_t{1} << 43)) return {};
  const auto rest = std::from_chars(at + 1, end, counter);
  if (rest.ec != std::errc{} || rest.ptr != end || counter < 0 || counter >= counters) return {};
  return ms * counters + counter;
}

/// Names under which the server numbers messages itself: nobody may speak under them.
bool is_reserved(std::string_view sender) {
  return sender == "the server" || sender.starts_with("redis:") || sender.starts_with("local:");
}

Origin origin_of(const Entry& entry, const std::string& queue) {
  if (entry.trouble.empty())
    if (auto identity = identity_of(entry.message); identity && !is_reserved(identity->sender))
      return {std::move(*identity), true};
  if (const auto number = number_of(entry.id)) return {{queue, *number}, false};
  return {{queue + "#" + entry.id, 1}, false};
}

/// Who sent each of `entries`. The bytes of strangers are looked at nowhere else before they are
/// stored.
std::vector<Origin> origins_of(std::span<const Entry> entries, const std::string& queue) {
  std::vector<Origin> origins;
  origins.reserve(entries.size());
  begin_decoding(static_cast<std::int64_t>(entries.size()));
  for (const auto& entry : entries) origins.push_back(origin_of(entry, queue));
  end_decoding();
  return origins;
}

/// One batch on its way into the database, inside of one transaction.
class Batch {
 public:
  Batch(Database& db, bool hold)
      : db_{db}, numbering_{db, hold}, insert_{db.prepare(insert_message)} {
    newest_ =
        std::get<std::int64_t>(db_.run("SELECT coalesce(max(id), 0) FROM message").at(0).at(0));
  }

  /// Whether the entry is new.
  bool store(const Entry& entry, const Origin& origin) {
    auto& sender = numbering_.sender(origin.identity.sender);
    const auto seq = origin.identity.seq;
    if (origin.own_numbers) {
      sender.acknowledge = true;
      numbering_.settle(sender, std::min(entry.first, seq) - 1);
      if (numbering_.removed(sender, seq)) return false;
    }
    std::int64_t variant = 0;
    auto id = insert(entry, sender.id, seq, variant);
    const bool is_first = id > 0;
    if (origin.own_numbers) {
      if (is_first) numbering_.take(sender, seq);
      if (entry.prior >= 0) numbering_.give_up(sender, entry.prior + 1, seq - 1);
    }
    if (!is_first) {
      const auto next = next_variant(entry, sender.id, seq);
      if (!next) return false;
      variant = *next;
      id = insert(entry, sender.id, seq, variant);
      note_clone(sender.id, id);
    }
    if (origin.own_numbers && numbering_.hold(sender, seq, variant, id)) held_.push_back({id});
    if (!entry.trouble.empty()) troubled_.push_back({entry.trouble, id});
    return true;
  }

  /// What is new waits to be handled; how far each sender has come.
  Acknowledgements finish() {
    const std::array<Value, 1> before{newest_};
    db_.run("INSERT INTO waiting (message) SELECT id FROM message WHERE id > ?", before);
    db_.run_many("UPDATE waiting SET trouble = ? WHERE message = ?", troubled_);
    db_.run_many("DELETE FROM waiting WHERE message = ?", held_);
    return numbering_.finish();
  }

 private:
  /// The id of the new row; 0: there is one with this identity.
  std::int64_t insert(const Entry& entry, std::int64_t sender, std::int64_t seq,
                      std::int64_t variant) {
    insert_.bind(1, sender);
    insert_.bind(2, seq);
    insert_.bind(3, variant);
    insert_.bind(4, entry.received);
    if (entry.sent) {
      insert_.bind(5, *entry.sent);
    } else {
      insert_.bind_null(5);
    }
    insert_.bind_blob(6, entry.message);
    insert_.bind(7, entry.length);
    insert_.step();
    insert_.reset();
    return db_.changes() > 0 ? db_.last_insert_id() : 0;
  }

  /// The number for another body under a known identity; nothing when this body is known too. One
  /// that has become shorter lost the output of its command to its age: then the length must do.
  std::optional<std::int64_t> next_variant(const Entry& entry, std::int64_t sender,
                                           std::int64_t seq) {
    const std::array<Value, 2> values{sender, seq};
    const auto known = db_.run(
        "SELECT body, length FROM message WHERE sender = ? AND seq = ? ORDER BY variant", values);
    for (const auto& row : known) {
      const auto& body = std::get<Blob>(row[0]);
      const auto length = std::get<std::int64_t>(row[1]);
      const bool whole =
          body.size() == std::min(static_cast<std::size_t>(length), std::size_t{max_message});
      const bool same =
          !whole || std::equal(body.begin(), body.end(), entry.message.begin(), entry.message.end(),
                     [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); });
      if (same && length == entry.length) return {};
    }
    return static_cast<std::int64_t>(known.size());
  }

  /// Two bodies under one number: two machines, or one that was set back to an old image.
  void note_clone(std::int64_t sender, std::int64_t message) {
    const std::array<Value, 2> values{sender, message};
    db_.run("INSERT OR IGNORE INTO clone (sender, message) VALUES (?, ?)", values);
  }

  Database& db_;
  Numbering numbering_;
  Statement& insert_;
  std::int64_t newest_ = 0;  // the highest id before this batch
  std::vector<Row> troubled_, held_;
};

}  // namespace

Intake store(std::span<const Entry> entries, Queue& queue, Database& db) {
  if (entries.empty()) return {};
  std::vector<Entry> deadly;
  if (decoding_is_deadly()) {
    deadly.assign(entries.begin(), entries.end());
    for (auto& entry : deadly) entry.trouble = "the process died of it";
    entries = deadly;
  }
  Intake intake;
  intake.claimed = static_cast<std::int64_t>(entries.size());
  const auto name = queue.identity();
  std::vector<std::string> ids;
  ids.reserve(entries.size());
  const auto origins = origins_of(entries, name);
  Transaction transaction{db};
  Batch batch{db, !queue.durable()};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool is_new = batch.store(entries[i], origins[i]);
    ++(is_new ? intake.stored : intake.duplicates);
    ids.push_back(entries[i].id);
  }
  const auto acks = batch.finish();
  transaction.commit();
  if (db.moved())
    throw Error{Error::Code::database_failed,
                db.file() + " was removed or replaced while it was in use",
                "restore it, then start again; nothing was acknowledged since"};
  queue.acknowledge(ids, acks);  // only now: what is not on the disk is not ours
  return intake;
}

Intake take_in(Queue& queue, Database& db, int limit, Seconds patience) {
  return store(queue.claim(limit, patience), queue, db);
}

}  // namespace sheepdog
