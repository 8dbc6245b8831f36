// transaction.cc -- BEGIN, COMMIT and ROLLBACK.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "transaction.hh"

namespace sheepdog {

Transaction::Transaction(Database& db) : db_{db} { db_.run("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  // SQLite has rolled back by itself after some errors (a full disk).
  if (!open_ || !db_.in_transaction()) return;
  try {
    db_.run("ROLLBACK");
  } catch (...) {
    // The next BEGIN says what is wrong with this connection.
  }
}

void Transaction::commit() {
  db_.run("COMMIT");
  open_ = false;
}

}  // namespace sheepdog
