// regex.cc -- regcomp(3) and regexec(3), the latter with its extension REG_STARTEND.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "regex.hh"

#include <locale.h>
#include <regex.h>

#include <algorithm>
#include <memory>
#include <type_traits>

#include "error.hh"

namespace sheepdog {
namespace {

constexpr std::size_t groups = 10;

struct FreeLocale {
  void operator()(locale_t locale) const { freelocale(locale); }
};
using Locale = std::unique_ptr<std::remove_pointer_t<locale_t>, FreeLocale>;

/// While it lives, this thread takes text as `locale` does.
class InLocale {
 public:
  explicit InLocale(const Locale& locale) : before_{uselocale(locale.get())} {}
  ~InLocale() { uselocale(before_); }
  InLocale(const InLocale&) = delete;

 private:
  locale_t before_;
};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

}  // namespace

struct Regex::Compiled {
  regex_t regex;
  Locale locale;
};

void Regex::Free::operator()(Compiled* compiled) const {
  regfree(&compiled->regex);
  delete compiled;
}

Regex::Regex(const std::string& expression, bool ignore_case) {
  auto fresh = std::make_unique<Compiled>();
  const int flags = REG_EXTENDED | REG_NEWLINE | (ignore_case ? REG_ICASE : 0);
  fresh->locale.reset(newlocale(LC_ALL_MASK, is_ascii(expression) ? "C" : "C.UTF-8", nullptr));
  const InLocale here{fresh->locale};
  const int error = regcomp(&fresh->regex, expression.c_str(), flags);
  if (error != 0) {
    char text[256];
    regerror(error, &fresh->regex, text, sizeof text);
    throw Error{Error::Code::usage, text};
  }
  compiled_.reset(fresh.release());
}

std::optional<Span> Regex::find(std::string_view text, std::size_t from, std::size_t group) const {
  regmatch_t matches[groups];
  matches[0].rm_so = static_cast<regoff_t>(from);
  matches[0].rm_eo = static_cast<regoff_t>(text.size());
  const InLocale here{compiled_->locale};
  if (regexec(&compiled_->regex, text.data(), std::max(group + 1, std::size_t{1}), matches,
              REG_STARTEND) != 0)
    return {};
  const regmatch_t& match = matches[group].rm_so < 0 ? matches[0] : matches[group];
  return Span{static_cast<std::size_t>(match.rm_so), static_cast<std::size_t>(match.rm_eo)};
}

}  // namespace sheepdog
