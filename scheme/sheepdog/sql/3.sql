-- 3.sql -- the third schema: what the clock does, and what people ask to be quiet about
-- SPDX-License-Identifier: GPL-3.0-or-later

-- All that is timed: at `at` the clock (clock.scm) does what `kind` says with `key`.
CREATE TABLE due (
  kind TEXT NOT NULL,
  key ANY NOT NULL,                     -- a subject's id, a recipient, a host, a name; '' for one of its kind
  at INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,     -- how often it raised in a row
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_at ON due (at);
CREATE INDEX due_failed ON due (tries) WHERE tries > 0;

-- What people asked to be quiet about, by command; what the configuration says is not here.
CREATE TABLE silence (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,                   -- silence ack
  pattern TEXT NOT NULL,                -- HOST/TAG with wildcards; of an ack the subject itself
  rank INTEGER NOT NULL,                -- of an ack: of the state acknowledged, worse ones are told; else 0
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,                  -- the open end for an ack, until the subject is ok
  who TEXT NOT NULL,
  at INTEGER NOT NULL,                  -- when it was asked for
  reason TEXT NOT NULL                  -- why; '' when nobody said
) STRICT;
CREATE INDEX silence_t ON silence (t1, t0);

-- What people wrote into the diary by command; that of the configuration is not here.
CREATE TABLE diary (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL,
  "on" INTEGER,                         -- its date; NULL: those of `cron`
  cron TEXT,                            -- NULL: it has one date
  remind TEXT NOT NULL,                 -- ms before, joined by blanks
  who TEXT NOT NULL,
  at INTEGER NOT NULL,                  -- when it was written
  struck INTEGER                        -- when it was taken back; NULL: it counts
) STRICT;

-- When people asked to watch it no longer; what was heard since starts it anew.
ALTER TABLE subject ADD COLUMN forgotten INTEGER;                -- NULL: nobody did

-- Numbers of senders whose messages were stored, and removed since because of their age: they are
-- duplicates for ever.
CREATE TABLE removed (
  sender INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (sender, first)
) STRICT, WITHOUT ROWID;

-- What became of results that were removed: a row for each day on the server's clock.
CREATE TABLE daily (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  day TEXT NOT NULL,                    -- YYYY-MM-DD
  state TEXT NOT NULL,                  -- '' of messages that told none
  n INTEGER NOT NULL,
  first INTEGER NOT NULL,               -- t of the first of them
  last INTEGER NOT NULL,
  timed INTEGER NOT NULL,               -- how many had a command that ran
  least INTEGER,                        -- ms that it ran; NULL where none had one
  total INTEGER NOT NULL,
  most INTEGER,
  PRIMARY KEY (host, tag, day, state)
) STRICT, WITHOUT ROWID;

-- What became of decisions and of notifications sent (verdict `sent`) that were removed.
CREATE TABLE tally (
  subject INTEGER NOT NULL,             -- 0: about none
  recipient TEXT NOT NULL,
  day TEXT NOT NULL,
  verdict TEXT NOT NULL,
  reason TEXT NOT NULL,                 -- of `sent` the kind
  n INTEGER NOT NULL,
  PRIMARY KEY (subject, recipient, day, verdict, reason)
) STRICT, WITHOUT ROWID;

-- Messages older than others that have lost their output, which have theirs still: the newest ok
-- and the newest fail of a subject.
CREATE TABLE whole (
  message INTEGER PRIMARY KEY
) STRICT;

-- The life of a subject under all of its terms. An incident lasts till the hard state is ok: since
-- `bad_since`, with so many `failures`. It may have several spans not ok, of which one may be open.
ALTER TABLE subject ADD COLUMN span INTEGER;                     -- t0 of the open one; NULL: none
ALTER TABLE subject ADD COLUMN past INTEGER NOT NULL DEFAULT 0;  -- failures in the others
ALTER TABLE subject ADD COLUMN recent INTEGER NOT NULL DEFAULT 0; -- a bit a result, 1: not ok
ALTER TABLE subject ADD COLUMN changes TEXT NOT NULL DEFAULT ''; -- of `hard`: times, the newest first
ALTER TABLE subject ADD COLUMN flapping INTEGER;                 -- since when; NULL: it does not
UPDATE subject SET span = bad_since, recent = 1 WHERE bad_since IS NOT NULL;

-- When we first knew of an interruption; 0: before this was noted.
ALTER TABLE interruption ADD COLUMN known INTEGER NOT NULL DEFAULT 0;

-- What the clock said, beside what was said in messages: at `t` a subject was late, as it had not been
-- ok since `base`. An ok in between that is heard of later refutes it.
CREATE TABLE late (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  t INTEGER NOT NULL,
  base INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (host, tag, t)
) STRICT, WITHOUT ROWID;

-- Machines of which old messages come in, as after an outage: nothing is told of them until then.
CREATE TABLE catch_up (
  host TEXT PRIMARY KEY,
  began INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Interruptions that were over when we first heard of them.
CREATE TABLE bygone (
  subject INTEGER NOT NULL,
  t0 INTEGER NOT NULL,
  PRIMARY KEY (subject, t0)
) STRICT, WITHOUT ROWID;

-- What may be expected of a subject: what the configuration, people or messages demand, once each.
CREATE TABLE demand (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,             -- equal for equal demands only
  words TEXT NOT NULL,                  -- for people: every 15 min, grace 5 min
  place TEXT NOT NULL,                  -- who demands it: FILE:LINE, sheepdog expect, its messages
  every INTEGER                         -- ms; NULL: by a cron line
) STRICT;

-- How far each subject of which something is expected has come. When it passes its next limit stands
-- in `due`.
CREATE TABLE expectation (
  subject INTEGER PRIMARY KEY,
  demand INTEGER NOT NULL,
  joined INTEGER NOT NULL,              -- since when this is demanded of it
  base INTEGER,                         -- the newest result that satisfied; NULL: none
  started INTEGER,                      -- when the last run that satisfied began
  begun INTEGER,                        -- when any run began last; NULL: none
  due INTEGER,                          -- NULL: never
  missed INTEGER NOT NULL,              -- in a row since `base`
  before INTEGER NOT NULL,              -- how many the row of misses before had
  made_up INTEGER                       -- when that one ended; NULL: there was none
) STRICT;

-- Demands that people made by command, and the subjects that they took from under patterns.
CREATE TABLE asked (
  id INTEGER PRIMARY KEY,
  pattern TEXT NOT NULL UNIQUE,
  every INTEGER,                        -- ms
  cron TEXT,                            -- one of both is NULL
  grace INTEGER,                        -- ms; NULL: the usual
  finish_within INTEGER,                -- ms; NULL: none
  who TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE exempt (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  who TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (host, tag)
) STRICT, WITHOUT ROWID;

-- Relation: a run of a command, from its start to its end. Ends come with each message of a wrapper, so
-- only open runs are indexed.
CREATE TABLE run (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  id TEXT NOT NULL,                     -- as messages call it; '': they do not
  status INTEGER NOT NULL,              -- n; 128+n by signal n; 124 timed out; -1 running; -2 cut off or lost
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,                  -- the message that told of it first
  overdue INTEGER NOT NULL DEFAULT 0    -- 1: it passed its limit
) STRICT;
CREATE UNIQUE INDEX run_open ON run (host, tag, id) WHERE t1 = 9223372036854775807;

-- Times in which the server could not hear: silence in them proves nothing.
CREATE TABLE outage (
  t0 INTEGER PRIMARY KEY,
  t1 INTEGER NOT NULL,                  -- when all was heard that had been sent meanwhile
  reason TEXT NOT NULL,
  sure INTEGER NOT NULL                 -- 0: it may be over before it counts as one
) STRICT;

-- What a recipient was told, in more detail: that it flaps, since when it was not ok, reminders.
ALTER TABLE ledger ADD COLUMN flap INTEGER NOT NULL DEFAULT 0; -- 1: and not yet that it ended
ALTER TABLE ledger ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN reminders INTEGER NOT NULL DEFAULT 0;
UPDATE ledger SET since = coalesce(
  (SELECT bad_since FROM subject WHERE subject.id = ledger.subject), first);

-- Whom news is kept from just now, and why.
CREATE TABLE hold (
  subject INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  reason TEXT NOT NULL,                 -- the first word of the decision's: grouped silenced parent ...
  key TEXT NOT NULL,                    -- what it hangs on; '': on time alone
  since INTEGER NOT NULL,
  until INTEGER,                        -- when it is over, or looked at again; NULL: no time
  past INTEGER NOT NULL,                -- spans that were over when we heard of them, and are untold
  PRIMARY KEY (subject, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_reason ON hold (reason, key);
CREATE INDEX hold_recipient ON hold (recipient, reason);

-- Notes of receivers that wait to be told.
ALTER TABLE note ADD COLUMN text TEXT NOT NULL DEFAULT '';
ALTER TABLE note ADD COLUMN event INTEGER NOT NULL DEFAULT 0;
ALTER TABLE note ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;    -- 1: it is not told yet
CREATE INDEX note_waits ON note (recipient) WHERE waits = 1;

-- Which subjects a row of the outbox tells of: one mail may tell of many.
CREATE TABLE about (
  subject INTEGER NOT NULL,
  outbox INTEGER NOT NULL,
  event INTEGER NOT NULL,               -- the message behind it
  kind TEXT NOT NULL,
  PRIMARY KEY (subject, outbox, event, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX about_outbox ON about (outbox);
INSERT INTO about (subject, outbox, event, kind)
  SELECT subject, id, event, kind FROM outbox WHERE subject IS NOT NULL AND event IS NOT NULL;
DROP INDEX outbox_subject;

-- What a recipient got of late: group and limit ask for it.
CREATE INDEX outbox_mail ON outbox (recipient, at) WHERE kind <> '';
