// spool_file.cc -- names, checksums, and writing so that a power cut leaves all or nothing.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_file.hh"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

#include "error.hh"
#include "queue.hh"

namespace sheepdog {
namespace {

constexpr std::string_view magic = "sheepdog-spool 1 ";
constexpr std::size_t max_header = 512;  // room for a key and a signature
constexpr std::array<std::string_view, 3> endings{".new", ".sent", ".done"};

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0xEDB88320U : 0U);
    table[i] = crc;
  }
  return table;
}();

/// CRC-32 of ISO 3309, as in zlib and `gzip`.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes)
    crc = (crc >> 8) ^ crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

void write_all(const Descriptor& file, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const auto n = write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) spool_failed("write " + name);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// Give `from` the name `to` unless there is such a file. Not every file system has the flag: NFS
/// says EINVAL, and link(2) does the same in two steps.
void rename_new(const Descriptor& directory, const std::string& from, const std::string& to) {
  const int d = directory.get();
  if (renameat2(d, from.c_str(), d, to.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) spool_failed("rename to " + to);
  if (linkat(d, from.c_str(), d, to.c_str(), 0)) spool_failed("rename to " + to);
  unlinkat(d, from.c_str(), 0);
}

}  // namespace

void spool_failed(const std::string& what) {
  throw Error{Error::Code::spool_failed,
              fmt::format("cannot {}: {}", what, std::generic_category().message(errno))};
}

std::string spool_name(const SpoolName& name) {
  return fmt::format("{:020}{}", name.number, endings[static_cast<std::size_t>(name.state)]);
}

std::optional<SpoolName> parse_spool_name(std::string_view name) {
  SpoolName result;
  const char* const end = name.data() + std::min<std::size_t>(name.size(), 20);
  const auto [stop, error] = std::from_chars(name.data(), end, result.number);
  if (name.size() < 24 || error != std::errc{} || stop != end || result.number < 1) return {};
  const auto ending = std::find(endings.begin(), endings.end(), name.substr(20));
  if (ending == endings.end()) return {};
  result.state = static_cast<SpoolState>(ending - endings.begin());
  return result;
}

std::string seal(std::string_view message) {
  return fmt::format("{}{} {:08x}\n{}", magic, message.size(), crc32(message), message);
}

Unsealed unseal(std::string_view content) {
  const auto bad = [](std::string why) { return Unsealed{{}, std::move(why)}; };
  if (content.empty()) return bad("empty");
  const auto end = content.substr(0, max_header).find('\n');
  if (!content.starts_with(magic) || end == content.npos) return bad("no line 'sheepdog-spool 1'");
  std::size_t length = 0;
  std::uint32_t sum = 0;
  const char* const line_end = content.data() + end;
  const auto size = std::from_chars(content.data() + magic.size(), line_end, length);
  if (size.ec != std::errc{} || size.ptr == line_end || *size.ptr != ' ') return bad("no length");
  const auto crc = std::from_chars(size.ptr + 1, line_end, sum, 16);
  if (crc.ec != std::errc{} || (crc.ptr != line_end && *crc.ptr != ' ')) return bad("no checksum");
  const auto message = content.substr(end + 1);
  if (message.size() != length)
    return bad(fmt::format("{} bytes instead of {}", message.size(), length));
  if (crc32(message) != sum) return bad("the checksum does not fit");
  return {std::string{message}, {}};
}

Unsealed read_spool_file(const Descriptor& directory, const std::string& name) {
  struct stat status {};
  if (fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW)) {
    if (errno == ENOENT) return {{}, "it is gone", true};
    spool_failed("read " + name);
  }
  if (!S_ISREG(status.st_mode)) return {{}, "not a regular file"};
  if (status.st_size > static_cast<off_t>(max_message + max_header))
    return {{}, fmt::format("{} bytes", status.st_size)};
  const Descriptor file{
      openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!file && errno == ENOENT) return {{}, "it is gone", true};
  if (!file) spool_failed("read " + name);
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < content.size()) {
    const auto n = read(file.get(), content.data() + have, content.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return {{}, std::generic_category().message(errno)};  // EIO: this one is lost
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  content.resize(have);
  return unseal(content);
}

void write_spool_file(const Descriptor& directory, const std::string& name,
                      std::string_view content) {
  const std::string temporary = name + ".tmp";
  const auto create = [&] {
    return Descriptor{openat(directory.get(), temporary.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  };
  auto file = create();
  if (!file && errno == EEXIST && !unlinkat(directory.get(), temporary.c_str(), 0)) file = create();
  if (!file) spool_failed("create " + name);
  try {
    write_all(file, content, name);
    if (fsync(file.get())) spool_failed("flush " + name);
    rename_new(directory, temporary, name);
  } catch (const Error&) {
    unlinkat(directory.get(), temporary.c_str(), 0);
    throw;
  }
  if (fsync(directory.get())) {
    const int error = errno;
    unlinkat(directory.get(), name.c_str(), 0);  // else it would go twice: the caller sends it
    errno = error;
    spool_failed("flush the directory of " + name);
  }
}

std::vector<std::string> list_directory(const Descriptor& directory) {
  // A descriptor of its own: a listing moves the position of the one it reads.
  const int fd = openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{fd < 0 ? nullptr : fdopendir(fd), closedir};
  if (!stream) spool_failed("list the spool");
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = readdir(stream.get()); errno = 0) {
    const std::string_view name{entry->d_name};
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) spool_failed("list the spool");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace sheepdog
