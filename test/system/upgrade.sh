#!/bin/sh
# upgrade.sh -- a database of an older sheepdog, brought up to date by a process that is killed at each write
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

database=$work/herd.db
messages=10000
echo "(config (name \"boss\") (queue \"local:$work/state\") (database \"$database\"))" > server.conf
chmod 600 server.conf

# The first schema with messages that wait: of 100 senders in turn, their numbers without gaps.
sqlite3 old.db > made.log << END
PRAGMA journal_mode = WAL;
.read $root/scheme/sheepdog/sql/1.sql
PRAGMA application_id = 0x53686570;
PRAGMA user_version = 1;
INSERT INTO mark VALUES ('identity', '0a1b2c3d'), ('queue', '$work/state');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
  INSERT INTO sender (id, name, contiguous) SELECT i, printf('%032x', i), $messages / 100 FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $messages - 1)
  INSERT INTO message (sender, seq, received, body, length)
    SELECT i % 100 + 1, i / 100 + 1, 1795335303000 + i,
      CAST(json_object('host', 'h' || (i % 100), 'tag', 't', 'state', iif(i % 7, 'ok', 'fail')) AS BLOB), 50
    FROM n;
INSERT INTO waiting (message) SELECT id FROM message;
END
schema() { sqlite3 -readonly "$1" "SELECT sql FROM sqlite_schema ORDER BY name" | sha256sum; }
fresh() {
  for end in '' -wal -shm .mark; do rm -f "$work/herd.db$end"; done
  cp old.db "$work/herd.db"
}
# A hand tool opens the database to write, and so brings it up to date first.
tool() { "$@" sheepdog -c server.conf queue aside drop 1 > out 2> err; }

old=$(schema old.db)
fresh
tool env
has "a hand tool brings it up to date" 'message 1 is not aside' err
new=$(schema "$database")
newest=$(find "$root/scheme/sheepdog/sql" -name '*.sql' | wc -l)
same "to the newest schema" "$newest" "$(sql 'PRAGMA user_version')"

if strace -o trace -e trace=none true 2> strace.err; then
  k=0 deaths=0 between=0 damaged=0
  while [ $k -lt 400 ]; do
    k=$((k + 1))
    fresh
    tool strace -f -qq -o trace -e trace=pwrite64,fdatasync,fsync \
      -e inject=pwrite64,fdatasync,fsync:signal=KILL:when=$k
    grep -q 'is not aside' err && break
    deaths=$((deaths + 1))
    version=$(sql 'PRAGMA user_version')
    case "$(schema "$database") $version" in
      "$old 1" | "$new $newest") ;;
      *) between=$((between + 1)) ;;
    esac
    [ "$(sql 'PRAGMA integrity_check')" = ok ] || damaged=$((damaged + 1))
    [ $k -lt 20 ] || k=$((k + 4)) # every write at first, then every fifth
  done
  check "it is killed at each step ($deaths deaths)" test $deaths -gt 10
  same "and is old or new, never between" 0 $between
  same "never damaged" 0 $damaged
  has "the last attempt goes through" 'is not aside' err
else
  skip "an upgrade that is killed" "needs strace and the right to use it"
fi

runs "the next server handles all" 0 sheepdog-queue-daemon -c server.conf --once
same "each once" "$messages|$messages|0" \
  "$(sql "SELECT count(*), count(DISTINCT id), (SELECT count(*) FROM waiting) FROM event")"
same "in the order of each sender" 0 "$(sql "SELECT count(*) FROM (SELECT m.seq, lag(m.seq, 1, 0) OVER
  (PARTITION BY m.sender ORDER BY e.id) AS before FROM event e JOIN message m ON m.id = e.id)
  WHERE seq <> before + 1")"
same "the database is sound" ok "$(sql 'PRAGMA integrity_check')"
finish
