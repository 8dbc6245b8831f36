#!/bin/sh
# expect.sh -- what is silent is noticed: a dead machine, a job that does not run, a server by another one
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
trap 'stop_all; cd /; rm -rf "$work"' EXIT

# server NAME PORT ENTRY...: the configuration NAME.conf of a server at the Redis of PORT.
server() {
  cat > "$1.conf" <<END_OF_FILE
(config (name "$1") (queue "redis://localhost:$2") (database "$work/$1/sheepdog.db")
        (spool "$work/$1/spool") (mailto "") (heartbeat "1s") $3)
END_OF_FILE
  mkdir -m 700 "$1"
}
# hard STATE SERVER TAG: has the subject that hard state there?
hard() { sql_is "$1" "SELECT hard FROM subject WHERE host || '/' || tag = '$3'" "$work/$2/sheepdog.db"; }

start_redis
a_port=$port
start_redis
b_port=$port

# --- a machine that nobody said a word about

server a "$a_port" '(expect "tux/dump" (every "2s") (grace "1s")) (expect "b/PING" (every "2s") (grace "2s"))'
server b "$b_port" '(expect "a/PING" (every "2s") (grace "2s"))'
start a sheepdog-queue-daemon -c a.conf
a=$pid
wait_until 10 grep -q "serving" a.log

echo "(config (name \"tux\") (queue \"redis://localhost:$a_port\") (spool \"$work/tux\") (heartbeat \"1s\"))" > tux.conf
start tux sheepdog-daemon -c tux.conf
tux=$pid
check "a machine is heard" wait_until 10 hard ok a tux/PING
runs "its silence is expected not to last" 0 sheepdog -c a.conf show tux/PING
has "by its own word" "expected  every 3 s, grace 3 s; late after" out
stop "$tux" KILL
check "a dead machine is late, by its heartbeat alone" wait_until 15 hard late a tux/PING
runs "status says so" 1 sheepdog -c a.conf status tux
has "with when it was due" "due every 3 s" out
sql "SELECT reason FROM interruption WHERE tag = 'PING' AND host = 'tux'" "$work/a/sheepdog.db" > reason
has "and why" "late: not heard since" reason
start tux sheepdog-daemon -c tux.conf
tux=$pid
check "and over when it is back" wait_until 10 hard ok a tux/PING

# --- a job that is expected by the configuration, by command, by itself

check "what was never heard of is late all the same" wait_until 10 hard late a tux/dump
runs "show says never" 0 sheepdog -c a.conf show tux/dump
has "what it missed" "missed" out
runs "something is expected by command" 0 sheepdog -c a.conf expect 'tux/late' --every 1s --grace 1s
has "which is confirmed" "tux/late is expected every 1 s" err
check "the server finds it late without being told" wait_until 10 hard late a tux/late
runs "and no longer" 0 sheepdog -c a.conf expect 'tux/late' --off
has "and how to undo that" "exempt from all patterns; 'sheepdog expect tux/late --every D' ends that" err
check "its span is closed" wait_until 10 sql_is "closed" \
  "SELECT \"end\" FROM interruption WHERE tag = 'late'" "$work/a/sheepdog.db"
runs "what the configuration says cannot be taken back by command" 2 sheepdog -c a.conf expect tux/dump --off
has "it is named" "a.conf:2" err
runs "a pattern may be a slip" 0 sheepdog -c a.conf expect 'tx/*' --every 1h
has "which is said" "hint: did you mean 'tux/*'?" err
runs "it is taken back" 0 sheepdog -c a.conf expect 'tx/*' --off
runs "the list has all that is expected" 0 sheepdog -c a.conf expect --list
has "of the configuration" "tux/dump  every 2 s, grace 1 s" out
has "and who is exempt" "exempt from patterns" out

runs "a job declares its own period" 0 sheepdog --every 1s -t job -e true
runs "it is expected on a machine that is its own server" 0 sheepdog show job
has "in its words" "expected  every 1 s, grace 1 s" out
own_late() {
  sheepdog queue flush > /dev/null
  sql_is late "SELECT hard FROM subject WHERE tag = 'job'"
}
sheepdog log '*/job' --state late --follow > follow 2> follow.err &
follower=$!
check "and late when it does not run, as soon as somebody calls" wait_until 10 own_late
runs "the log says when" 0 sheepdog log '*/job' --state late
check "and since when" grep -qE '^20..-..-.. ..:..:..  [^ ]+  job  ok -> LATE  not ' out
check "who follows it sees it come" wait_until 5 grep -q "ok -> LATE" follow
kill "$follower"

# --- two servers that expect each other

peer() { # peer NAME PORT: the second daemon of NAME, which speaks to the other's queue
  echo "(config (name \"$1\") (queue \"redis://localhost:$2\") (spool \"$work/$1/peer\") (heartbeat \"1s\"))" > "$1-peer.conf"
  start "$1-peer" sheepdog-daemon -c "$1-peer.conf"
}
start b sheepdog-queue-daemon -c b.conf
b=$pid
peer a "$b_port"
peer b "$a_port"
b_peer=$pid
check "each hears the other" wait_until 10 hard ok a b/PING
check "both ways" wait_until 10 hard ok b a/PING
stop "$b" KILL
stop "$b_peer" KILL
check "of two servers the one that lives says that the other is dead" wait_until 15 hard late a b/PING

# --- the server's own outage

stop "$a"
sqlite3 "$work/a/sheepdog.db" "UPDATE mark SET value = value - 300000 WHERE name = 'round'"
start a sheepdog-queue-daemon -c a.conf
a=$pid
check "a server that was away says from when to when" wait_until 10 sql_is 1 \
  "SELECT count(*) FROM interruption WHERE host = 'a' AND tag = 'sheepdog expect' AND \"end\" = 'ok'
     AND reason = 'it did not run' AND t1 - t0 >= 300000" "$work/a/sheepdog.db"

finish
