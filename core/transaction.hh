// transaction.hh -- a transaction is a scope: committed, or rolled back at its end.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "database.hh"

namespace sheepdog {

/// BEGIN IMMEDIATE now; COMMIT by commit(), else ROLLBACK at the end of its scope.
class Transaction {
 public:
  explicit Transaction(Database& db);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  void commit();

 private:
  Database& db_;
  bool open_ = true;
};

}  // namespace sheepdog
