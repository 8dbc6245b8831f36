// spool.cc -- a spool's file and its name: only what we wrote is taken, and exactly that.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "spool_file.hh"
#include "target.hh"
#include "text.hh"

namespace sheepdog::fuzz {

bool spool(std::string_view bytes) {
  const Unsealed file = unseal(bytes);
  promise(file.trouble.empty() || file.message.empty(), "a message, or why there is none");
  promise(printable(file.trouble) == file.trouble, "an error is printable");
  promise(file.message.size() <= bytes.size(), "no message is longer than its file");
  promise(unseal(seal(file.message)).message == file.message, "sealed again, it is the same");

  const Unsealed own = unseal(seal(bytes));
  promise(own.trouble.empty() && own.message == bytes, "any bytes are kept as they are");

  const auto name = parse_spool_name(bytes.substr(0, 64));
  promise(!name || spool_name(*name) == bytes.substr(0, 64), "a name means one file");
  return file.trouble.empty() || name;
}

}  // namespace sheepdog::fuzz
