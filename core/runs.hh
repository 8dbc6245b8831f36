// runs.hh -- what the wrapper remembers from run to run: STATE/runs.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "descriptor.hh"

namespace sheepdog {

/// A name for files about `tag`, which may hold anything: never a path, at most 200 bytes,
/// different for different tags.
std::string tag_file_name(std::string_view tag);

/// A run that began: its record stays locked until it ends, even by `kill -9`.
struct Beginning {
  std::string tag, command, monitor;
  std::optional<std::string> run;  // as in the `start` message, if one was sent
  std::int64_t started = 0;        // epoch ms
  std::int64_t pid = 0;            // of the wrapper
};

/// The file of a Beginning, while this object lives ours.
class StartRecord {
 public:
  StartRecord(std::string file, Descriptor lock) : file_{std::move(file)}, lock_{std::move(lock)} {}
  /// Its end is known: remove it.
  void end();

 private:
  std::string file_;
  Descriptor lock_;
};

/// A run without an end; `record` keeps others from telling of it too.
struct LostRun {
  Beginning beginning;
  StartRecord record;
};

/// The directory is made by the first that writes. Reading never throws: what is not there or
/// cannot be read is not remembered. Writing throws Error::broken with the path and errno's text.
class Runs {
 public:
  explicit Runs(std::string directory) : directory_{std::move(directory)} {}

  [[nodiscard]] StartRecord begin(const Beginning& beginning) const;

  /// Runs of any tag that began and whose process is gone.
  [[nodiscard]] std::vector<LostRun> lost() const;

  /// The state last sent of `tag`.
  [[nodiscard]] std::optional<std::string> last_state(std::string_view tag) const;
  void sent(std::string_view tag, const std::string& state) const;

  /// Count one more refusal by the lock of `tag` in a row: how many there are now.
  [[nodiscard]] int refused(std::string_view tag) const;
  /// The lock was free.
  void admitted(std::string_view tag) const;

  /// Were `files`, as they are now, found good? By this version of the program.
  [[nodiscard]] bool found_good(const std::vector<std::string>& files) const;
  void note_good(const std::vector<std::string>& files) const;

 private:
  struct Memory {
    std::string state;  // "": never sent
    int refusals = 0;
  };
  [[nodiscard]] Memory recall(std::string_view tag) const;
  void keep(std::string_view tag, const Memory& memory) const;
  void write(const std::string& name, const std::string& content) const;

  std::string directory_;
};

}  // namespace sheepdog
