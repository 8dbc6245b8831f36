// spool_change.cc -- names, renamed and removed; the tally goes with them.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_change.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

#include "error.hh"

namespace sheepdog {
namespace {

constexpr std::chrono::seconds patience{5};  // a change takes milliseconds: its holder hangs
constexpr int most_probes = 4096;            // beyond that a listing is cheaper

}  // namespace

SpoolChange::SpoolChange(const SpoolSender& sender)
    : sender_{sender},
      lock_{sender.directory(), std::chrono::steady_clock::now() + patience},
      unwinding_{std::uncaught_exceptions()} {
  if (!lock_)
    throw Error{Error::Code::spool_failed,
                fmt::format("cannot lock {}: another process hangs", sender.id())};
  if (const auto noted = read_tally(sender.directory())) {
    tally_ = *noted;
  } else {
    count_all();
  }
}

SpoolChange::~SpoolChange() {
  if (std::uncaught_exceptions() > unwinding_) return;
  try {
    find_oldest();
    note_tally(sender_.directory(), tally_);
  } catch (const std::exception&) {  // it cannot be listed: nothing to note
  }
}

void SpoolChange::count_all() {
  tally_ = {.resends = tally_.resends};
  const auto listing = sender_.list();
  tally_.highest = listing.highest;
  tally_.oldest = listing.highest + 1;
  for (const auto& name : listing.names) {
    count(name.state, 1);
    if (name.state == SpoolState::done) continue;
    if (name.state == SpoolState::waiting) tally_.oldest = std::min(tally_.oldest, name.number);
    if (const auto status = sender_.status(name)) tally_.bytes += status->bytes;
  }
}

void SpoolChange::count(SpoolState state, std::int64_t by) {
  if (state == SpoolState::waiting) tally_.waiting += by;
  if (state == SpoolState::sent) tally_.sent += by;
}

/// The numbers below tally_.oldest have left; so may have that one.
void SpoolChange::find_oldest() {
  if (tally_.waiting == 0) {
    tally_.oldest = tally_.highest + 1;
    return;
  }
  for (int probes = 0; probes < most_probes; ++probes, ++tally_.oldest)
    if (tally_.oldest > tally_.highest || sender_.status({tally_.oldest, SpoolState::waiting}))
      return;
  count_all();
}

SpoolSender::Listing SpoolChange::list() {
  auto listing = sender_.list();
  for (const auto& name : listing.strange)
    if (name.ends_with(".tmp")) unlinkat(sender_.directory().get(), name.c_str(), 0);
  return listing;
}

void SpoolChange::write(std::string_view message) {
  const auto content = seal(message);
  write_spool_file(sender_.directory(), spool_name({tally_.highest + 1, SpoolState::waiting}),
                   content);
  ++tally_.highest;
  ++tally_.waiting;
  tally_.bytes += static_cast<std::int64_t>(content.size());
}

/// False when the file is gone.
bool SpoolChange::rename(const SpoolName& name, SpoolState state) {
  const auto from = spool_name(name);
  const auto to = spool_name({name.number, state});
  const int directory = sender_.directory().get();
  if (renameat(directory, from.c_str(), directory, to.c_str())) {
    if (errno != ENOENT) spool_failed("rename " + from);
    return false;
  }
  count(name.state, -1);
  count(state, 1);
  if (state == SpoolState::waiting) tally_.oldest = std::min(tally_.oldest, name.number);
  return true;
}

/// False when the file is gone.
bool SpoolChange::remove(const SpoolName& name) {
  const auto status = sender_.status(name);
  const auto file = spool_name(name);
  if (unlinkat(sender_.directory().get(), file.c_str(), 0)) {
    if (errno != ENOENT) spool_failed("remove " + file);
    return false;
  }
  count(name.state, -1);
  if (name.state != SpoolState::done && status) tally_.bytes -= status->bytes;
  return true;
}

void SpoolChange::settle(const std::vector<SpoolName>& names) {
  for (const auto& name : names) {
    if (name.number != tally_.highest) {
      remove(name);
    } else if (name.state != SpoolState::done) {
      const auto status = sender_.status(name);
      if (rename(name, SpoolState::done) && status) tally_.bytes -= status->bytes;
    }
  }
}

void SpoolChange::mark_sent(const std::vector<SpoolName>& names) {
  for (const auto& name : names) {
    if (name.state == SpoolState::waiting) {
      rename(name, SpoolState::sent);
    } else {
      utimensat(sender_.directory().get(), spool_name(name).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
    }
  }
}

void SpoolChange::mark_waiting(const std::vector<SpoolName>& names) {
  for (const auto& name : names)
    if (name.state == SpoolState::sent) rename(name, SpoolState::waiting);
}

/// An empty file keeps `number` from being given again.
void SpoolChange::keep_number(std::int64_t number) {
  const auto mark = spool_name({number, SpoolState::done});
  const Descriptor made{openat(sender_.directory().get(), mark.c_str(),
                               O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!made) spool_failed("create " + mark);
}

void SpoolChange::put_aside(const SpoolName& name, const std::string& reason) {
  const int spool = sender_.spool().get();
  if (mkdirat(spool, "bad", 0700) && errno != EEXIST) spool_failed("make bad/");
  const auto to = fmt::format("bad/{}-{:020}", sender_.id(), name.number);
  const auto status = sender_.status(name);
  if (!status) return;  // gone
  if (name.number == tally_.highest) keep_number(name.number);
  if (renameat(sender_.directory().get(), spool_name(name).c_str(), spool, to.c_str()))
    spool_failed(fmt::format("move {} to bad/", spool_name(name)));
  count(name.state, -1);
  tally_.bytes -= status->bytes;
  const Descriptor why{openat(spool, (to + ".reason").c_str(),
                              O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!why || ::write(why.get(), reason.data(), reason.size()) < 0) spool_failed("write " + to);
}

void SpoolChange::rename_sender(const std::string& id) {
  const int spool = sender_.spool().get();
  if (renameat2(spool, sender_.id().c_str(), spool, id.c_str(), RENAME_NOREPLACE) &&
      ((errno != EINVAL && errno != ENOSYS) ||
       renameat(spool, sender_.id().c_str(), spool, id.c_str())))
    spool_failed("rename " + sender_.id());
  if (fsync(spool)) spool_failed("flush the spool");
}

}  // namespace sheepdog
