// json.cc -- JSON built, or told, while it is scanned.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "json.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "error.hh"
#include "json_scan.hh"
#include "text.hh"

namespace sheepdog {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Builds what the scanner tells. Members are appended without a search: the scanner has seen
/// to it that their keys differ, and a search for each would be quadratic in a stranger's hands.
class Builder : public Json::json_sax_t {
 public:
  [[nodiscard]] Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(std::int64_t value) override { return put(value); }
  bool number_unsigned(std::uint64_t value) override { return put(value); }
  bool number_float(double value, const std::string&) override { return put(value); }
  bool string(std::string& value) override { return put(std::move(value)); }
  bool binary(Json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;  // the scanner throws instead
  }

 private:
  bool put(Json value) {
    add(std::move(value));
    return true;
  }
  bool open(Json container) {
    open_.push_back(add(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  /// Stays valid while it is open: whatever holds it does not grow meanwhile.
  Json* add(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (auto* const array = open_.back()->get_ptr<Json::array_t*>())
      return &array->emplace_back(std::move(value));
    auto& members = open_.back()->get_ref<Json::object_t&>();
    return &members.Container::emplace_back(std::move(key_), std::move(value)).second;
  }

  Json root_;
  std::vector<Json*> open_;
  std::string key_;
};

std::string size_text(std::size_t bytes) {
  return bytes % 1024 == 0 ? fmt::format("{} KiB", bytes / 1024) : fmt::format("{} bytes", bytes);
}

/// `LINE:COL` of the byte at `offset` of `text`, in characters, from 1.
std::string position_text(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::string_view line = before.substr(before.rfind('\n') + 1);  // npos + 1 is 0
  const auto characters = std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  return fmt::format("{}:{}", lines + 1, characters + 1);
}

/// A document as valid UTF-8, without copying it when it is that already.
class Document {
 public:
  explicit Document(std::string_view bytes) : text_{bytes} {
    if (invalid_utf8(bytes)) {
      repaired_ = repair_utf8(bytes);
      text_ = repaired_.text;
    }
    if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
  }
  Document(const Document&) = delete;

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] bool lossy() const { return repaired_.lossy; }

 private:
  Repaired repaired_;
  std::string_view text_;
};

std::optional<std::string> sender_of(std::string_view value) {
  if (!value.starts_with('"')) return std::nullopt;
  std::string sender = unescape_json(value.substr(1, value.size() - 2));
  const bool control = std::any_of(sender.begin(), sender.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (sender.empty() || sender.size() > 256 || control) return std::nullopt;
  return sender;
}

std::optional<std::int64_t> seq_of(std::string_view value) {
  std::int64_t seq = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, seq);
  if (error != std::errc{} || stop != end || seq < 1) return std::nullopt;
  return seq;
}

}  // namespace

void parse_json(std::string_view bytes, Json::json_sax_t& sax, const JsonLimits& limits,
                bool* lossy) {
  if (lossy) *lossy = false;
  if (bytes.size() > limits.bytes)
    throw Error{Error::Code::bad_message,
                fmt::format("1:1: larger than {}", size_text(limits.bytes))};
  const Document document{bytes};
  JsonScanner scanner{document.text(), limits, &sax};
  try {
    scanner.scan();
  } catch (const JsonBreach& breach) {
    throw Error{Error::Code::bad_message,
                fmt::format("{}: {}", position_text(document.text(), breach.offset), breach.text)};
  }
  if (lossy) *lossy = document.lossy() || scanner.lone_surrogates();
}

Json read_json(std::string_view bytes, const JsonLimits& limits, bool* lossy) {
  Builder builder;
  parse_json(bytes, builder, limits, lossy);
  return builder.take();
}

std::string write_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Identity> identity_of(std::string_view message, const JsonLimits& limits) {
  if (message.size() > limits.bytes) return std::nullopt;
  const Document document{message};
  JsonScanner scanner{document.text(), limits};
  try {
    scanner.scan();
  } catch (const JsonBreach&) {
    return std::nullopt;
  }
  std::optional<std::string> sender;
  std::optional<std::int64_t> seq;
  for (const JsonScanner::Member& member : scanner.members()) {
    if (member.name == "sender") sender = sender_of(member.value);
    if (member.name == "seq") seq = seq_of(member.value);
  }
  if (!sender || !seq) return std::nullopt;
  return Identity{std::move(*sender), *seq};
}

}  // namespace sheepdog
