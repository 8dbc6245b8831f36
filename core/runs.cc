// runs.cc -- small files, each replaced as a whole.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "runs.hh"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "error.hh"
#include "hold.hh"
#include "json.hh"
#include "paths.hh"
#include "version.hh"

namespace sheepdog {
namespace {

constexpr std::size_t longest = 64 * 1024;  // bytes of any file here
constexpr std::size_t configurations = 16;  // that are remembered to be good
const std::string good_file = "config-ok";
const std::string start_suffix = ".start";

[[noreturn]] void fail(const std::string& what, const std::string& file) {
  throw Error{Error::Code::broken,
              fmt::format("cannot {} {}: {}", what, file, std::strerror(errno))};
}

std::string content_of(int fd) {
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0 || status.st_size < 0) return {};
  std::string content(std::min(static_cast<std::size_t>(status.st_size), longest), '\0');
  const ssize_t size = pread(fd, content.data(), content.size(), 0);
  content.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return content;
}

std::string content_of(const std::string& file) {
  const Descriptor opened{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  return content_of(opened.get());
}

/// An object with the keys that are asked for; an empty one for nonsense.
Json parse(const std::string& content) {
  try {
    Json json = read_json(content);
    return json.is_object() ? json : Json::object();
  } catch (const Error&) {
    return Json::object();
  }
}

template <typename T>
T value(const Json& json, const char* key, T otherwise) {
  try {
    return json.contains(key) ? json.at(key).get<T>() : otherwise;
  } catch (const nlohmann::json::exception&) {
    return otherwise;
  }
}

Json to_json(const Beginning& beginning) {
  Json json{{"tag", beginning.tag},
            {"command", beginning.command},
            {"monitor", beginning.monitor},
            {"started", beginning.started},
            {"pid", beginning.pid}};
  if (beginning.run) json["run"] = *beginning.run;
  return json;
}

Beginning to_beginning(const Json& json) {
  Beginning beginning{
      value<std::string>(json, "tag", ""),          value<std::string>(json, "command", ""),
      value<std::string>(json, "monitor", "error"), {},
      value<std::int64_t>(json, "started", 0),      value<std::int64_t>(json, "pid", 0)};
  if (json.contains("run")) beginning.run = value<std::string>(json, "run", "");
  return beginning;
}

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv).
std::uint64_t hash(std::string_view text) {
  std::uint64_t sum = 14695981039346656037U;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return sum;
}

/// Which bytes and modes these files have now, without reading them; "" when one is missing.
std::string stamp(const std::vector<std::string>& files) {
  std::string text = version;
  for (const auto& file : files) {
    struct stat status {};
    if (stat(file.c_str(), &status) != 0) return "";
    text += fmt::format(" {}:{}:{}:{}.{:09}", status.st_dev, status.st_ino, status.st_size,
                        status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
  }
  return text + "\n";
}

/// The record if its process is gone; the lock proves it.
std::optional<LostRun> read_lost(const std::string& file) {
  Descriptor opened{open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat status {};
  if (!opened || flock(opened.get(), LOCK_EX | LOCK_NB) != 0) return {};
  if (fstat(opened.get(), &status) != 0 || status.st_nlink == 0) return {};  // told of just now
  Beginning beginning = to_beginning(parse(content_of(opened.get())));
  StartRecord record{file, std::move(opened)};
  if (!beginning.tag.empty()) return LostRun{std::move(beginning), std::move(record)};
  record.end();  // half written at a power cut: nobody knows of what it is
  return {};
}

}  // namespace

std::string tag_file_name(std::string_view tag) {
  std::string name;
  for (const char c : tag) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !name.empty());
    name += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  if (name.empty()) return "%";
  if (name.size() > 180) name = fmt::format("{}%{:016x}", name.substr(0, 160), hash(tag));
  return name;
}

void StartRecord::end() {
  unlink(file_.c_str());
  lock_.close();
}

StartRecord Runs::begin(const Beginning& beginning) const {
  make_directory(directory_, 0700U);
  const std::string file = fmt::format("{}/{}.{}.{}{}", directory_, tag_file_name(beginning.tag),
                                       beginning.started, beginning.pid, start_suffix);
  const std::string fresh = file + ".new";  // nobody may find it before it is locked
  Descriptor opened{open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!opened || flock(opened.get(), LOCK_EX | LOCK_NB) != 0 ||
      !write_all(opened.get(), write_json(to_json(beginning)) + "\n") ||
      rename(fresh.c_str(), file.c_str()) != 0) {
    const int error = errno;
    unlink(fresh.c_str());
    errno = error;
    fail("write", file);
  }
  return {file, std::move(opened)};
}

std::vector<LostRun> Runs::lost() const {
  std::vector<LostRun> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory{opendir(directory_.c_str()), closedir};
  while (const dirent* entry = directory ? readdir(directory.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (!name.ends_with(start_suffix)) continue;
    if (auto lost = read_lost(directory_ + "/" + name)) all.push_back(std::move(*lost));
  }
  return all;
}

Runs::Memory Runs::recall(std::string_view tag) const {
  const Json json = parse(content_of(directory_ + "/" + tag_file_name(tag) + ".last"));
  return {value<std::string>(json, "state", ""), value<int>(json, "refusals", 0)};
}

void Runs::keep(std::string_view tag, const Memory& memory) const {
  const Json json{{"tag", tag}, {"state", memory.state}, {"refusals", memory.refusals}};
  write(tag_file_name(tag) + ".last", write_json(json) + "\n");
}

std::optional<std::string> Runs::last_state(std::string_view tag) const {
  Memory memory = recall(tag);
  if (memory.state.empty()) return {};
  return std::move(memory.state);
}

void Runs::sent(std::string_view tag, const std::string& state) const {
  Memory memory = recall(tag);
  if (memory.state == state) return;
  memory.state = state;
  keep(tag, memory);
}

int Runs::refused(std::string_view tag) const {
  Memory memory = recall(tag);
  ++memory.refusals;
  keep(tag, memory);
  return memory.refusals;
}

void Runs::admitted(std::string_view tag) const {
  Memory memory = recall(tag);
  if (memory.refusals == 0) return;
  memory.refusals = 0;
  keep(tag, memory);
}

bool Runs::found_good(const std::vector<std::string>& files) const {
  const std::string now = stamp(files);
  return !now.empty() && content_of(directory_ + "/" + good_file).find(now) != std::string::npos;
}

void Runs::note_good(const std::vector<std::string>& files) const {
  std::string lines = stamp(files);
  const std::string before = content_of(directory_ + "/" + good_file);
  std::size_t at = 0, count = 1;
  for (std::size_t end; count < configurations && (end = before.find('\n', at)) != before.npos;
       at = end + 1, ++count)
    lines += before.substr(at, end + 1 - at);
  write(good_file, lines);
}

void Runs::write(const std::string& name, const std::string& content) const {
  make_directory(directory_, 0700U);
  const std::string file = directory_ + "/" + name, fresh = fmt::format("{}.{}", file, getpid());
  const Descriptor opened{
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (opened && write_all(opened.get(), content) && rename(fresh.c_str(), file.c_str()) == 0)
    return;
  const int error = errno;
  unlink(fresh.c_str());
  errno = error;
  fail("write", file);
}

}  // namespace sheepdog
