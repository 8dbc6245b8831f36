// spool_loss.cc -- counts in, counts out.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_loss.hh"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace sheepdog {
namespace {

constexpr std::size_t most_losses = 200;  // rows: far from the limits of a message
constexpr std::size_t most_words = 3;     // subjects in the summary
constexpr std::size_t most_name = 256;    // bytes

std::int64_t integer(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string counted(std::int64_t n, const char* noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace

void SpoolLosses::add(const std::string& subject, const std::string& state, const Json& time,
                      bool merged) {
  auto& loss = losses_[{subject.substr(0, most_name), state}];
  if (loss.merged + loss.dropped == 0) loss.first = time;
  loss.last = time;
  ++(merged ? loss.merged : loss.dropped);
  ++(merged ? merged_ : dropped_);
}

bool SpoolLosses::add(const Json& message) {
  const auto fields = message.find("fields");
  if (fields == message.end() || !fields->is_object()) return false;
  const auto losses = fields->find("losses");
  if (losses == fields->end() || !losses->is_array()) return false;
  for (const auto& row : *losses) {
    if (!row.is_object()) continue;
    auto& loss = losses_[{text(row, "subject"), text(row, "state")}];
    const bool is_new = loss.merged + loss.dropped == 0;
    loss.merged += integer(row, "merged");
    loss.dropped += integer(row, "dropped");
    loss.first = row.value("first", Json{});  // it is older than what we have
    if (is_new) loss.last = row.value("last", Json{});
  }
  merged_ += integer(*fields, "merged");
  dropped_ += integer(*fields, "dropped");
  return true;
}

Json SpoolLosses::message() const {
  using Row = std::pair<const std::pair<std::string, std::string>, Loss>;
  std::vector<const Row*> rows;
  for (const auto& row : losses_) rows.push_back(&row);
  const auto count = [](const Row* row) { return row->second.merged + row->second.dropped; };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row* a, const Row* b) { return count(a) > count(b); });
  Json list = Json::array();
  std::string words;
  for (std::size_t i = 0; i < std::min(rows.size(), most_losses); ++i) {
    const auto& [name, loss] = *rows[i];
    Json row{{"subject", name.first}, {"state", name.second}};
    row["merged"] = loss.merged;
    row["dropped"] = loss.dropped;
    if (!loss.first.is_null()) row["first"] = loss.first;
    if (!loss.last.is_null()) row["last"] = loss.last;
    list.push_back(std::move(row));
    if (i < most_words)
      words += fmt::format("{}{} {}{}{}", i == 0 ? ": " : ", ", count(rows[i]), name.first,
                           name.second.empty() ? "" : " ", name.second);
  }
  if (rows.size() > most_words) words += fmt::format(" and {} more", rows.size() - most_words);
  const std::string merged =
      merged_ == 0 ? "" : fmt::format("{} merged", counted(merged_, "repeat"));
  const std::string dropped =
      dropped_ == 0 ? "" : fmt::format("{} dropped", counted(dropped_, "message"));
  Json result;
  result["summary"] = fmt::format("the spool was full: {}{}{}{}", dropped,
                                  dropped.empty() || merged.empty() ? "" : ", ", merged, words);
  result["fields"] = {{"merged", merged_}, {"dropped", dropped_}, {"losses", std::move(list)}};
  return result;
}

}  // namespace sheepdog
