// spool_tally.hh -- what a listing of a sender's directory would say, while that is still true.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "descriptor.hh"

namespace sheepdog {

/// A listing in short.
struct SpoolTally {
  std::int64_t highest = 0;            // number; 0: there was never a message
  std::int64_t waiting = 0, sent = 0;  // files
  std::int64_t bytes = 0;              // of both
  std::int64_t oldest = 1;             // no lower number waits
  std::int64_t resends = 0;            // in a row, without an acknowledgement; not in a listing
  bool operator==(const SpoolTally&) const = default;
};

/// The tally that was noted of `directory`, if the directory has not changed since: it is the same
/// inode with the same times to the nanosecond, the highest number is there and the next is not
/// (two changes may fall into one tick of the kernel's clock, and one that dies before it notes
/// them gives one number at most). Nothing otherwise, and whenever there is doubt: a restored copy,
/// a power cut, a file removed by hand. Only the listing counts then. To call under the
/// directory's lock, as note_tally.
std::optional<SpoolTally> read_tally(const Descriptor& directory);

/// Note that `tally` is that of `directory` as it is now. It need not reach the disk: what fails,
/// costs the next one a listing.
void note_tally(const Descriptor& directory, const SpoolTally& tally);

/// The name of the file in a sender's directory.
inline constexpr const char* tally_name = "tally";

}  // namespace sheepdog
