// configuration.cc -- any file for a configuration: within limits, and what is wrong is pointed at.
// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "reader.hh"
#include "target.hh"
#include "text.hh"

namespace sheepdog::fuzz {
namespace {

using Kind = Datum::Kind;

/// `text` as a string of a configuration; what is not plain as `\xHH;`.
std::string quote(std::string_view text) {
  std::string result = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const Character c = first_character(text.substr(i));
    if (c.code < 0x20 || c.code == '"' || c.code == '\\' || c.code >= 0x7F)
      result += fmt::format("\\x{:x};", static_cast<std::uint32_t>(c.code));
    else
      result += text[i];
    i += c.length;
  }
  return result + '"';
}

void write(std::string& out, const Datum& datum) {
  if (!datum.is_list()) {
    out += datum.kind == Kind::string ? quote(datum.text) : datum.text;
    return;
  }
  out += '(';
  for (const Datum& item : datum.items) {
    if (&item != &datum.items.front()) out += datum.dotted ? " . " : " ";
    write(out, item);
  }
  out += ')';
}

bool equal(const std::vector<Datum>& some, const std::vector<Datum>& others);

bool equal(const Datum& a, const Datum& b) {
  return a.kind == b.kind && a.dotted == b.dotted && a.text == b.text && a.integer == b.integer &&
         a.real == b.real && a.truth == b.truth && equal(a.items, b.items);
}

bool equal(const std::vector<Datum>& some, const std::vector<Datum>& others) {
  return std::equal(some.begin(), some.end(), others.begin(), others.end(),
                    [](const Datum& a, const Datum& b) { return equal(a, b); });
}

std::size_t check_data(const std::vector<Datum>& data, std::size_t depth) {
  std::size_t count = data.size();
  for (const Datum& datum : data) {
    promise(!datum.is_list() || depth <= 64, "no list is nested deeper than 64");
    promise(datum.at.line >= 1 && datum.at.column >= 1, "each datum has a place");
    promise(!datum.dotted || (datum.is_list() && datum.items.size() == 2), "a pair has two items");
    promise(!invalid_utf8(datum.text) && datum.text.find('\0') == datum.text.npos, "text is UTF-8");
    const bool number = datum.kind == Kind::integer || datum.kind == Kind::real;
    promise(!number || datum.text.size() <= 32, "a number has 32 characters at most");
    promise(datum.kind == Kind::string || datum.text.size() <= 256, "a word has 256 bytes at most");
    const std::string shown = to_text(datum);
    promise(printable(shown) == shown, "what is shown of a datum is printable");
    count += check_data(datum.items, depth + 1);
  }
  return count;
}

void check_problem(const Problem& problem, std::size_t lines) {
  promise(!problem.text.empty(), "a problem has a text");
  promise(problem.text.size() < 2000, "a problem is short");
  promise(problem.at.line <= lines, "the line of a problem is there");
  const std::string shown = to_text(problem);
  promise(printable(shown, true) == shown, "what is shown of a problem is printable");
  const auto at = fmt::format("f:{}:{}: error: ", problem.at.line, problem.at.column);
  promise(shown.starts_with(problem.at.line ? at : "f: error: "),
          "a problem begins with its place");
}

}  // namespace

bool configuration(std::string_view bytes) {
  const Reading reading = read_data(bytes, "f");
  if (!reading.problems.empty()) refused();
  promise(!reading.data.empty() || !reading.problems.empty(), "it says why there is nothing");
  promise(reading.problems.size() <= 51, "problems are bounded");
  const auto lines = 1 + std::count(bytes.begin(), bytes.end(), '\n');
  for (const Problem& problem : reading.problems)
    check_problem(problem, static_cast<std::size_t>(lines));
  promise(check_data(reading.data, 1) <= 100'000, "data are bounded");

  std::string written;
  for (const Datum& datum : reading.data) write(written, datum), written += '\n';
  if (!reading.data.empty() && written.size() <= 1 << 20) {
    const Reading again = read_data(written, "f");
    promise(again.problems.empty(), "what was read can be written");
    promise(equal(again.data, reading.data), "written and read, it is the same");
  }
  return reading.problems.empty();
}

}  // namespace sheepdog::fuzz
