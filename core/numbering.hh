// numbering.hh -- how far each sender has come: what is missing of it, and what must wait for that.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "database.hh"
#include "queue.hh"

namespace sheepdog {

/// The numbers of the senders of one batch, in the transaction of its caller. While a sender's
/// numbers come without a gap, a message costs no statement. Tables: sender, hole, held of
/// scheme/sheepdog/sql/2.sql, removed of 3.sql; when a hole has been waited for long enough is decided in
/// (sheepdog hole), which lets go of what is held, too.
class Numbering {
 public:
  /// With `hold`, what stands above a hole is held back for it.
  Numbering(Database& db, bool hold);

  struct Sender {
    std::int64_t id = 0;
    std::int64_t contiguous = 0;  // all up to here is stored, or given up by the sender
    std::int64_t highest = 0;     // the greatest number stored, or given up
    std::int64_t free = 0;        // up to here nothing has to wait
    bool holding = false;         // some of its messages are held
    bool acknowledge = false;     // it has numbers of its own, and hears how far it came
    bool changed = false;
  };

  /// The sender `name`, made if it is new; valid as long as this is.
  Sender& sender(const std::string& name);

  /// The sender says that it has nothing more up to `upto`.
  void settle(Sender& sender, std::int64_t upto);

  /// The sender never will send `first` to `last`, all below a number that is stored, and says so
  /// in a message of its own: they are not missing.
  void give_up(Sender& sender, std::int64_t first, std::int64_t last);

  /// Whether `seq` was stored, and has been removed since because of its age.
  bool removed(const Sender& sender, std::int64_t seq);

  /// `seq` is stored, and was not before.
  void take(Sender& sender, std::int64_t seq);

  /// Let the message wait for what is missing below its number; whether it has to.
  bool hold(Sender& sender, std::int64_t seq, std::int64_t variant, std::int64_t message);

  /// Write how far each has come; what they are to hear.
  Acknowledgements finish();

 private:
  void miss(const Sender& sender, std::int64_t first, std::int64_t last, bool settled);
  void fill(const Sender& sender, std::int64_t seq);
  void split(const Sender& sender, std::int64_t last);
  void look_up(Sender& sender);

  Database& db_;
  bool hold_;
  std::unordered_map<std::string, Sender> senders_;
};

}  // namespace sheepdog
