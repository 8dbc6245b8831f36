// spool_sender.cc -- numbers without gaps or repeats, by names alone.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_sender.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "spool_tally.hh"

namespace sheepdog {
namespace {

std::int64_t milliseconds(const timespec& t) {
  return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

bool is_ours(std::string_view name) {
  static constexpr std::array<std::string_view, 4> ours{"hand-over", "drain", tally_name,
                                                        SpoolSender::notes_name};
  return std::find(ours.begin(), ours.end(), name) != ours.end();
}

}  // namespace

bool is_sender_id(std::string_view name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == name.npos;
}

std::string new_sender_id() {
  std::array<unsigned char, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    spool_failed("find a random id");
  std::string id;
  for (const auto byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

SpoolSender::SpoolSender(const Descriptor& spool, std::string id)
    : spool_{spool},
      id_{std::move(id)},
      directory_{
          openat(spool.get(), id_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)} {
  if (!directory_) spool_failed("open " + id_);
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
    } else if (!is_ours(name)) {
      listing.strange.push_back(std::move(name));
    }
  }
  return listing;
}

Unsealed SpoolSender::read(const SpoolName& name) const {
  return read_spool_file(directory_, spool_name(name));
}

std::optional<SpoolSender::Status> SpoolSender::status(const SpoolName& name) const {
  struct stat status {};
  if (fstatat(directory_.get(), spool_name(name).c_str(), &status, AT_SYMLINK_NOFOLLOW)) return {};
  return Status{status.st_size, milliseconds(status.st_mtim), milliseconds(status.st_ctim)};
}

bool SpoolSender::in_place() const {
  struct stat here {
  }, named{};
  return !fstat(directory_.get(), &here) &&
         !fstatat(spool_.get(), id_.c_str(), &named, AT_SYMLINK_NOFOLLOW) &&
         here.st_ino == named.st_ino && here.st_dev == named.st_dev;
}

Descriptor SpoolSender::lock_file(const char* name) const {
  Descriptor file{
      openat(directory_.get(), name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) spool_failed(std::string{"open "} + name);
  return file;
}

}  // namespace sheepdog
