// spool_sender.hh -- one sender's directory in a spool, to be read: the listing is the state.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "descriptor.hh"
#include "spool_file.hh"

namespace sheepdog {

/// `SPOOL/SENDER`. What is in it changes only under a SpoolChange. Beside the messages there are
/// two files for locks, `hand-over` and `drain`, the file `tally`, and the directory `notes`.
class SpoolSender {
 public:
  SpoolSender(const Descriptor& spool, std::string id);

  struct Listing {
    std::vector<SpoolName> names;      // in order
    std::vector<std::string> strange;  // left by a process that died; none of ours
    std::int64_t highest = 0;          // 0: there was never a message
    [[nodiscard]] std::vector<SpoolName> in(SpoolState state) const;
  };
  /// To be called within a SpoolChange: what is renamed meanwhile may be missed.
  [[nodiscard]] Listing list() const;

  [[nodiscard]] Unsealed read(const SpoolName& name) const;
  /// Bytes of a file and when it came into its present state, epoch ms; nothing if it is gone.
  struct Status {
    std::int64_t bytes = 0, written = 0, changed = 0;
  };
  [[nodiscard]] std::optional<Status> status(const SpoolName& name) const;

  /// The file whose lock is held by who takes messages out.
  [[nodiscard]] Descriptor hand_over_file() const { return lock_file("hand-over"); }
  /// The file whose lock is held by who goes on until nothing waits.
  [[nodiscard]] Descriptor drain_file() const { return lock_file("drain"); }
  /// Where messages about this sender are kept, a spool by itself.
  static constexpr const char* notes_name = "notes";

  /// Whether the directory still has its name: another process may have given it a new id.
  [[nodiscard]] bool in_place() const;

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const Descriptor& spool() const { return spool_; }
  [[nodiscard]] const Descriptor& directory() const { return directory_; }

 private:
  [[nodiscard]] Descriptor lock_file(const char* name) const;

  const Descriptor& spool_;
  std::string id_;
  Descriptor directory_;
};

bool is_sender_id(std::string_view name);
std::string new_sender_id();

}  // namespace sheepdog
