-- 2.sql -- the second schema: what is missing of senders, what the server suspects, itself and plugins
-- SPDX-License-Identifier: GPL-3.0-or-later

-- The greatest number stored of a sender, and whether some of its messages are held back (1).
-- `contiguous` is what it is told: all up to there is stored, or its sender gave it up.
ALTER TABLE sender ADD COLUMN highest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sender ADD COLUMN holding INTEGER NOT NULL DEFAULT 0;
-- How many subjects it was the first to tell of.
ALTER TABLE sender ADD COLUMN subjects INTEGER NOT NULL DEFAULT 0;

-- Numbers of a sender that were not received although greater ones were. What fills one takes it
-- out of here.
CREATE TABLE hole (
  sender INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  since INTEGER,                        -- ms of the machine's monotonic clock; NULL: count anew
  waited INTEGER NOT NULL,              -- 1: what is above is held back for it
  settled INTEGER NOT NULL,             -- 1: the sender says that it has them no more
  told INTEGER NOT NULL DEFAULT 0,      -- 1: it was reported
  PRIMARY KEY (sender, first)
) STRICT, WITHOUT ROWID;
CREATE INDEX hole_waited ON hole (since) WHERE waited = 1;
CREATE INDEX hole_untold ON hole (since) WHERE told = 0;

-- Messages that wait for a hole below them: stored, acknowledged as far as they may be, handled
-- later.
CREATE TABLE held (
  sender INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  variant INTEGER NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (sender, seq, variant)
) STRICT, WITHOUT ROWID;

-- Senders with two bodies under one number.
CREATE TABLE clone (
  sender INTEGER PRIMARY KEY,
  message INTEGER NOT NULL,             -- the first such body
  told INTEGER NOT NULL DEFAULT 0       -- 1: it was reported
) STRICT;
CREATE INDEX clone_untold ON clone (sender) WHERE told = 0;

-- What was given up, and what was delivered to the same recipient since.
CREATE INDEX outbox_failed ON outbox (recipient, id) WHERE next IS NULL AND done IS NULL;
CREATE INDEX outbox_done ON outbox (recipient, id) WHERE done IS NOT NULL;

-- Messages that are entered, and of which only the part of a plugin is still to be done: it failed,
-- or the worker died of it and it is tried alone, later.
CREATE TABLE postponed (
  message INTEGER PRIMARY KEY,
  plugin TEXT NOT NULL,                 -- "monitor disk"
  attempts INTEGER NOT NULL             -- counted, and committed, before each
) STRICT;
CREATE INDEX postponed_next ON postponed (plugin, attempts, message);
INSERT INTO postponed (message, plugin, attempts)
  SELECT w.message, 'monitor ' || e.monitor, w.attempts
    FROM waiting w JOIN event e ON e.id = w.message WHERE w.attempts > 0;
DELETE FROM waiting WHERE message IN (SELECT message FROM postponed);

-- Plugins of which a worker died and that have not worked since.
CREATE TABLE suspect (
  plugin TEXT PRIMARY KEY,
  deaths INTEGER NOT NULL,              -- in a row
  how TEXT NOT NULL,                    -- the last, in words
  rests INTEGER NOT NULL DEFAULT 0,     -- how often it was sent to rest
  until INTEGER NOT NULL DEFAULT 0      -- it rests until then; 0: it does not
) STRICT, WITHOUT ROWID;

-- What an older sheepdog stored: it held nothing back. Messages without a sender of their own have
-- numbers with gaps, under a sender that is never told of any.
UPDATE sender SET highest = max(contiguous, coalesce(
  (SELECT max(seq) FROM message WHERE message.sender = sender.id), 0))
  WHERE name NOT LIKE 'redis:%' AND name NOT LIKE 'local:%';
INSERT INTO hole (sender, first, last, since, waited, settled)
  SELECT sender, before + 1, seq - 1, NULL, 0, 0 FROM (
    SELECT m.sender, m.seq, lag(m.seq, 1, s.contiguous) OVER (PARTITION BY m.sender ORDER BY m.seq)
        AS before
      FROM message m JOIN sender s ON s.id = m.sender
      WHERE m.seq > s.contiguous AND m.variant = 0
        AND s.name NOT LIKE 'redis:%' AND s.name NOT LIKE 'local:%')
    WHERE seq > before + 1;
INSERT INTO clone (sender, message)
  SELECT sender, min(id) FROM message WHERE variant > 0 GROUP BY sender;

-- What was said of each subject, by time.  It is an index of `event` that is made later, for many
-- events at once and in order (chronicle.scm): each subject has its own page in it, and an index
-- of SQLite's own would write all of these pages again with every batch.
DROP INDEX event_subject;
CREATE TABLE event_index (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  t INTEGER NOT NULL,
  event INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (host, tag, t, event)
) STRICT, WITHOUT ROWID;
INSERT INTO event_index SELECT host, tag, t, id, state FROM event ORDER BY host, tag, t, id;
INSERT INTO mark (name, value) SELECT 'indexed', coalesce(max(id), 0) FROM event;

-- The same of all events. To find its way through both parts SQLite wants `t` and `event` among the
-- columns of whoever orders by them.
CREATE VIEW said AS
  SELECT host, tag, t, event, state FROM event_index
  UNION ALL
  SELECT host, tag, t, id, state FROM event
    WHERE id > (SELECT value FROM mark WHERE name = 'indexed');
