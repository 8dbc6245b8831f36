#!/bin/sh
# spool.sh -- long outages, full spools, copied and broken ones, over a real Redis to a real server
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
start_redis

mkdir server
echo "(config (queue \"unix:$redis_socket\") (database \"$work/server/herd.db\"))" > server.conf
database=$work/server/herd.db

# client NAME [SPOOL-OPTION...]: the configuration of a machine with a spool of its own.
client() {
  name=$1
  shift
  echo "(config (name \"$name\") (queue \"unix:$redis_socket\") (spool \"$work/$name\" $*))" > "$name.conf"
}
# barks N [TAG [STATE]]: N messages, one a line.
barks() {
  awk -v n="$1" -v tag="${2:-t}" -v state="${3:-warn}" \
    'BEGIN { for (i = 1; i <= n; i++) printf "{\"tag\":\"%s\",\"state\":\"%s\",\"summary\":\"%d\"}\n", tag, state, i }'
}
redis_again() {
  start redis redis-server --port "$redis_port" --bind '127.0.0.1 -::1' --unixsocket "$redis_socket" \
    --dir "$work" --save '' --appendonly no
  redis_pid=$pid
  wait_until 10 redis_is_ours
}
files() { find "$work/$1" -name "*.$2" | wc -l; }
files_are() { [ "$(files "$2" "$3")" = "$1" ]; }

start server sheepdog-queue-daemon -c server.conf
check "the server is up" wait_until 10 sql_is 0 'SELECT count(*) FROM event'

# --- a backlog goes with the next call, in order, though that call does not wait for it
client long
stop "$redis_pid" KILL
barks 700 | sheepdog -c long.conf bark --json 2> kept.log
same "without Redis all waits" 700 "$(files long new)"
redis_again
runs "a job ends with its own status" 3 sheepdog -c long.conf -t job -e 'exit 3'
check "a child sends all, and the job's message" wait_until 60 sql_is 701 "SELECT count(*) FROM event WHERE host = 'long'"
same "in order" 1 "$(sql "SELECT min(ordered) FROM (SELECT seq > lag(seq, 1, 0) OVER (ORDER BY m.id) AS ordered
  FROM message m JOIN event e ON e.id = m.id WHERE e.host = 'long')")"
runs "what the server has can go" 0 sheepdog -c long.conf queue flush
check "and goes" wait_until 10 files_are 0 long sent

# --- sheepdog-daemon keeps at it by itself
client steady
stop "$redis_pid" KILL
barks 500 | sheepdog -c steady.conf bark --json 2>> kept.log
start machine sheepdog-daemon -c steady.conf --log=stderr
machine=$pid
check "the daemon says why it does not send" wait_until 10 grep -q 'cannot reach redis' machine.log
redis_again
check "it sends soon after Redis is back" wait_until 30 sql_is 500 "SELECT count(*) FROM event WHERE tag = 't' AND host = 'steady'"
stop "$machine"

# --- a full spool counts what it lets go of
client full '(max-messages 40)'
stop "$redis_pid" KILL
{
  barks 30 a fail
  barks 1 b ok
  for tag in c d e f g h i j k l m n o p q r s t u v w x y z; do barks 1 $tag fail; barks 1 $tag ok; done
} | sheepdog -c full.conf bark --json 2>> kept.log
check "it never grows beyond its limit" test "$(files full new)" -le 42
redis_again
runs "it is sent" 0 sheepdog -c full.conf queue flush
let_go="SELECT json_extract(m.body, '\$.fields.merged') + json_extract(m.body, '\$.fields.dropped')
  FROM event e JOIN message m ON m.id = e.id WHERE e.host = 'full' AND e.tag = 'sheepdog spool'"
check "what was let go of is told" wait_until 10 sql_is 1 "SELECT count(*) FROM ($let_go)"
check "sent and let go are all" wait_until 10 sql_is 79 "SELECT (SELECT count(*) FROM event WHERE host = 'full' AND tag <> 'sheepdog spool')
  + ($let_go)"
same "people are told" "the spool was full" \
  "$(sql "SELECT substr(summary, 1, 18) FROM event WHERE host = 'full' AND tag = 'sheepdog spool'")"
check "nothing is missing" sql_is 0 'SELECT count(*) FROM hole'
check "the sender is told of all" wait_until 10 sheepdog -c full.conf queue flush
check "and lets go of it" wait_until 10 files_are 0 full sent

# --- a copied spool gets another id, and nothing is lost or taken for another message
client one
client two
barks 2 | sheepdog -c one.conf bark --json
wait_until 10 sql_is 2 "SELECT count(*) FROM event WHERE host = 'one'"
cp -a one two
barks 3 | sheepdog -c one.conf bark --json
wait_until 10 sql_is 5 "SELECT count(*) FROM event WHERE host = 'one'"
wait_until 10 redis_says 5 HGET sheepdog:acks "$(find one -maxdepth 1 -type d -name '????????????????????????????????' -printf %f)"
runs "the copy barks" 0 sheepdog -c two.conf bark -t t -s warn
has "and says that it has a new id" "the spool was restored or copied" err
check "its message arrives" wait_until 10 sql_is t "SELECT tag FROM event WHERE host = 'two' AND tag = 't'"
check "the server knows why" wait_until 10 sql_is 1 \
  "SELECT count(*) FROM event WHERE host = 'two' AND tag = 'sheepdog spool' AND summary LIKE 'the spool was restored%'"
same "no number means two messages" 0 "$(sql 'SELECT count(*) FROM message WHERE variant > 0')"

# --- a spool that cannot be used: straight to the queue, and if that fails too, to stderr
client broken
echo "in the way" > broken
runs "the job keeps its status" 3 sheepdog -c broken.conf -t job -e 'exit 3'
has "one line says why" "cannot keep a message: spool $work/broken" err
check "the message arrives" wait_until 10 sql_is 1 "SELECT count(*) FROM event WHERE host = 'broken'"
runs "a bark by hand, too" 0 sheepdog -c broken.conf bark -t t -s fail
has "says why" "cannot keep a message: spool $work/broken" err
check "and arrives" wait_until 10 sql_is 2 "SELECT count(*) FROM event WHERE host = 'broken'"
stop "$redis_pid" KILL
runs "without Redis the job still keeps its status" 3 sheepdog -c broken.conf -t job -e 'exit 3'
has "and its message is printed" '"tag":"job"' err
has "with the reason" "cannot send it either: cannot reach redis" err
runs "a bark by hand was not done" 2 sheepdog -c broken.conf bark -t t -s fail
has "and is printed" '"tag":"t"' err

# --- standalone: a local queue that is none keeps all in the spool till it is one
mkdir -p "$state"
echo "this is no database, and long enough to be seen as none" > "$state/queue.db"
runs "the job keeps its status" 3 timeout 10 sheepdog -t job -e 'exit 3'
has "its message is kept" ", kept)" err
rm "$state/queue.db"
runs "the next call takes it along" 3 sheepdog -t job -e 'exit 3'
check "both are stored" wait_until 20 sql_is 2 "SELECT count(*) FROM event WHERE tag = 'job'" "$state/sheepdog.db"
finish
