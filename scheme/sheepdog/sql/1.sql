-- 1.sql -- the first schema: messages, what became of them, what was told, and facts
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- All times are epoch milliseconds (UTC). A span is half-open, [t0,t1); one that is still open ends at
-- 9223372036854775807. Columns are NOT NULL unless a comment says what NULL means.

-- Who sends, and how far everything of theirs has been committed without a hole.
-- Messages without a sender of their own get one named after their queue.
CREATE TABLE sender (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  contiguous INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every message as received (intake.cc, commit 1). Its id is the number people see.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  sender INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  variant INTEGER NOT NULL DEFAULT 0,   -- another body under a known identity: 1, 2, ...
  received INTEGER NOT NULL,            -- when the queue took it
  sent INTEGER,                         -- the sender's clock at the hand-over; NULL: not said
  body BLOB NOT NULL,                   -- the exact bytes, at most 256 KiB
  length INTEGER NOT NULL,              -- of the whole, before any cut
  UNIQUE (sender, seq, variant)
) STRICT;

-- What is stored and not handled yet, or of which only the receiver is still to succeed (then it
-- has its event already).
CREATE TABLE waiting (
  message INTEGER PRIMARY KEY,
  attempts INTEGER NOT NULL DEFAULT 0,  -- counted, and committed, before each
  trouble TEXT                          -- why the transport already doubts it; NULL: it does not
) STRICT;

-- What was kept instead of handled, and why.
CREATE TABLE aside (
  message INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;

-- What was said: one row a handled message, id as in message.
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  t INTEGER NOT NULL,                   -- when it happened (SEMANTICS 1.2 `at`)
  rx INTEGER NOT NULL,                  -- when it was received
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  monitor TEXT NOT NULL,
  kind TEXT NOT NULL,                   -- bark start ping log result
  state TEXT NOT NULL,                  -- ok warn fail unknown; '' when it tells none
  summary TEXT NOT NULL,
  elapsed INTEGER                       -- ms its command ran; NULL: no command
) STRICT;
CREATE INDEX event_subject ON event (host, tag, t);

-- The present of each subject; its past is in event and interruption.
CREATE TABLE subject (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  monitor TEXT NOT NULL,                -- of the newest message
  heard INTEGER NOT NULL,               -- the greatest t of its messages, but those of kind log
  every INTEGER,                        -- ms, the expectation it declared itself; NULL: none
  state TEXT NOT NULL,                  -- of the newest result; '' while there was none
  hard TEXT NOT NULL,                   -- what notifications see; '' while none
  since INTEGER,                        -- when `state` began; NULL: no result yet
  bad_since INTEGER,                    -- of the present unbroken row of not-ok results; NULL: ok
  worst TEXT NOT NULL,                  -- the worst of that row; '' while ok
  failures INTEGER NOT NULL,            -- length of that row
  at INTEGER,                           -- t of the newest result; NULL: none yet
  received INTEGER,                     -- its rx
  sender INTEGER,                       -- its sender; 0: it has none of its own
  seq INTEGER,
  event INTEGER,                        -- its id
  summary TEXT NOT NULL,                -- its summary
  ok_event INTEGER,                     -- id of the newest ok; NULL: never
  version INTEGER NOT NULL,
  UNIQUE (host, tag)
) STRICT;

-- Relation: a span in which a subject was not ok, soft or hard.
CREATE TABLE interruption (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  worst TEXT NOT NULL,                  -- the worst state in it
  reason TEXT NOT NULL,                 -- in words, of the first result
  hard INTEGER NOT NULL,                -- when it became hard; the open end: never
  planned INTEGER NOT NULL,             -- 1: inside of a silence during a window
  "end" TEXT NOT NULL,                  -- ok closed; '' while it is open
  failures INTEGER NOT NULL,            -- results in it that were not ok; kept at its end
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,                  -- the event that began it
  last INTEGER,                         -- the event that ended it; NULL: open
  PRIMARY KEY (host, tag, t0)
) STRICT, WITHOUT ROWID;
CREATE INDEX interruption_1 ON interruption (t1, t0);

-- The verdicts of the decision (SEMANTICS 2.1), equal ones in a row counted.
CREATE TABLE decision (
  id INTEGER PRIMARY KEY,
  subject INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  since INTEGER NOT NULL,               -- when the first of them was decided
  at INTEGER NOT NULL,                  -- when the last of them was
  event INTEGER NOT NULL,               -- the message behind the last
  verdict TEXT NOT NULL,                -- tell hold no
  reason TEXT NOT NULL,                 -- problem change recovery note; same fine not-routed ...
  count INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_subject ON decision (subject, recipient, id);

-- What each recipient was told of a subject's present incident; no row: nothing.
CREATE TABLE ledger (
  subject INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  told TEXT NOT NULL,                   -- states told, joined by blanks, in that order
  first INTEGER NOT NULL,               -- when the first was told
  thread TEXT NOT NULL,                 -- Message-ID of the first
  version INTEGER NOT NULL,
  PRIMARY KEY (subject, recipient)
) STRICT, WITHOUT ROWID;

-- Notes of receivers: each key is told once.
CREATE TABLE note (
  subject INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (subject, recipient, key)
) STRICT, WITHOUT ROWID;

-- What was decided and leaves the process: mail, log line, program.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,                  -- when it was decided
  recipient TEXT NOT NULL,
  action TEXT NOT NULL,                 -- as JSON: ["HANDLER", argument...]
  subject INTEGER,                      -- NULL: about none
  event INTEGER,                        -- the message behind it; NULL: none
  kind TEXT NOT NULL,                   -- problem change recovery note; '' of no notification
  tries INTEGER NOT NULL DEFAULT 0,     -- counted, and committed, before each
  next INTEGER,                         -- when to try (again); NULL: done or given up
  done INTEGER,                         -- when it was performed; NULL: not (yet)
  error TEXT                            -- of the last try; NULL: none
) STRICT;
CREATE INDEX outbox_next ON outbox (next) WHERE next IS NOT NULL;
CREATE INDEX outbox_order ON outbox (recipient, id) WHERE next IS NOT NULL;
CREATE INDEX outbox_subject ON outbox (subject, id);

-- Facts of relations that nobody declared: the first argument is the host, the last the value, those
-- between are the key. Unused columns are ''.
CREATE TABLE _fact (
  relation TEXT NOT NULL,
  arity INTEGER NOT NULL,               -- arguments behind the host
  host TEXT NOT NULL,
  k1 ANY NOT NULL,
  k2 ANY NOT NULL,
  k3 ANY NOT NULL,
  value ANY NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,                  -- the event that began it
  PRIMARY KEY (relation, arity, host, k1, k2, k3, t0)
) STRICT, WITHOUT ROWID;
CREATE INDEX _fact_v ON _fact (relation, value, t1);
CREATE INDEX _fact_h ON _fact (host, relation, t1);

-- Relation: since when `replaces` tells the whole truth of a relation.
CREATE TABLE complete (
  host TEXT NOT NULL,
  relation TEXT NOT NULL,
  at INTEGER NOT NULL,                  -- when it was told last
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, relation, t0)
) STRICT, WITHOUT ROWID;

-- Relation, an event: facts that could not be taken; their event is kept.
CREATE TABLE refused (
  host TEXT NOT NULL,
  relation TEXT NOT NULL,
  reason TEXT NOT NULL,
  t INTEGER NOT NULL,
  ev INTEGER NOT NULL
) STRICT;
CREATE INDEX refused_h ON refused (host, t);

-- What the server knows of itself.
CREATE TABLE mark (
  name TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;
