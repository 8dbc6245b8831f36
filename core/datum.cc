// datum.cc -- a datum for people, in an error message.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "datum.hh"

#include "text.hh"

namespace sheepdog {

namespace {

constexpr std::size_t most = 40;  // characters of an atom or a list

/// The first `count` characters of `text`, valid UTF-8, and "..." when that is not all.
std::string cut(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (; end < text.size() && count > 0; --count) end += first_character(text.substr(end)).length;
  return end == text.size() ? std::string{text} : std::string{text.substr(0, end)} + "...";
}

/// As it would be written; what cannot be shown as `\x1b;`, a newline too.
std::string quote(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return '"' + printable(escaped) + '"';
}

/// Append `datum` to `text`, which is long enough as soon as it is longer than `most`.
void append(std::string& text, const Datum& datum) {
  switch (datum.kind) {
    case Datum::Kind::boolean:
      text += datum.truth ? "#t" : "#f";
      return;
    case Datum::Kind::string:
      text += quote(cut(datum.text, most));
      return;
    case Datum::Kind::list:
      break;
    default:
      text += printable(cut(datum.text, most));
      return;
  }
  text += '(';
  for (const Datum& item : datum.items) {
    const bool first = &item == &datum.items.front();
    if (!first) text += datum.dotted ? " . " : " ";
    if (text.size() > most) {
      text += "...";
      break;
    }
    append(text, item);
  }
  text += ')';
}

}  // namespace

std::string to_text(const Datum& datum) {
  std::string text;
  append(text, datum);
  return text;
}

}  // namespace sheepdog
