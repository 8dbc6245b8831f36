// redact.cc -- the default expressions, and how matches become spans.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "redact.hh"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "error.hh"
#include "regex.hh"

namespace sheepdog {
namespace {

struct Default {
  std::string expression;
  std::size_t group;  // the secret itself
  bool ignore_case;
  std::vector<std::string> hints;  // lower case
};

const std::vector<Default>& defaults() {
  static const std::string word =
      "(password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key)";
  static const std::string value = R"(("[^"]*"|'[^']*'|[^[:space:]"'&;]+))";
  static const std::vector<std::string> words{"passw", "passph", "pwd", "secret", "token", "key"};
  static const std::vector<Default> all{
      // --password=X, BORG_PASSPHRASE='X', ?token=X
      {word + "=" + value, 2, true, words},
      // --password X
      {"(^|[[:space:]])--?[a-z0-9_-]*" + word +
           R"([[:space:]]+("[^"]*"|'[^']*'|[^-[:space:]][^[:space:]]*))",
       3, true, words},
      // "password": "X"
      {word + R"("[[:space:]]*:[[:space:]]*"([^"]*)\")", 2, true, words},
      // https://user:X@host
      {R"(://[^/@:[:space:]"']*:([^[:space:]"']+)@)", 1, true, {"://"}},
      // Authorization: Bearer X
      {R"(authorization["']?[[:space:]]*[:=][[:space:]]*["']?((bearer|basic|digest|token)[[:space:]]+)?([^[:space:]"']+))",
       3,
       true,
       {"authorization"}},
      // curl -u user:X
      {R"((^|[[:space:]])(-u|--user|--proxy-user)[[:space:]=]*["']?[^[:space:]:"'/=-][^[:space:]:"'/]*:([^[:space:]"']+))",
       3,
       true,
       {"-u", "user"}},
      // mysql -pX, sshpass -p X
      {R"((mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)[[:space:]]([^|;&]*[[:space:]])?-p([^[:space:]]+))",
       3,
       false,
       {"mysql", "mariadb"}},
      {R"(sshpass[[:space:]]+-p[[:space:]]*([^[:space:]]+))", 1, false, {"sshpass"}}};
  return all;
}

bool has_hint(std::string_view text, const std::vector<std::string>& hints) {
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  return std::any_of(hints.begin(), hints.end(), [&](const std::string& hint) {
    return std::search(text.begin(), text.end(), hint.begin(), hint.end(), same) != text.end();
  });
}

/// Sorted, and those that touch made one.
std::vector<Span> joined(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(), [](Span a, Span b) { return a.begin < b.begin; });
  std::vector<Span> all;
  for (const Span span : spans) {
    if (!all.empty() && span.begin < all.back().end) {
      all.back().end = std::max(all.back().end, span.end);
    } else {
      all.push_back(span);
    }
  }
  return all;
}

}  // namespace

const std::vector<std::string>& default_redactions() {
  static const auto expressions = [] {
    std::vector<std::string> all;
    for (const auto& one : defaults()) all.push_back(one.expression);
    return all;
  }();
  return expressions;
}

/// One of the defaults, compiled when a text has one of its hints; or another expression.
struct Redactor::Rule {
  const Default* usual = nullptr;
  mutable std::unique_ptr<Regex> regex;

  [[nodiscard]] std::optional<Span> find(std::string_view text, std::size_t from) const {
    if (!regex) regex = std::make_unique<Regex>(usual->expression, usual->ignore_case);
    return regex->find(text, from, usual ? usual->group : 0);
  }
};

Redactor::~Redactor() = default;

Redactor::Redactor(const std::vector<std::string>& expressions) {
  for (const auto& expression : expressions) {
    const auto known = std::find_if(defaults().begin(), defaults().end(),
                                    [&](const Default& d) { return d.expression == expression; });
    try {
      if (known != defaults().end()) {
        rules_.push_back({&*known, nullptr});
      } else {
        rules_.push_back({nullptr, std::make_unique<Regex>(expression)});
      }
    } catch (const Error& e) {
      problems_.push_back(fmt::format("redact \"{}\": {}", expression, e.what()));
    }
  }
}

std::vector<Span> Redactor::find(std::string_view text) const {
  std::vector<Span> spans;
  for (const auto& rule : rules_) {
    if (rule.usual && !has_hint(text, rule.usual->hints)) continue;
    for (std::size_t at = 0; at < text.size();) {
      const auto found = rule.find(text, at);
      if (!found) break;
      if (found->end > found->begin) spans.push_back(*found);
      at = std::max(found->end, at + 1);
    }
  }
  return joined(std::move(spans));
}

std::string Redactor::redact(std::string_view text) const {
  return mask(text, find(text), 0, text.size());
}

std::vector<std::string> Redactor::redact(const std::vector<std::string>& words) const {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
  const auto spans = find(line);
  std::vector<std::string> redacted;
  std::size_t begin = 0;
  for (const auto& word : words) {
    const std::size_t end = begin + word.size();
    // A secret that begins with the word is all of it, though a blank may have ended the match.
    const bool whole = std::any_of(spans.begin(), spans.end(), [&](Span span) {
      return span.begin <= begin && span.end > begin && !word.empty();
    });
    redacted.push_back(whole ? "***" : mask(line, spans, begin, end));
    begin = end + 1;
  }
  return redacted;
}

}  // namespace sheepdog
