// settings.hh -- what the mechanism needs of a configuration, read without Guile.
//
// Scheme checks a configuration whole and says all that is wrong; this takes from it, leniently,
// what must be known before Guile is up: where messages go and how a job is run.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "paths.hh"
#include "quantity.hh"
#include "queue.hh"
#include "reader.hh"
#include "spool.hh"

namespace sheepdog {

struct Settings {
  std::optional<std::string> file;   // the configuration, if there is one
  std::vector<std::string> files;    // it and what it includes
  std::string name;                  // `host` of our messages
  std::vector<QueueAddress> queues;  // never empty; else than named: the local queue
  bool queue_named = false;          // host, port, redis or queue was understood
  bool understood = true;            // nothing that this reader looks at is wrong
  std::string spool;                 // directory
  SpoolLimits spool_limits;
  std::string state;                    // directory: locks/, runs/, sheepdog.db, queue.db
  std::optional<std::string> database;  // (database "FILE")
  std::size_t head = 16 * 1024, tail = 80 * 1024;  // capture
  std::vector<std::string> redact;  // POSIX extended; the default ones unless `(redact none)`
  std::vector<std::string> mailto;
  std::optional<std::string> user;  // whom a daemon becomes that root starts
  std::vector<std::string> log;  // `(log ...)`: where and level; empty: default

  // how a job is run: (monitor ...) (always ...) ... as the options of `sheepdog -e`
  std::string monitor = "error";
  bool always = false, quiet = false, start = false, output = true;
  std::optional<Seconds> lock;  // how long to wait for it; nothing: no lock
  std::optional<Seconds> timeout, not_quicker, every;
  std::vector<int> ok_status, warn_status;
  std::vector<std::string> fail_pattern, warn_pattern, need_pattern;
  std::optional<std::string> tag;

  std::vector<Problem> problems;  // syntax, and values that this reader wanted and could not take

  /// Is this machine by itself, with the local queue?
  [[nodiscard]] bool standalone() const;
  /// Is there no telling where messages go? Then they wait in the spool for the next call with a
  /// good file: an error never makes a machine standalone.
  [[nodiscard]] bool must_wait() const { return !queue_named && !understood; }
};

/// Read `file` (nothing: the defaults of a machine without configuration). Never throws: problems
/// are in `problems`, everything else keeps its default.
Settings read_settings(const std::optional<std::string>& file, const Paths& paths);

/// `monitor-error` -> `error`: a leading `monitor-` is dropped, everywhere.
std::string monitor_name(std::string_view name);

}  // namespace sheepdog
