#!/bin/sh
# daemons.sh -- the daemons start, work, are told by signals, and stop
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

cat > server.conf <<END
(config (name "server") (notify (group "0s" "0s") (limit 10000 "1h"))
        (queue "local:$work/state") (database "$work/state/sheepdog.db")
        (spool "$work/spool") (monitor-path "$work/monitors") (heartbeat "1s"))
END
chmod 600 server.conf
db=$work/state/sheepdog.db
mkdir -m 700 monitors
plugin() { # plugin WORD: what its receiver stores
  cat > monitors/raid.scm <<END
(define-module (monitors raid)
  #:use-module (sheepdog plugin)
  #:declarative? #f)
(define-monitor raid
  "A monitor of this test."
  (receive (message) (list (list 'store (list 'raid (message-host message) "$1")))))
END
}
plugin first

# --- before they start

runs "a good configuration is checked" 0 sheepdog-queue-daemon -c server.conf --check
echo '(config (prot 7777))' > bad.conf
runs "a bad one, too" 2 sheepdog-queue-daemon -c bad.conf --check
runs "with a bad one no daemon starts" 78 sheepdog-queue-daemon -c bad.conf
has "and says why" "bad.conf:1:10: error: unknown key 'prot'" err
runs "a slip in where to log" 2 sheepdog-daemon -c server.conf --once --log=sderr
has "is refused" "--log wants stderr, syslog or a FILE with a slash, got 'sderr'" err
check "and makes no file" test ! -e sderr
runs "a file for the process id that cannot be written" 78 sheepdog-daemon -c server.conf --once --pid-file=none/pid
same "is one line, with the reason" \
  "sheepdog-daemon: error: cannot write the pid file 'none/pid': No such file or directory" "$(cat err)"
runs "nor does the one of the machines" 78 sheepdog-daemon -c bad.conf

# --- one round

runs "the machine's daemon tells what it would say" 0 sheepdog-daemon -c server.conf --dry-run
has "a heartbeat" '"tag":"PING"' out
has "with its expectation" '"every":"3s"' out
check "and sends nothing" test ! -e "$db"
runs "once: it says so, and what waits is handled" 0 sheepdog-daemon -c server.conf --once
same "the subject is there" "ok" "$(sql "SELECT state FROM subject WHERE tag = 'PING'" "$db")"
sqlite3 "$db" "DELETE FROM subject"
runs "the server's one round, nothing to do" 0 sheepdog-queue-daemon -c server.conf --once

# --- the loop

start server sheepdog-queue-daemon -c server.conf --log="$work/daemon.log" --pid-file="$work/pid"
server=$pid
check "the server serves" wait_until 10 grep -q "serving $db" daemon.log
same "its process id is in its file" "$server" "$(cat pid)"
runs "a second one on the same database" 2 sheepdog-queue-daemon -c server.conf
has "names the first" "another sheepdog-queue-daemon, pid $server, serves $db" err

start machine sheepdog-daemon -c server.conf
machine=$pid
check "a heartbeat arrives" wait_until 10 sql_is ok "SELECT state FROM subject WHERE tag = 'PING'" "$db"
check "and one more" wait_until 10 sql_is 1 \
  "SELECT count(*) >= 2 FROM event WHERE tag = 'PING' AND host = 'server'" "$db"
check "and how its spool is" wait_until 10 sql_is ok "SELECT state FROM subject WHERE tag = 'sheepdog spool'" "$db"
stop "$machine"
same "SIGTERM ends it well" 0 "$status"

cc -shared -fPIC -o clock_shift.so "$root/test/fault/preload/clock_shift.c"
start moved env LD_PRELOAD="$work/clock_shift.so" SHIFT_FILE="$work/shift" sheepdog-daemon -c server.conf
moved=$pid
beats() { sql "SELECT count(*) FROM event WHERE tag = 'PING'" "$db"; }
more_beats_than() { [ "$(beats)" -gt "$1" ]; }
check "a machine whose clock is right beats" wait_until 10 more_beats_than "$(beats)"
echo -7200 > shift
before=$(beats)
check "set back two hours, it goes on" wait_until 10 more_beats_than $((before + 2))
check "by the clock that was moved" sql_is 1 \
  "SELECT max(received) - min(received) > 7100000 FROM message" "$db"
stop "$moved"

put() { # put JSON: a message of no sender waits in the database
  sqlite3 -cmd '.timeout 5000' "$db" "
    INSERT INTO sender (name) VALUES ('test') ON CONFLICT DO NOTHING;
    INSERT INTO message (sender, seq, received, body, length)
      SELECT id, (SELECT count(*) FROM message), $(date +%s)000, CAST('$1' AS BLOB), 1
        FROM sender WHERE name = 'test';
    INSERT INTO waiting (message) VALUES (last_insert_rowid());"
}

put '{"host":"h","monitor":"raid","state":"ok"}'
check "a plugin of the configuration's directory is run" wait_until 10 sql_is first "SELECT value FROM _fact WHERE relation = 'raid'" "$db"

# --- SIGHUP

plugin second
kill -HUP "$server"
check "SIGHUP reads the configuration again" wait_until 10 grep -q 'configuration read again' daemon.log
put '{"host":"h","monitor":"raid","state":"ok"}'
check "and the plugins" wait_until 10 sql_is second \
  "SELECT value FROM _fact WHERE relation = 'raid' AND t1 = 9223372036854775807" "$db"

echo '(define-monitor raid' > monitors/raid.scm
kill -HUP "$server"
check "a broken plugin is a warning about itself" wait_until 10 sql_is warn \
  "SELECT state FROM subject WHERE host = 'server' AND tag = 'sheepdog monitor raid'" "$db"
put '{"host":"h2","monitor":"raid","state":"ok"}'
check "and the old one stays" wait_until 10 sql_is second "SELECT value FROM _fact WHERE host = 'h2'" "$db"

mv daemon.log old.log
cp server.conf good.conf
echo '(config (prot 7777))' > server.conf
plugin third
kill -HUP "$server"
check "of a bad configuration the old one stays" wait_until 10 grep -q 'the old one stays' daemon.log
put '{"host":"h3","monitor":"raid","state":"ok"}'
check "and with it the old plugins, also of a good one" wait_until 10 sql_is second "SELECT value FROM _fact WHERE host = 'h3'" "$db"
check "which is a warning, too" wait_until 10 sql_is warn \
  "SELECT state FROM subject WHERE host = 'server' AND tag = 'sheepdog config'" "$db"
check "the log was opened anew" test -s daemon.log
cat good.conf > server.conf
kill -HUP "$server"
check "the good one is well again" wait_until 10 sql_is ok \
  "SELECT state FROM subject WHERE host = 'server' AND tag = 'sheepdog config'" "$db"
check "and so is the plugin" wait_until 10 sql_is ok \
  "SELECT state FROM subject WHERE host = 'server' AND tag = 'sheepdog monitor raid'" "$db"
put '{"host":"h4","monitor":"raid","state":"ok"}'
check "which is the new one, now" wait_until 10 sql_is third "SELECT value FROM _fact WHERE host = 'h4'" "$db"

# --- one more worker, and the end

start handler sheepdog-handler -c server.conf --log=stderr
handler=$pid
check "a handler works on the same database" wait_until 10 grep -q "serving $db" handler.log
for i in 1 2 3 4 5 6 7 8 9; do
  put "{\"host\":\"h$i\",\"tag\":\"t\",\"state\":\"fail\"}"
done
check "nothing waits" wait_until 10 sql_is 0 "SELECT count(*) FROM waiting" "$db"
check "and each is told once" wait_until 10 sql_is 9 \
  "SELECT count(*) FROM outbox WHERE kind = 'problem' AND done IS NOT NULL
     AND json_extract(action, '\$[1].tag') = 't'" "$db"
has "in the log, since there is no mailto" "[sheepdog] FAIL h9/t (message" daemon.log
stop "$handler"
same "SIGTERM ends the handler well" 0 "$status"
kill -KILL "$server"
wait "$server" 2> killed
start again sheepdog-queue-daemon -c server.conf --log=stderr
check "after kill -9 the next one serves at once" wait_until 10 grep -q "serving $db" again.log
stop "$pid" INT
same "SIGINT ends it well" 0 "$status"
rm "$db"
runs "it never starts on an empty database where one was" 2 sheepdog-queue-daemon -c server.conf
has "and says so" "$db is gone or empty, but there was a database" err
finish
