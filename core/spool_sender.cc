// spool_sender.cc -- numbers without gaps or repeats, by names alone.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_sender.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>

#include "error.hh"

namespace sheepdog {
namespace {

constexpr const char* hand_over_name = "hand-over";
constexpr Seconds lock_patience{5.0};  // a change takes milliseconds: beyond that its holder hangs

std::int64_t milliseconds(const timespec& t) {
  return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

}  // namespace

FileLock::FileLock(const Descriptor& file, Deadline deadline) : fd_{file.get()} {
  while (!(held_ = flock(fd_, LOCK_EX | LOCK_NB) == 0)) {
    if (errno != EWOULDBLOCK && errno != EINTR) spool_failed("lock the spool");
    if (std::chrono::steady_clock::now() >= deadline) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

FileLock::~FileLock() {
  if (held_) flock(fd_, LOCK_UN);
}

SpoolSender::SpoolSender(const Descriptor& spool, std::string id)
    : spool_{spool},
      id_{std::move(id)},
      directory_{
          openat(spool.get(), id_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)} {
  if (!directory_) spool_failed("open " + id_);
}

FileLock SpoolSender::lock() const {
  FileLock lock{directory_, std::chrono::steady_clock::now() +
                                std::chrono::duration_cast<Deadline::duration>(lock_patience)};
  if (!lock)
    throw Error{Error::Code::spool_failed,
                fmt::format("cannot lock {}: another process hangs", id_)};
  return lock;
}

std::int64_t SpoolSender::Listing::first() const {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [](const auto& n) { return n.state != SpoolState::done; });
  return found == names.end() ? highest + 1 : found->number;
}

std::vector<SpoolName> SpoolSender::Listing::in(SpoolState state) const {
  std::vector<SpoolName> found;
  std::copy_if(names.begin(), names.end(), std::back_inserter(found),
               [&](const auto& n) { return n.state == state; });
  return found;
}

SpoolSender::Listing SpoolSender::list() const {
  Listing listing;
  for (auto& name : list_directory(directory_)) {
    if (const auto parsed = parse_spool_name(name)) {
      listing.names.push_back(*parsed);
      listing.highest = std::max(listing.highest, parsed->number);
    } else if (name != hand_over_name) {
      listing.strange.push_back(std::move(name));
    }
  }
  return listing;
}

void SpoolSender::clean(const Listing& listing) {
  for (const auto& name : listing.strange)
    if (name.ends_with(".tmp")) unlinkat(directory_.get(), name.c_str(), 0);
}

void SpoolSender::write(std::int64_t number, std::string_view message) {
  write_spool_file(directory_, spool_name({number, SpoolState::waiting}), seal(message));
}

void SpoolSender::rename(const SpoolName& name, SpoolState state) {
  const auto from = spool_name(name);
  const auto to = spool_name({name.number, state});
  if (renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) && errno != ENOENT)
    spool_failed("rename " + from);
}

void SpoolSender::settle(const std::vector<SpoolName>& names) {
  if (names.empty()) return;
  const auto held = lock();
  const auto highest = list().highest;
  for (const auto& name : names) {
    if (name.number == highest) {
      if (name.state != SpoolState::done) rename(name, SpoolState::done);
    } else if (unlinkat(directory_.get(), spool_name(name).c_str(), 0) && errno != ENOENT) {
      spool_failed("remove " + spool_name(name));
    }
  }
}

void SpoolSender::mark_sent(const std::vector<SpoolName>& names) {
  if (names.empty()) return;
  const auto held = lock();
  for (const auto& name : names) {
    if (name.state == SpoolState::waiting) {
      rename(name, SpoolState::sent);
    } else {
      utimensat(directory_.get(), spool_name(name).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
    }
  }
}

void SpoolSender::put_aside(const SpoolName& name, const std::string& reason) {
  if (mkdirat(spool_.get(), "bad", 0700) && errno != EEXIST) spool_failed("make bad/");
  const auto to = fmt::format("bad/{}-{:020}", id_, name.number);
  const auto held = lock();
  if (list().highest == name.number) {
    // Its number was given: an empty file keeps it from being given again.
    const auto mark = spool_name({name.number, SpoolState::done});
    const Descriptor made{
        openat(directory_.get(), mark.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!made) spool_failed("create " + mark);
  }
  if (renameat(directory_.get(), spool_name(name).c_str(), spool_.get(), to.c_str()))
    spool_failed(fmt::format("move {} to bad/", spool_name(name)));
  const Descriptor why{openat(spool_.get(), (to + ".reason").c_str(),
                              O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!why || ::write(why.get(), reason.data(), reason.size()) < 0) spool_failed("write " + to);
}

Unsealed SpoolSender::read(const SpoolName& name) const {
  return read_spool_file(directory_, spool_name(name));
}

std::optional<SpoolSender::Status> SpoolSender::status(const SpoolName& name) const {
  struct stat status {};
  if (fstatat(directory_.get(), spool_name(name).c_str(), &status, AT_SYMLINK_NOFOLLOW)) return {};
  return Status{status.st_size, milliseconds(status.st_mtim), milliseconds(status.st_ctim)};
}

Descriptor SpoolSender::hand_over_file() const {
  Descriptor file{
      openat(directory_.get(), hand_over_name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) spool_failed(std::string{"open "} + hand_over_name);
  return file;
}

}  // namespace sheepdog
