// settings_values.hh -- the values of one entry of a configuration, taken or complained about.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datum.hh"
#include "reader.hh"
#include "seconds.hh"

namespace sheepdog {

/// One `(KEY VALUE...)` or `(KEY . VALUE)`. What cannot be taken becomes a Problem in the words of
/// (sheepdog config types), and nothing is returned: the default stays.
class EntryValues {
 public:
  EntryValues(const Datum& entry, const std::string& file, std::vector<Problem>& problems);

  /// The key; empty when `entry` is none.
  [[nodiscard]] const std::string& key() const { return key_; }
  /// What stands behind the key but is no option; the options `(NAME ...)`.
  [[nodiscard]] const std::vector<const Datum*>& plain() const { return plain_; }
  [[nodiscard]] const std::vector<EntryValues>& options() const { return options_; }

  // The one value.
  std::optional<std::string> text() const;
  std::optional<std::string> name() const;  // a symbol or a string
  std::optional<bool> yes_or_no() const;
  std::optional<Seconds> duration() const;
  std::optional<std::int64_t> size() const;
  std::optional<std::int64_t> number(std::int64_t least, std::int64_t most) const;

  // All values; of a wrong one a problem, the others are taken.
  std::vector<std::string> texts() const;
  std::vector<int> statuses() const;

  /// Complain of the datum `at` (the entry itself if there is none).
  void complain(const std::string& text, const std::string& hint = {},
                const Datum* at = nullptr) const;
  /// Complain that the key wants `what`.
  void wants(const char* what, const Datum& got, const std::string& hint = {}) const;

 private:
  [[nodiscard]] const Datum* single() const;

  const Datum* entry_;
  const std::string* file_;
  std::vector<Problem>* problems_;
  std::string key_;
  std::vector<const Datum*> plain_;
  std::vector<EntryValues> options_;
};

}  // namespace sheepdog
