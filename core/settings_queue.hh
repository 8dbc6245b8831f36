// settings_queue.hh -- which queue a configuration means: host, port, redis, queue.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "queue.hh"
#include "settings_values.hh"

namespace sheepdog {

class SettingsQueues {
 public:
  /// Take `entry` of the configuration `file` if it is about the queue.
  bool take(const EntryValues& entry, const std::string& file);

  /// Whether `key`, which nobody knows, looks like one of ours (`hots`).
  [[nodiscard]] static bool resembles(const std::string& key);

  /// What was named, in order; `(queue "local:")` lies in `state`.
  [[nodiscard]] std::vector<QueueAddress> addresses(const std::string& state) const;

 private:
  void take_server(const EntryValues& entry, const std::string& file);
  void take_url(const EntryValues& entry, const std::string& file);

  std::vector<QueueAddress> urls_;
  QueueAddress server_;  // of host, port and redis
  bool has_server_ = false;
};

/// The local queue in `directory`.
QueueAddress local_queue(const std::string& directory);

}  // namespace sheepdog
