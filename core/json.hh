// json.hh -- JSON of strangers, bounded before it is parsed; the only maker of JSON in C++.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sheepdog {

using Json = nlohmann::ordered_json;

/// What a document may cost at most.
struct JsonLimits {
  std::size_t bytes = 256 * 1024;
  std::size_t depth = 32;
  std::size_t values = 100'000;
  std::size_t number = 32;  // characters
  std::size_t key = 256;    // bytes
};

/// Read one document (RFC 8259; a byte order mark before it is skipped). Invalid UTF-8 and lone
/// surrogates are replaced by U+FFFD (`*lossy` becomes true, else false). Whole numbers are exact
/// from -2^63 to 2^64-1, others are doubles. Throws Error::bad_message, its text beginning with the
/// position `LINE:COL: ` (in characters, from 1; of an object that is never closed its opening),
/// for whatever breaks `limits`, a NUL byte, equal keys in one object, junk after the document, a
/// number too large for a double.
Json read_json(std::string_view bytes, const JsonLimits& limits = {}, bool* lossy = nullptr);

/// The same document told to `sax`, value by value, instead of built; what it throws passes.
void parse_json(std::string_view bytes, Json::json_sax_t& sax, const JsonLimits& limits = {},
                bool* lossy = nullptr);

/// Write `json` on one line. Text that is no UTF-8 is repaired, never an error; a double that is
/// not finite becomes null.
std::string write_json(const Json& json);

/// Who sent a message: the top-level fields `sender` (1 to 256 bytes, no control characters) and
/// `seq` (a whole number, 1 .. 2^63-1) when both are there and well formed.
struct Identity {
  std::string sender;
  std::int64_t seq = 0;
};

/// The identity in a message's bytes; nothing when it has none or when read_json would refuse it.
/// Builds no document: about 1 microsecond for 500 bytes.
std::optional<Identity> identity_of(std::string_view message, const JsonLimits& limits = {});

}  // namespace sheepdog
