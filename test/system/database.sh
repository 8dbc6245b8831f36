#!/bin/sh
# database.sh -- a server whose database is full, locked, damaged or gone: nothing is acknowledged, nothing lost
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
start_redis
mounted=
trap '[ -z "$mounted" ] || umount -l "$mounted"; unfinished' EXIT

disk=$work/disk
mkdir "$disk"
database=$disk/herd.db
cat > server.conf <<END
(config (name "boss") (notify (group "0s" "0s") (limit 10000 "1h"))
        (queue "unix:$redis_socket") (database "$database"))
END
cat > machine.conf <<END
(config (name "tux01") (queue "unix:$redis_socket") (spool "$work/spool"))
END
chmod 600 ./*.conf

serve() {
  start "$1" sheepdog-queue-daemon -c server.conf --log=stderr
  server=$pid
  check "the server serves ($1)" wait_until 20 grep -q "serving $database" "$work/$1.log"
}

# bark N TAG [FILE]: N messages of a machine, the text of FILE in each.
bark() {
  text=
  [ $# -lt 3 ] || text=$(cat "$3")
  i=0
  while [ $i -lt "$1" ]; do
    i=$((i + 1))
    printf '{"tag":"%s","state":"ok","outcome":{"status":0,"stdout":"%s"}}\n' "$2" "$text"
  done | sheepdog -c machine.conf bark --json
}
spooled() { [ "$(find "$work/spool" -name '*.new' -o -name '*.sent' | wc -l)" = "$1" ]; }
acknowledged() { redis HVALS sheepdog:acks; }

# delivered N: N messages of the machine are handled, and its spool lets go of all.
delivered() {
  wait_until 30 sql_is "$1" "SELECT count(*) FROM event WHERE host = 'tux01'" &&
    wait_until 10 redis_says 0 XLEN sheepdog:barks &&
    sheepdog -c machine.conf queue flush && wait_until 10 spooled 0
}

# --- the disk is full

if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=3m tmpfs "$disk" 2> /dev/null; then
  mounted=$disk
  serve full
  bark 5 t
  check "while there is room all is stored" delivered 5
  before=$(acknowledged)
  head -c 200000 /dev/zero | tr '\0' x > big
  dd if=/dev/zero of="$disk/filler" bs=4096 > dd.log 2>&1
  bark 10 t big
  check "then the server says so" wait_until 20 grep -q 'database or disk is full; make room' full.log
  same "and acknowledges nothing" "$before" "$(acknowledged)"
  check "the stream keeps what came" redis_says 10 XLEN sheepdog:barks
  same "nothing was deleted" 5 "$(sql 'SELECT count(*) FROM event')"
  check "it goes on living" kill -0 "$server"
  mount -o remount,size=30m "$disk"
  check "with room it goes on by itself, and nothing is lost" delivered 15
  same "in the order of the sender" '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15' \
    "$(sql "SELECT group_concat(seq, ' ') FROM (SELECT seq FROM message m JOIN event e ON e.id = m.id
            WHERE e.host = 'tux01' ORDER BY m.id)")"
  same "the database is sound" ok "$(sql 'PRAGMA integrity_check')"
  has "the log says that it is over" 'works again after' full.log
  count=15
else
  skip "a full disk stops acknowledgements" "needs root and a tmpfs"
  serve first
  bark 1 t
  check "the server works" delivered 1
  count=1
fi

# --- somebody else holds it

mkfifo hold
sqlite3 "$database" < hold > holder.log 2>&1 &
holder=$!
started="$started $holder"
exec 7> hold
echo "BEGIN EXCLUSIVE; SELECT 'held';" >&7
check "another program holds the database" wait_until 5 grep -q held holder.log
before=$(acknowledged)
bark 3 t
check "after some patience that is said" wait_until 20 grep -qF "'fuser -v $database' names it" full.log first.log
same "and nothing acknowledged" "$before" "$(acknowledged)"
echo 'ROLLBACK;' >&7
exec 7>&-
wait $holder
count=$((count + 3))
check "when it lets go all is stored" delivered $count

# --- the queue is away: what is stored is handled all the same

kill -STOP "$redis_pid"
sqlite3 -cmd '.timeout 5000' "$database" "
  INSERT INTO sender (name) VALUES ('test');
  INSERT INTO message (sender, seq, received, body, length)
    SELECT id, 1, $(date +%s)000, CAST('{\"host\":\"h\",\"tag\":\"t\",\"state\":\"fail\"}' AS BLOB), 1
      FROM sender WHERE name = 'test';
  INSERT INTO waiting (message) VALUES (last_insert_rowid());"
check "while the queue hangs, what waits is handled" wait_until 20 sql_is fail "SELECT state FROM subject WHERE host = 'h'"
check "and told" wait_until 20 sql_is 1 "SELECT count(*) FROM outbox WHERE kind = 'problem' AND done IS NOT NULL"
kill -CONT "$redis_pid"
bark 1 t
count=$((count + 1))
check "the queue is read again by itself" delivered $count

# --- a sign of life

runs "while the server lives status believes the database" 1 sheepdog -c server.conf status
has_not "without a warning" 'no sign of life' err
kill -KILL "$server"
stop "$server" KILL 2> killed
sqlite3 -cmd '.timeout 5000' "$database" \
  "UPDATE mark SET value = value - 180000 WHERE name = 'sign'; DELETE FROM subject WHERE state = 'fail'"
runs "that of a dead one is not" 1 sheepdog -c server.conf status
has "and that is said" 'warning: the server gave no sign of life since 3 min' err

# --- taken away while it is in use

serve moved
bark 1 t
count=$((count + 1))
check "it works" delivered $count
before=$(acknowledged)
mv "$database" "$disk/away.db"
bark 2 t
check "without its file the server ends" wait_until 20 gone "$server"
stop "$server"
same "with status 2" 2 "$status"
has "says why" "$database was removed or replaced while it was in use" moved.log
has "and what to do" 'restore it, then start again' moved.log
same "nothing was acknowledged" "$before" "$(acknowledged)"
check "the queue has all" redis_says 2 XLEN sheepdog:barks
runs "it does not start without it" 2 sheepdog-queue-daemon -c server.conf
has "and says so" "$database is gone or empty, but there was a database" err
has "with the way back" 'restore it from a backup' err
mv "$disk/away.db" "$database"
serve restored
count=$((count + 2))
check "with its file all is stored" delivered $count
stop "$server"

# --- damaged, of another program, newer

cp "$database" good.db
damage() { # damage SENTENCE TEXT: the server refuses the file that stands there, and leaves it as it is
  sum=$(sha256sum < "$database")
  runs "$1" 2 sheepdog-queue-daemon -c server.conf
  has "and says so" "$2" err
  same "the file is left as it is" "$sum" "$(sha256sum < "$database")"
  rm -f "$database"-wal "$database"-shm
  cat good.db > "$database"
}
bark 1 t
count=$((count + 1))
truncate -s 20000 "$database"
damage "a truncated database is refused" 'malformed'
has "with the way back" 'restore a backup' err
printf 'garbage garbage!' | dd of="$database" conv=notrunc bs=1 2> dd.log
damage "so is one without its head" 'file is not a database'
sqlite3 "$database" 'PRAGMA user_version = 99'
damage "and one of a newer sheepdog" 'has schema 99, this sheepdog knows'
has "naming the way on" 'use the newer sheepdog that made it' err
if [ -n "$mounted" ]; then
  mount -o remount,ro "$disk"
  runs "on a disk that can only be read it does not start" 2 sheepdog-queue-daemon -c server.conf
  has "and says so" 'are the file and its directory there, and yours to write?' err
  mount -o remount,rw "$disk"
else
  skip "a read-only disk is refused" "needs root and a tmpfs"
fi
check "all this time nothing was taken from the queue" redis_says 1 XLEN sheepdog:barks
serve again
check "with the good one it is stored" delivered $count
kill -STOP "$server"
runs "a second server on one database" 2 sheepdog-queue-daemon -c server.conf
has "names the first" "another sheepdog-queue-daemon, pid $server, serves $database" err
kill -CONT "$server"

# --- acknowledgements that lie

sender=$(redis HKEYS sheepdog:acks)
redis HSET sheepdog:acks "$sender" 1 > acks.out
bark 1 t
count=$((count + 1))
check "set back, they cost nothing" delivered $count
redis DEL sheepdog:acks > acks.out
bark 1 t
count=$((count + 1))
check "lost, neither" delivered $count
kill -STOP "$server"
redis HSET sheepdog:acks "$sender" $((count + 1)) > acks.out
cp machine.conf away.conf
sed -i 's/sock"/nowhere"/' away.conf
echo '{"tag":"t","state":"ok"}' | sheepdog -c away.conf bark --json 2> away.err
check "set forward, no message leaves that the queue never had" spooled 1
kill -CONT "$server"
sheepdog -c machine.conf queue flush
check "and it arrives" wait_until 20 sql_is $((count + 1)) "SELECT count(*) FROM event WHERE host = 'tux01'"
same "each message is there once" $((count + 1)) \
  "$(sql "SELECT count(DISTINCT seq) FROM message m JOIN event e ON e.id = m.id WHERE e.host = 'tux01'")"
stop "$server"
if [ -n "$mounted" ]; then
  umount "$disk"
  mounted=
fi
trap unfinished EXIT
finish
