// message.cc -- JSON of strangers: refused with a place, or the same however often it is written.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "error.hh"
#include "json.hh"
#include "target.hh"
#include "text.hh"

namespace sheepdog::fuzz {
namespace {

/// What the error `text` says beginning with `LINE:COL: `, of a document `bytes`.
std::string_view without_place(std::string_view text, std::string_view bytes) {
  promise(printable(text) == text, "an error is printable");
  promise(text.size() < 2000, "an error is short");
  unsigned long line = 0, column = 0;
  int length = 0;
  const int found = std::sscanf(std::string{text}.c_str(), "%lu:%lu: %n", &line, &column, &length);
  promise(found == 2 && length > 0, "an error begins with its place");
  const auto lines = 1 + std::count(bytes.begin(), bytes.end(), '\n');
  promise(line >= 1 && line <= static_cast<unsigned long>(lines), "the line is there");
  promise(column >= 1 && column <= bytes.size() + 1, "the column is there");
  return text.substr(static_cast<std::size_t>(length));
}

/// Is it refused for a rule of ours, that JSON itself does not have?
bool is_rule_of_ours(std::string_view trouble) {
  for (const std::string_view part : {"nested deeper", "more than", "larger than", "number of",
                                      "key of", "given twice", "out of range", "NUL byte"})
    if (trouble.find(part) != trouble.npos) return true;
  return false;
}

/// The identity that the document `json` has by its definition.
std::optional<Identity> expected_identity(const Json& json) {
  if (!json.is_object() || !json.contains("sender") || !json.contains("seq")) return std::nullopt;
  const Json &sender = json["sender"], &seq = json["seq"];
  if (!sender.is_string() || !seq.is_number_integer()) return std::nullopt;
  if (seq.is_number_unsigned() && seq.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  const auto name = sender.get<std::string>();
  const bool control = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (name.empty() || name.size() > 256 || control || seq.get<std::int64_t>() < 1)
    return std::nullopt;
  return Identity{name, seq.get<std::int64_t>()};
}

void check_identity(std::string_view bytes, const std::optional<Identity>& expected) {
  const auto identity = identity_of(bytes);
  promise(identity.has_value() == expected.has_value(), "identity_of and read_json agree");
  if (!identity) return;
  promise(identity->sender == expected->sender, "the sender is the field's");
  promise(identity->seq == expected->seq, "the number is the field's");
}

void check_document(const Json& json, bool lossy, std::string_view bytes) {
  const std::string written = write_json(json);
  promise(!invalid_utf8(written), "what is written is UTF-8");
  promise(written.find('\n') == written.npos, "what is written is one line");
  JsonLimits wide;
  wide.bytes = 8 * wide.bytes;  // escapes take more room than what they stand for
  bool lossy_again = true;
  const Json again = read_json(written, wide, &lossy_again);
  promise(again == json && write_json(again) == written, "written and read, it is the same");
  promise(!lossy_again, "what is written is whole");
  promise(lossy || Json::parse(bytes) == json, "another parser reads the same");
}

}  // namespace

bool message(std::string_view bytes) {
  try {
    bool lossy = false;
    const Json json = read_json(bytes, {}, &lossy);
    promise(lossy || !invalid_utf8(bytes), "a repair is flagged");
    check_document(json, lossy, bytes);
    check_identity(bytes, expected_identity(json));
    return true;
  } catch (const Error& e) {
    refused();
    promise(e.code() == Error::Code::bad_message, "a refusal is bad_message");
    const auto trouble = without_place(e.what(), bytes);
    promise(!trouble.empty(), "an error says what is wrong");
    promise(is_rule_of_ours(trouble) || !Json::accept(bytes), "what is JSON is taken");
    check_identity(bytes, std::nullopt);
    return false;
  }
}

}  // namespace sheepdog::fuzz
