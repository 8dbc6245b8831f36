// error.cc -- the names of the kinds of error.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "error.hh"

namespace sheepdog {

const char* Error::code_name() const {
  switch (code_) {
    case Code::usage: return "usage";
    case Code::bad_configuration: return "bad-configuration";
    case Code::bad_message: return "bad-message";
    case Code::queue_unreachable: return "queue-unreachable";
    case Code::queue_refused: return "queue-refused";
    case Code::spool_failed: return "spool-failed";
    case Code::database_failed: return "database-failed";
    case Code::cannot_run: return "cannot-run";
    case Code::closed: return "closed";
    case Code::broken: return "broken";
  }
  return "broken";
}

}  // namespace sheepdog
