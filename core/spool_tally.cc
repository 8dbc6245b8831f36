// spool_tally.cc -- six numbers and three marks of the directory that they are about.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_tally.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

#include "spool_file.hh"

namespace sheepdog {
namespace {

constexpr std::size_t most = 512;  // bytes of the file

/// Which directory, in which state.
std::string marks_of(const Descriptor& directory) {
  struct stat status {};
  if (fstat(directory.get(), &status)) return {};
  return fmt::format("{:020} {:020}.{:09} {:020}.{:09}", status.st_ino, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

bool is_there(const Descriptor& directory, std::int64_t number) {
  struct stat status {};
  for (const auto state : {SpoolState::waiting, SpoolState::sent, SpoolState::done})
    if (!fstatat(directory.get(), spool_name({number, state}).c_str(), &status,
                 AT_SYMLINK_NOFOLLOW))
      return true;
  return false;
}

}  // namespace

std::optional<SpoolTally> read_tally(const Descriptor& directory) {
  const Descriptor file{
      openat(directory.get(), tally_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  std::array<char, most> content;
  const auto size = file ? pread(file.get(), content.data(), content.size(), 0) : -1;
  if (size <= 0) return {};
  const auto text = unseal({content.data(), static_cast<std::size_t>(size)});
  const auto marks = marks_of(directory);
  if (!text.trouble.empty() || marks.empty() || !text.message.starts_with(marks + " ")) return {};
  SpoolTally tally;
  if (std::sscanf(text.message.c_str() + marks.size(), "%ld %ld %ld %ld %ld %ld", &tally.highest,
                  &tally.waiting, &tally.sent, &tally.bytes, &tally.oldest, &tally.resends) != 6)
    return {};
  if (tally.highest > 0 && !is_there(directory, tally.highest)) return {};
  if (is_there(directory, tally.highest + 1)) return {};
  return tally;
}

void note_tally(const Descriptor& directory, const SpoolTally& tally) {
  // Opened before the marks are taken: to make it changes the directory.
  const Descriptor file{openat(directory.get(), tally_name,
                               O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)};
  const auto content =
      seal(fmt::format("{} {:020} {:020} {:020} {:020} {:020} {:020}", marks_of(directory),
                       tally.highest, tally.waiting, tally.sent, tally.bytes, tally.oldest,
                       tally.resends));
  if (file && pwrite(file.get(), content.data(), content.size(), 0) < 0) return;
}

}  // namespace sheepdog
