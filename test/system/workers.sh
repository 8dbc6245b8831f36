#!/bin/sh
# workers.sh -- several workers on one queue and database: each sender's messages in order, each once
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
start_redis

database=$work/herd.db
echo "(config (name \"boss\") (queue \"unix:$redis_socket\") (database \"$database\"))" > server.conf
chmod 600 server.conf
sender() { printf '%032x' "$1"; }

# push FROM TO: numbers FROM to TO of five senders in turn, as their spools would send them.
push() {
  n=$1
  while [ "$n" -le "$2" ]; do
    for s in 1 2 3 4 5; do
      printf "XADD sheepdog:barks * message '{\"sender\":\"%s\",\"seq\":%d,\"host\":\"h%d\",\"tag\":\"t\",\"state\":\"ok\"}'\n" \
        "$(sender $s)" "$n" $s
    done
    n=$((n + 1))
  done > commands
  redis < commands > push.out
}
events() { sql_is "$1" "SELECT count(*) FROM event WHERE host LIKE 'h%'"; }
disorder() {
  sql "SELECT count(*) FROM (SELECT m.seq, lag(m.seq, 1, 0) OVER (PARTITION BY m.sender ORDER BY e.id) AS before
    FROM event e JOIN message m ON m.id = e.id WHERE e.host LIKE 'h%') WHERE seq <> before + 1"
}

start queue-daemon sheepdog-queue-daemon -c server.conf --log=stderr
check "the server serves" wait_until 20 grep -q "serving $database" queue-daemon.log
for i in 1 2; do
  start "handler-$i" sheepdog-handler -c server.conf --log=stderr
  check "and handler $i" wait_until 20 grep -q "serving $database" "handler-$i.log"
  last=$pid
done

push 1 100
check "all that comes is handled" wait_until 60 events 500
push 101 200
kill -KILL "$last"
push 201 300
check "also when a worker dies" wait_until 90 events 1500
same "each sender's in the order of its numbers" 0 "$(disorder)"
check "the queue is empty" wait_until 20 redis_says 0 XLEN sheepdog:barks
same "and tells each sender so" '300 300 300 300 300' "$(redis HVALS sheepdog:acks | tr '\n' ' ' | sed 's/ $//')"
same "nothing is held back, nothing missing, nothing aside" '0|0|0' \
  "$(sql 'SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM hole), (SELECT count(*) FROM aside)')"

# --- a hole: what is above it waits, others do not
push 302 302
push 303 303
redis XADD sheepdog:barks '*' message "{\"sender\":\"$(sender 6)\",\"seq\":1,\"host\":\"h6\",\"tag\":\"t\",\"state\":\"ok\"}" > push.out
check "another sender's message passes" wait_until 20 events 1501
same "what stands above the hole is stored and held" 10 "$(sql 'SELECT count(*) FROM held')"
push 301 301
check "filled, it lets all go" wait_until 20 events 1516
same "in order" 0 "$(disorder)"
finish
