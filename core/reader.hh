// reader.hh -- the bounded reader of configurations; it evaluates nothing and needs no Guile.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datum.hh"

namespace sheepdog {

/// One thing wrong in a file. Without a position `at.line` is 0: the text is about the whole file.
struct Problem {
  std::string file;
  Position at;
  std::string text;  // "unexpected ')'"
  std::string hint;  // may be empty
  bool warning = false;
};

/// `FILE:LINE:COL: error: TEXT`, then a line `hint: HINT` when there is one; no final newline.
/// What a terminal should not get is escaped.
std::string to_text(const Problem& problem);

struct Reading {
  std::vector<Datum> data;  // the top-level data, as far as they could be read
  std::vector<Problem> problems;
};

/// Read `text` as the content of `file`: lists, dotted pairs, symbols, strings, whole numbers,
/// decimals, #t, #f, `;` comments; at most 1 MiB, 64 levels, 100 000 data, words of 256 bytes,
/// numbers of 32. Problems of bytes and syntax are found here: empty, not UTF-8 (or
/// NUL), never closed, unexpected ')', '#.' and quotes, number out of range, nested too deep. Never
/// throws for what is in the text.
///
/// A list that contains something unreadable is left out, so that it is not complained of twice;
/// of an outermost list only the unreadable item.
Reading read_data(std::string_view text, const std::string& file);

/// Read the file; one that is missing, unreadable, too large or no regular file is a problem too.
Reading read_data_file(const std::string& file);

/// From now on read_data_file() reads `text` as the content of `file`, whatever is there: a daemon
/// has what it was started with until it is told to reload.
void hold_file(const std::string& file, std::string text);
/// From now on files are what they are.
void release_files();
/// The bytes of `file` as read_data_file() would read them; nothing when it cannot, or they are too
/// many.
std::optional<std::string> file_bytes(const std::string& file);

}  // namespace sheepdog
