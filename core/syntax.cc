// syntax.cc -- one pass over the text with a stack of open lists; nothing recurses.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "syntax.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "atom.hh"
#include "text.hh"

namespace sheepdog {

namespace {

constexpr std::size_t deepest = 64, most_data = 100'000, most_problems = 50;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

/// What Scheme would abbreviate or nest by, and we do not.
bool is_foreign(char c) { return std::string_view{"'`,[]{}"}.find(c) != std::string_view::npos; }

bool is_delimiter(char c) {
  return is_blank(c) || c == '(' || c == ')' || c == '"' || c == ';' || is_foreign(c);
}

bool is_typographic_quote(char32_t c) { return c >= 0x2018 && c <= 0x201F; }

/// Characters that look like a blank, like nothing, or like a quote: outside of strings they are
/// an accident of pasting, and nobody would find it.
bool is_treacherous(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xAD || (c >= 0x2000 && c <= 0x200F) ||
         is_typographic_quote(c) || (c >= 0x2028 && c <= 0x202F) || (c >= 0x205F && c <= 0x206F) ||
         c == 0x3000 || c == 0xFEFF;
}

/// A list that is being read.
struct Frame {
  Datum list;
  std::optional<Position> dot;  // of a `.` in it
  std::size_t before_dot = 0;   // items
  bool damaged = false;         // something in it could not be read
  bool drop_next = false;       // after a quote and the like
};

Datum datum_at(Position at, Datum::Kind kind) {
  Datum datum;
  datum.kind = kind;
  datum.at = at;
  return datum;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_{text}, file_{file} {
    if (text_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
  }

  Reading read() {
    for (skip_blanks(); at_ < text_.size() && !stopped_; skip_blanks()) read_next();
    if (!stopped_ && !frames_.empty()) never_closed("list", frames_.front().list.at);
    while (!frames_.empty()) close();
    return std::move(result_);
  }

 private:
  void read_next() {
    switch (text_[at_]) {
      case '(':
        return open();
      case ')':
        return frames_.empty() ? unexpected() : (advance(), close());
      case '"':
        return read_string();
      case '#':
        return read_sharp();
      default:
        break;
    }
    if (is_foreign(text_[at_])) return read_foreign();
    const Character c = first_character(text_.substr(at_));
    is_treacherous(c.code) ? read_treacherous(c) : read_word();
  }

  void advance(std::size_t bytes = 1) {
    for (; bytes > 0; --bytes, ++at_) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '\n')
        position_ = {position_.line + 1, 1};
      else if ((byte & 0xC0) != 0x80)
        ++position_.column;
    }
  }

  void skip_blanks() {
    bool comment = false;
    for (; at_ < text_.size(); advance()) {
      const char c = text_[at_];
      if (c == ';') comment = true;
      if (c == '\n') comment = false;
      if (!comment && !is_blank(c)) return;
    }
  }

  void complain(Position at, std::string text, std::string hint = {}) {
    if (stopped_) return;  // what was cut off is no news
    result_.problems.push_back({file_, at, std::move(text), std::move(hint)});
    if (result_.problems.size() < most_problems) return;
    result_.problems.push_back({file_, at, "too many errors, the rest was not read", {}});
    stopped_ = true;
  }

  /// Complain of something in the present list that could not be read.
  void spoil(Position at, std::string text, std::string hint = {}) {
    complain(at, std::move(text), std::move(hint));
    if (!frames_.empty()) frames_.back().damaged = true;
  }

  void not_allowed(Position at, std::string_view what, std::string hint = {}) {
    spoil(at, fmt::format("'{}' is not allowed here", printable(what)), std::move(hint));
  }

  void never_closed(const char* what, Position at) {
    complain(at, fmt::format("this {} is never closed", what),
             fmt::format("the file ends at {}:{}", position_.line, position_.column));
    stopped_ = true;
  }

  void unexpected() {
    complain(position_, "unexpected ')'");
    advance();
  }

  bool& drop_next() { return frames_.empty() ? drop_next_ : frames_.back().drop_next; }

  void add(Datum datum) {
    if (std::exchange(drop_next(), false)) return;
    if (++count_ > most_data) {
      complain(datum.at, fmt::format("more than {} data", most_data));
      stopped_ = true;
    } else {
      (frames_.empty() ? result_.data : frames_.back().list.items).push_back(std::move(datum));
    }
  }

  void open() {
    if (frames_.size() == deepest) {
      complain(position_, fmt::format("nested deeper than {}", deepest));
      frames_[1].damaged = true;
      stopped_ = true;
      return;
    }
    frames_.emplace_back().list = datum_at(position_, Datum::Kind::list);
    advance();
  }

  void close() {
    settle_dot(frames_.back());
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.damaged && !frames_.empty())
      drop_next() = false;
    else
      add(std::move(frame.list));
  }

  /// What stands behind the dot of a list: `(a . (b c))` is `(a b c)`, `(a . b)` a pair.
  void settle_dot(Frame& frame) {
    if (!frame.dot) return;
    auto& items = frame.list.items;
    const bool one = items.size() == frame.before_dot + 1;
    const bool list = one && items.back().is_list();
    if (list && !items.back().dotted) {
      std::vector<Datum> tail = std::move(items.back().items);
      items.pop_back();
      std::move(tail.begin(), tail.end(), std::back_inserter(items));
    } else if (one && !list && items.size() == 2) {
      frame.list.dotted = true;
    } else if (!frame.damaged) {
      not_allowed(*frame.dot, ".");
    }
  }

  void read_string() {
    Datum datum = datum_at(position_, Datum::Kind::string);
    bool readable = true;
    for (advance(); at_ < text_.size() && text_[at_] != '"';) {
      const std::size_t plain = std::min(text_.find_first_of("\"\\", at_), text_.size()) - at_;
      datum.text.append(text_.substr(at_, plain));
      advance(plain);
      if (at_ == text_.size() || text_[at_] == '"') break;
      const Escape escape = escape_of(text_.substr(at_));
      if (at_ + escape.length == text_.size()) {
        advance(escape.length);
        break;
      }
      if (!escape.trouble.empty()) {
        spoil(position_, escape.trouble,
              escape.trouble.starts_with("unknown") ? "a backslash itself is written twice" : "");
        readable = false;
      }
      datum.text.append(escape.text);
      advance(escape.length);
    }
    if (at_ == text_.size()) {
      if (!frames_.empty()) frames_.back().damaged = true;
      return never_closed("string", datum.at);
    }
    advance();
    if (readable) add(std::move(datum));
  }

  std::string_view take_word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && !is_delimiter(text_[at_])) {
      const Character c = first_character(text_.substr(at_));
      if (is_treacherous(c.code)) break;
      advance(c.length);
    }
    return text_.substr(from, at_ - from);
  }

  void read_word() {
    const Position at = position_;
    const std::string_view word = take_word();
    if (word == ".") return read_dot(at);
    Atom atom = atom_of(word);
    atom.datum.at = at;
    if (atom.trouble.empty())
      add(std::move(atom.datum));
    else
      spoil(at, std::move(atom.trouble));
  }

  void read_dot(Position at) {
    if (frames_.empty() || frames_.back().list.items.empty() || frames_.back().dot)
      return not_allowed(at, ".");
    frames_.back().dot = at;
    frames_.back().before_dot = frames_.back().list.items.size();
  }

  /// `#t`, `#f`; all else is refused, with what belongs to it: `#.(...)`, `#:key`, `#|...|#`.
  void read_sharp() {
    const Position at = position_;
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("#|")) {
      const std::size_t end = rest.find("|#");
      advance(end == rest.npos ? rest.size() : end + 2);
      return not_allowed(at, "#|", "a comment begins with ;");
    }
    advance();
    const auto next_is = [&](std::string_view some) {
      return at_ < text_.size() && some.find(text_[at_]) != some.npos;
    };
    const bool alone = at_ == text_.size() || is_blank(text_[at_]) || next_is("()\"");
    const std::size_t next = alone ? 0 : first_character(text_.substr(at_)).length;
    advance(next);
    const std::string_view word = take_word();
    const std::string_view prefix = rest.substr(0, 1 + next);
    if (word.empty() && (prefix == "#t" || prefix == "#f")) {
      Datum datum = datum_at(at, Datum::Kind::boolean);
      datum.text = std::string{prefix};
      datum.truth = prefix == "#t";
      return add(std::move(datum));
    }
    const bool opens = next_is("(\"");
    if (opens) drop_next() = true;
    if (prefix == "#t" || prefix == "#f")
      not_allowed(at, rest.substr(0, 1 + next + word.size()), fmt::format("write {}", prefix));
    else
      not_allowed(at, opens && next == 0 ? rest.substr(0, 2) : prefix);
  }

  /// A quote makes nothing of what follows; a bracket is no parenthesis.
  void read_foreign() {
    const Position at = position_;
    const std::string_view what = text_.substr(at_, 1);
    advance(text_.substr(at_).starts_with(",@") ? 2 : 1);
    if (what == "]" || what == "}") {
      if (brackets_ == 0) return not_allowed(at, what);
      --brackets_;
    } else if (what == "[" || what == "{") {
      ++brackets_;
      not_allowed(at, what, "write it with ( and )");
    } else {
      drop_next() = true;
      not_allowed(at, what);
    }
  }

  void read_treacherous(const Character& c) {
    const Position at = position_;
    const std::string_view what = text_.substr(at_, c.length);
    advance(c.length);
    if (is_typographic_quote(c.code))
      not_allowed(at, what, "a string stands between \"");
    else
      spoil(at, fmt::format("U+{:04X} is not allowed here", static_cast<std::uint32_t>(c.code)));
  }

  std::string_view text_;
  const std::string& file_;
  Reading result_;
  std::size_t at_ = 0, count_ = 0, brackets_ = 0;
  Position position_;
  std::vector<Frame> frames_;
  bool drop_next_ = false;  // as in a frame, outside of all
  bool stopped_ = false;
};

}  // namespace

Reading read_syntax(std::string_view text, const std::string& file) {
  return Reader{text, file}.read();
}

}  // namespace sheepdog
