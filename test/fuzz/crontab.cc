// crontab.cc -- what cron hands to sheepdog-sh: any line has a tag, and its command stays whole.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "crontab_line.hh"
#include "target.hh"
#include "text.hh"

namespace sheepdog::fuzz {

bool crontab(std::string_view bytes) {
  const CrontabLine line = read_crontab_line(bytes);
  promise(line.tag.size() >= 8 && line.tag.size() <= 256, "a tag is there, and bounded");
  promise(printable(line.tag) == line.tag, "a tag is printable");
  promise(bytes.find(line.options) != bytes.npos, "options are a part of the line");
  std::size_t length = 0;
  const auto words = split_words(line.options);
  for (const std::string& word : words) length += word.size();
  promise(length <= line.options.size(), "words are not longer than what they come from");
  if (bytes.find_first_of("#\\'\"") == bytes.npos) {
    const CrontabLine more = read_crontab_line(std::string{bytes} + " # sheepdog: -a");
    promise(more.tag == line.tag && more.own == line.own, "options do not change the tag");
    promise(more.options == "-a", "options are found");
  }
  return !line.options.empty();
}

}  // namespace sheepdog::fuzz
