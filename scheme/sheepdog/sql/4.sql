-- 4.sql -- the fourth schema: a table for each relation, so that questions can be asked of them
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What stands here of a relation is what (sheepdog table) makes of its declaration in (sheepdog
-- relations): a state holds from t0 to t1, ev is the event that began it, 0: none did.

-- Relations that somebody declared, and their tables.
CREATE TABLE _relation (
  name TEXT PRIMARY KEY,
  form TEXT NOT NULL,                   -- (define-state ...) as it is read
  "table" TEXT NOT NULL,
  place TEXT NOT NULL                   -- who declares it: FILE:LINE, monitor NAME, a REPL
) STRICT, WITHOUT ROWID;

-- Rules for questions that configuration and plugins of the server define.
CREATE TABLE _rule (
  name TEXT PRIMARY KEY,
  form TEXT NOT NULL                    -- (define-relation ...) as it is read
) STRICT, WITHOUT ROWID;

-- Questions that are asked by themselves, and what their answers were last.
CREATE TABLE _question (
  name TEXT PRIMARY KEY,
  form TEXT NOT NULL                    -- (question ...) of the configuration as it is read
) STRICT, WITHOUT ROWID;
CREATE TABLE _answer (
  question TEXT NOT NULL,
  key TEXT NOT NULL,                    -- the values, a JSON array
  host TEXT NOT NULL,                   -- of the subject that it is; '': our own
  tag TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (question, key)
) STRICT, WITHOUT ROWID;

-- What the planner of questions knows of the rows of relations.
CREATE TABLE _stat (
  relation TEXT NOT NULL,
  "column" TEXT NOT NULL,               -- '': of the whole relation
  rank INTEGER NOT NULL,                -- 0: of the whole column; 1 to 8: of its commonest values
  value ANY NOT NULL,                   -- the commonest value; '' for rank 0
  rows INTEGER NOT NULL,
  open INTEGER NOT NULL,                -- of the rows: that hold now
  daily REAL NOT NULL,                  -- rows that begin in a day
  ndistinct INTEGER NOT NULL,           -- values of the column
  PRIMARY KEY (relation, "column", rank)
) STRICT, WITHOUT ROWID;

-- A machine that spoke, or is expected to.
CREATE TABLE host (
  name TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (name, t0)
) STRICT, WITHOUT ROWID;
INSERT INTO host (name, t0, t1, ev)
  SELECT host, min(t), 9223372036854775807, id FROM event GROUP BY host;
-- When each may be silent for too long is found out at once.
INSERT INTO due (kind, key, at) SELECT 'silent', name, 0 FROM host;

-- Nothing was heard of a machine for longer than allowed.
CREATE TABLE silent (
  host TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, t0)
) STRICT, WITHOUT ROWID;
CREATE INDEX silent_1 ON silent (t1, t0);

-- The state of a subject: ok warn fail unknown late.
CREATE TABLE state (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  state TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, tag, t0)
) STRICT, WITHOUT ROWID;
INSERT INTO state (host, tag, state, t0, t1, ev)
  SELECT host, tag, state, t,
      lead(t, 1, 9223372036854775807) OVER (PARTITION BY host, tag ORDER BY t), event FROM (
    SELECT host, tag, state, t, event,
        lag(state, 1, '') OVER (PARTITION BY host, tag ORDER BY t) AS before FROM (
      -- Of one millisecond the later counts.
      SELECT host, tag, state, t, max(event) AS event FROM event_index WHERE state <> ''
        GROUP BY host, tag, t))
    WHERE state <> before;
CREATE INDEX state_h ON state (host, t0);
CREATE INDEX state_v ON state (state, t1, t0);

CREATE INDEX interruption_h ON interruption (host, t0);

-- Runs for questions: like table run, but indexed. As event_index it is made later, for many runs at
-- once and in order; mark `runs' says how far.
CREATE TABLE run_index (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  run INTEGER NOT NULL,                 -- rowid in table run
  id TEXT NOT NULL,
  status INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, tag, t0, run)
) STRICT, WITHOUT ROWID;
INSERT INTO run_index (host, tag, t0, run, id, status, t1, ev)
  SELECT host, tag, t0, rowid, id, status, t1, ev FROM run ORDER BY host, tag, t0, rowid;
CREATE INDEX run_1 ON run_index (tag, status, t1, t0);
INSERT INTO mark (name, value) SELECT 'runs', coalesce(max(rowid), 0) FROM run;

-- Messages for questions; see event_index.
CREATE VIEW event_said AS
  SELECT i.host, i.tag, e.kind, i.state, e.summary, i.t, i.event AS ev
    FROM event_index i JOIN event e ON e.id = i.event;

-- A success of a subject is wanted so often.
CREATE TABLE expected (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  every INTEGER NOT NULL,               -- ms; 0: by a cron line
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, tag, t0)
) STRICT, WITHOUT ROWID;
INSERT INTO expected (host, tag, every, t0, t1, ev)
  SELECT s.host, s.tag, coalesce(d.every, 0), e.joined, 9223372036854775807, 0 FROM expectation e
    JOIN subject s ON s.id = e.subject JOIN demand d ON d.id = e.demand;
CREATE INDEX expected_h ON expected (host, t0);

-- What the configuration says of silences, while they count.
CREATE TABLE _silence (
  id INTEGER PRIMARY KEY,
  pattern TEXT NOT NULL,
  reason TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL                   -- may lie ahead
) STRICT;
CREATE INDEX _silence_t ON _silence (t1, t0);
-- Nobody is told of these subjects: what people asked for, and that.
CREATE VIEW silenced AS
  SELECT pattern, reason, t0, t1, 0 AS ev FROM silence WHERE kind = 'silence'
  UNION ALL SELECT pattern, reason, t0, t1, 0 FROM _silence;

-- Something to be remembered of, from when it was written down until then.
CREATE TABLE appointment (
  date INTEGER NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,                  -- may lie ahead
  ev INTEGER NOT NULL,
  PRIMARY KEY (date, name, t0)
) STRICT, WITHOUT ROWID;
CREATE INDEX appointment_1 ON appointment (t1, t0);

-- A subject, or with tag '' a machine, needs another.
CREATE TABLE depends (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  on_host TEXT NOT NULL,
  on_tag TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, tag, on_host, on_tag, t0)
) STRICT, WITHOUT ROWID;
CREATE INDEX depends_h ON depends (host, t0);
CREATE INDEX depends_1 ON depends (on_host, on_tag, t1, t0);

-- What machines and programs tell of themselves. Until now these were facts that nobody had declared.
CREATE TABLE label (
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, name, t0)
) STRICT, WITHOUT ROWID;
INSERT INTO label SELECT host, iif(arity = 2, k1, value), iif(arity = 2, value, ''), t0, t1, ev
  FROM _fact WHERE relation = 'label' AND arity IN (1, 2);
CREATE INDEX label_h ON label (host, t0);
CREATE INDEX label_v ON label (value, t1, t0);
CREATE INDEX label_1 ON label (name, value, t1, t0);

CREATE TABLE package (
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, name, t0)
) STRICT, WITHOUT ROWID;
INSERT INTO package SELECT host, k1, value, t0, t1, ev FROM _fact
  WHERE relation = 'package' AND arity = 2;
CREATE INDEX package_h ON package (host, t0);
CREATE INDEX package_v ON package (version, t1, t0);
CREATE INDEX package_1 ON package (name, version, t1, t0);

CREATE TABLE service (
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  manager TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, name, t0)
) STRICT, WITHOUT ROWID;
INSERT INTO service SELECT host, k1, value, t0, t1, ev FROM _fact
  WHERE relation = 'service' AND arity = 2;
CREATE INDEX service_h ON service (host, t0);
CREATE INDEX service_v ON service (manager, t1, t0);
CREATE INDEX service_1 ON service (name, t1, t0);

CREATE TABLE ram (
  host TEXT NOT NULL,
  total INTEGER NOT NULL,               -- MiB
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, t0)
) STRICT, WITHOUT ROWID;
INSERT INTO ram SELECT host, round(value), t0, t1, ev FROM _fact
  WHERE relation = 'ram' AND arity = 1 AND typeof(value) IN ('integer', 'real');
CREATE INDEX ram_v ON ram (total, t1, t0);

CREATE TABLE cpu (
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  cores INTEGER NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, t0)
) STRICT, WITHOUT ROWID;
INSERT OR REPLACE INTO cpu SELECT host, k1, value, t0, t1, ev FROM _fact
  WHERE relation = 'cpu' AND arity = 2 AND typeof(value) = 'integer';
CREATE INDEX cpu_v ON cpu (model, cores, t1, t0);

CREATE TABLE os (
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  release TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, t0)
) STRICT, WITHOUT ROWID;
INSERT OR REPLACE INTO os SELECT host, k1, value, t0, t1, ev FROM _fact
  WHERE relation = 'os' AND arity = 2;
CREATE INDEX os_v ON os (name, release, t1, t0);

CREATE TABLE kernel (
  host TEXT NOT NULL,
  release TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, t0)
) STRICT, WITHOUT ROWID;
INSERT INTO kernel SELECT host, value, t0, t1, ev FROM _fact
  WHERE relation = 'kernel' AND arity = 1;
CREATE INDEX kernel_v ON kernel (release, t1, t0);

CREATE TABLE perf (
  host TEXT NOT NULL,
  tag TEXT NOT NULL,
  label TEXT NOT NULL,
  value REAL NOT NULL,
  uom TEXT NOT NULL,
  t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL,
  ev INTEGER NOT NULL,
  PRIMARY KEY (host, tag, label, t0)
) STRICT, WITHOUT ROWID;
INSERT OR REPLACE INTO perf SELECT host, k1, k2, value, k3, t0, t1, ev FROM _fact
  WHERE relation = 'perf' AND arity = 4 AND typeof(value) IN ('integer', 'real');
CREATE INDEX perf_h ON perf (host, t0);
CREATE INDEX perf_v ON perf (value, uom, t1, t0);

DELETE FROM _fact
  WHERE relation IN ('label', 'package', 'service', 'ram', 'cpu', 'os', 'kernel', 'perf', 'diary');

-- As of when the facts of a message count; NULL: it has none. What comes late is entered by going
-- through all that was told of the same machine again.
ALTER TABLE event ADD COLUMN facts INTEGER;
CREATE INDEX event_facts ON event (host, facts) WHERE facts IS NOT NULL;
-- From when on that is known.
INSERT INTO mark (name, value) SELECT 'facts-from', max(t) + 1 FROM event HAVING count(*) > 0;

-- The same for facts that receivers made of messages.
CREATE TABLE _told (
  host TEXT NOT NULL,
  relation TEXT NOT NULL,
  t INTEGER NOT NULL,
  ev INTEGER NOT NULL,                  -- the message
  n INTEGER NOT NULL,                   -- its place among the actions
  ends INTEGER NOT NULL,                -- 1: it holds no longer
  arguments TEXT NOT NULL,              -- those behind the host, JSON
  PRIMARY KEY (host, relation, t, ev, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX _told_ev ON _told (ev);

-- Each time at which people asked to watch a subject no longer.
CREATE TABLE forgotten (
  subject INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (subject, at)
) STRICT, WITHOUT ROWID;
INSERT INTO forgotten (subject, at) SELECT id, forgotten FROM subject WHERE forgotten IS NOT NULL;
