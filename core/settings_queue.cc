// settings_queue.cc -- URLs, and the older words host and port.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "settings_queue.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "secret.hh"
#include "text.hh"

namespace sheepdog {
namespace {

constexpr std::string_view name_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
constexpr const char* url_hint =
    R"(such as "redis://localhost:7777", "unix:/run/redis/redis.sock", "local:")";

bool is_host(std::string_view text) {
  const bool address6 = text.find(':') != text.npos &&
                        text.find_first_not_of("0123456789abcdefABCDEF:.%") == text.npos;
  return address6 || (!text.empty() && text.size() <= 253 && text[0] != '-' && text[0] != '.' &&
                      text.find_first_not_of(name_characters) == text.npos);
}

std::optional<int> parse_number(std::string_view text, int least, int most) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  if (number < least || number > most) return {};
  return number;
}

/// Whether `url` has a password before its host: it must not be shown.
bool has_password(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return false;
  const auto user = url.substr(begin + 3, url.find_first_of("/@", begin + 3) - begin - 3);
  return user.find(':') != std::string_view::npos &&
         url.substr(begin + 3 + user.size()).starts_with('@');
}

/// HOST[:PORT][/DB] into `address`; an IPv6 address stands in brackets.
bool parse_redis(std::string_view text, QueueAddress& address) {
  if (const auto slash = text.find('/'); slash != text.npos) {
    const auto database = text.substr(slash + 1);
    const auto number = database.empty() ? 0 : parse_number(database, 0, 999);
    if (!number) return false;
    address.database = *number;
    text = text.substr(0, slash);
  }
  const auto bracket = text.starts_with('[') ? text.find(']') : text.npos;
  const auto colon = text.find(':', bracket == text.npos ? 0 : bracket);
  if (colon != text.npos) {
    const auto port = parse_number(text.substr(colon + 1), 1, 65535);
    if (!port) return false;
    address.port = *port;
    text = text.substr(0, colon);
  }
  if (bracket != text.npos && text.ends_with(']')) text = text.substr(1, bracket - 1);
  address.host = text;
  return is_host(address.host);
}

std::optional<QueueAddress> parse_url(std::string_view url) {
  constexpr std::string_view redis = "redis://", unix_socket = "unix:/", local = "local:";
  QueueAddress address;
  if (url.starts_with(local)) {
    address.directory = url.substr(local.size());
    if (!address.directory.empty() && address.directory[0] != '/') return {};
    return address;
  }
  address.transport = QueueAddress::Transport::redis;
  if (url.starts_with(unix_socket)) {
    address.socket = url.substr(unix_socket.size() - 1);
    return address.socket.size() > 1 ? std::optional{address} : std::nullopt;
  }
  if (url.starts_with(redis) && parse_redis(url.substr(redis.size()), address)) return address;
  return {};
}

/// Complain at `at` (the entry itself if there is none) when others may read the file `secret`.
void check_mode(const EntryValues& entry, const std::string& secret, const std::string& hint,
                const Datum* at = nullptr) {
  struct stat status {};
  if (stat(secret.c_str(), &status) || !(status.st_mode & S_IROTH)) return;
  entry.complain(
      fmt::format("a password in a file that others can read (mode {:o})", status.st_mode & 07777U),
      hint, at);
}

void take_option(QueueAddress& address, const EntryValues& option, const std::string& file) {
  const auto& key = option.key();
  if (key == "channel") {
    if (auto name = option.name()) address.channel = *std::move(name);
  } else if (key == "timeout") {
    if (const auto limit = option.duration()) address.timeout = *limit;
  } else if (key == "user") {
    if (auto user = option.text()) address.user = *std::move(user);
  } else if (key == "password") {
    if (auto password = option.text()) address.password = *std::move(password);
    check_mode(option, file, fmt::format("chmod 600 {}, or (password-file \"...\")", file));
  } else if (key == "password-file") {
    if (auto secret = option.text()) {
      check_mode(option, *secret, "chmod 600 " + *secret, option.plain().front());
      address.secret = password_from_file(*std::move(secret));
    }
  } else if (key == "password-command") {
    if (auto argv = option.texts(); !argv.empty())
      address.secret = password_from_command(std::move(argv), address.timeout);
  }
}

}  // namespace

QueueAddress local_queue(const std::string& directory) {
  QueueAddress address;
  address.directory = directory;
  return address;
}

bool SettingsQueues::resembles(const std::string& key) {
  static constexpr std::array ours{"host", "port", "redis", "queue"};
  return std::any_of(ours.begin(), ours.end(),
                     [&](const char* word) { return edit_distance(key, word) <= 2; });
}

bool SettingsQueues::take(const EntryValues& entry, const std::string& file) {
  const auto& key = entry.key();
  if (key == "host" || key == "port") {
    take_server(entry, file);
  } else if (key == "redis") {
    for (const auto& option : entry.options()) take_server(option, file);
  } else if (key == "queue") {
    take_url(entry, file);
  } else {
    return false;
  }
  return true;
}

void SettingsQueues::take_server(const EntryValues& entry, const std::string& file) {
  if (entry.key() == "host") {
    const auto host = entry.text();
    if (!host) return;
    if (!is_host(*host))
      return entry.complain(fmt::format("'host' wants a host name or address, got {}",
                                        to_text(*entry.plain().front())),
                            {}, entry.plain().front());
    server_.host = *host;
  } else if (entry.key() == "port") {
    const auto port = entry.number(1, 65535);
    if (!port) return;
    server_.port = static_cast<int>(*port);
  } else {
    return take_option(server_, entry, file);
  }
  has_server_ = true;
}

void SettingsQueues::take_url(const EntryValues& entry, const std::string& file) {
  const auto url = entry.text();
  if (!url) return;
  if (url->starts_with("amqp:") || url->starts_with("pipe:"))
    return entry.complain(fmt::format("'queue' with {} has no effect yet", url->substr(0, 5)), {},
                          entry.plain().front());
  if (has_password(*url))
    return entry.complain("a password does not belong into a URL",
                          "(password-file \"...\") beside it keeps it out of sight",
                          entry.plain().front());
  auto address = parse_url(*url);
  if (!address)
    return entry.complain(fmt::format("'queue' wants the address of a queue, got {}",
                                      to_text(*entry.plain().front())),
                          url_hint, entry.plain().front());
  for (const auto& option : entry.options()) take_option(*address, option, file);
  urls_.push_back(*std::move(address));
}

std::vector<QueueAddress> SettingsQueues::addresses(const std::string& state) const {
  auto addresses = urls_;
  if (has_server_ && addresses.empty()) {
    addresses.push_back(server_);
    addresses.back().transport = QueueAddress::Transport::redis;
  }
  for (auto& address : addresses)
    if (address.transport == QueueAddress::Transport::local && address.directory.empty())
      address.directory = state;
  return addresses;
}

}  // namespace sheepdog
