#!/bin/sh
# redis.sh -- the seed's line over a real Redis to a real server: stored once, decided once
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
start_redis

job='borg create --stats /export/backup/borg::stamp /export/ipfs'
bark() { sheepdog -c "$HOME/.sheepdog.conf" -m monitor-error -e "$job"; }
mkdir "$work/bin" "$work/server"
printf '#!/bin/sh\necho "Repository /export/backup/borg does not exist." >&2\nexit 2\n' > "$work/bin/borg"
chmod +x "$work/bin/borg"
PATH=$work/bin:$PATH
echo "(config (host \"localhost\") (port $redis_port) (mailto \"\"))" > "$HOME/.sheepdog.conf"
echo "(config (queue \"redis://localhost:$redis_port\") (database \"$work/server/herd.db\")
        (notify (group \"0s\" \"0s\")))" > server.conf
database=$work/server/herd.db
serve() { start queue-daemon sheepdog-queue-daemon -c "$work/server.conf"; }

# --- no server yet: Redis has it
runs "the job fails with its own status" 2 bark
has "the last line says that the queue has it" ", queued)" "$work/err"
same "one entry is in the stream" 1 "$(redis XLEN sheepdog:barks)"
same "status is not answered on a client" 2 "$(sheepdog -c "$HOME/.sheepdog.conf" status > out 2> err; echo $?)"
has "which says where to ask" "localhost:$redis_port" err

serve
server=$pid
check "the server stores it" wait_until 10 sql_is 1 'SELECT count(*) FROM event'
same "in state fail" 'borg|fail|fail' "$(sql 'SELECT tag, state, hard FROM subject')"
check "the stream is empty" wait_until 5 redis_says 0 XLEN sheepdog:barks
same "the sender is told" 1 "$(redis HVALS sheepdog:acks)"
same "one decision is to tell, with its reason" 'log|tell|problem' "$(sql 'SELECT recipient, verdict, reason FROM decision')"

runs "it fails again" 2 bark
check "the second is stored" wait_until 10 sql_is 2 'SELECT count(*) FROM event'
check "and decided against, with the reason" wait_until 5 sql_is 'log|no|same' \
  "SELECT recipient, verdict, reason FROM decision WHERE verdict <> 'tell'"
runs "status on the server says FAIL" 1 sheepdog -c server.conf status
has "with the tag" "borg" "$work/out"

# --- the server dies and comes back; what was sent meanwhile is there once
kill -KILL "$server"
stop "$server"
runs "the server is gone, the job still keeps its status" 2 bark
has "and its message is queued" ", queued)" "$work/err"
serve
server=$pid
check "after the restart it is stored" wait_until 15 sql_is 3 'SELECT count(*) FROM event'
same "once" 3 "$(sql 'SELECT count(DISTINCT seq) FROM message')"
same "and nobody is told again" 1 "$(sql "SELECT sum(count) FROM decision WHERE verdict = 'tell'")"

# --- Redis dies: kept in the spool, sent with the next message
stop "$redis_pid" KILL
runs "Redis is gone, the job still keeps its status" 2 bark
has "the message is kept" ", kept)" "$work/err"
has "and the reason is said" "warning: cannot reach redis at localhost:$redis_port" "$work/err"
start redis redis-server --port "$redis_port" --bind '127.0.0.1 -::1' --unixsocket "$redis_socket" \
  --dir "$work" --save '' --appendonly no
redis_pid=$pid
check "Redis is back" wait_until 10 redis_is_ours
runs "the next message takes it along" 2 bark
check "both are stored" wait_until 20 sql_is 5 'SELECT count(*) FROM event'
same "in the order of the sender" '1 2 3 4 5' "$(sql "SELECT group_concat(seq, ' ') FROM (SELECT seq FROM message ORDER BY id)")"

# --- success
printf '#!/bin/sh\necho fine\n' > "$work/bin/borg"
runs "the job works again" 0 bark
check "the subject is ok" wait_until 10 sql_is 'ok|ok' 'SELECT state, hard FROM subject'
check "and its end is told" wait_until 5 sql_is 2 "SELECT sum(count) FROM decision WHERE verdict = 'tell'"
runs "a second server on this database is refused" 2 timeout 10 sheepdog-queue-daemon -c server.conf
has "naming the first" "$server" "$work/err"

stop "$server"
same "TERM ends the server well" 0 "$status"
runs "--once handles what waits and ends" 0 timeout 20 sheepdog-queue-daemon -c server.conf --once
redis LPUSH sheepdog:inbox '{"host":"tux01","tag":"raid","state":"ok"}' > /dev/null
runs "sheepdog-handler is one more worker" 0 timeout 20 sheepdog-handler -c server.conf --once
same "that handled the message" 'ok' "$(sql "SELECT state FROM subject WHERE host = 'tux01' AND tag = 'raid'")"
finish
