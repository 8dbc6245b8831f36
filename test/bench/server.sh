# server.sh -- the rows of the server: its rate, what changes it, its memory, a bark's way
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2154 # sourced by run, which has what is not set here

# Each database is of another state directory. The messages are those of limit.cc, of $subjects subjects;
# their receiver (monitors/bench.scm) stores a fact of each, where the path of monitors leads to it.
# server_of NAME MAILTO [MONITORS [GROUP]]
server_of() {
  XDG_STATE_HOME=$work/$1
  database=$XDG_STATE_HOME/sheepdog/sheepdog.db
  cat > server.conf << END
(config (queue "unix:$redis_socket") (monitor-path "${3-$root/test/bench/monitors}") (mailto $2)
        (notify (group ${4-\"0s\" \"0s\"}) (limit 10000000 "1h"))
        (mailfrom "bench@example.org") (mailer "sendmail://$work/sendmail"))
END
}
serve() { measure "${1:-1}" sheepdog-queue-daemon -c server.conf --once; }
fill() { ./limit fill "$redis_socket" "$1" $subjects; }
minus() { awk "BEGIN { print $1 - $2 }"; }
per_message() { awk "BEGIN { printf \"%.1f\", ($1) * 1000 / $2 }"; } # ms, messages: µs
stored() { sql 'SELECT count(*) FROM event'; }

# stored_are COUNT: what came is there, each once.
stored_are() {
  got=$(stored)
  [ "$got" = "$1" ] && return
  echo "of $1 messages $got became rows"
  missed=1
}

heading "queue to stored row, $messages messages, $subjects subjects"
server_of plain '""' "$work"
serve 3
empty=$a
fill $subjects
serve
fill $messages
serve
plain=$(per_second $messages "$(minus "$a" "$empty")")
fill $messages
row "messages/s, what every message gets; limit: the bytes alone" "$plain" \
  "$(./limit drain "$redis_socket" "$work/bytes.db" 256)" 'a >= b / 3'

server_of rate '""'
serve 3
empty=$a
# The first failure of each subject is told: that is another figure than the rate of messages.
fill $subjects
serve
row "$subjects first failures, each told, ms" "$(minus "$a" "$empty")" 0 'a > 0'
fill $messages
serve
ours=$(per_second $messages "$(minus "$a" "$empty")")
fresh=$(per_message "$(minus "$a" "$empty")" $messages)
for batch in 256 1000; do
  fill $messages
  row "with receiver and fact; the bytes alone, batches of $batch" "$ours" \
    "$(./limit drain "$redis_socket" "$work/bytes-$batch.db" $batch)" 'a >= b / 2'
  fill $messages
  row "the same; limit: into our tables, batches of $batch" "$ours" \
    "$(./limit drain "$redis_socket" "$work/tables-$batch.db" $batch "$root/scheme/sheepdog/sql")" 'a >= b / 2'
done
stored_are $((messages + subjects))
. "$root/test/bench/nagios.sh"

heading "with $backlog messages waiting, or stored"
fill $((backlog - messages - subjects))
serve
row "most memory, all of them waiting in Redis, MiB; limit" "$memory" 128 'a <= b'
fill $messages
serve
row "µs a message beside the others; before" "$(per_message "$(minus "$a" "$empty")" $messages)" "$fresh" 'a <= 1.25 * b'
stored_are $((backlog + messages))
measure 3 sheepdog -c server.conf status
row "sheepdog status, ms; limit" "$a" 1000 'a <= b'

server_of waiting '""'
serve
./limit print "$backlog" $subjects > bodies
sqlite3 "$database" << END
CREATE TEMP TABLE body (text);
.separator "\037" "\n"
.import bodies body
BEGIN;
INSERT INTO sender (id, name) VALUES (1000, 'redis:bench');
INSERT INTO message (sender, seq, received, body, length)
  SELECT 1000, rowid, strftime('%s') * 1000, CAST(text AS BLOB), length(text) FROM temp.body;
INSERT INTO waiting (message) SELECT id FROM message;
COMMIT;
END
rm bodies
measure 3 sheepdog -c server.conf status
row "sheepdog status, all waiting in the database, ms" "$a" 1000 'a <= b'
serve
row "most memory, all waiting in the database, MiB" "$memory" 128 'a <= b'
stored_are "$backlog"
rm -r "$XDG_STATE_HOME"

heading 'an idle server'
server_of idle '""'
start server sheepdog-queue-daemon -c server.conf
wait_until 10 sql_is 0 'SELECT count(*) FROM event'
./latency "$redis_socket" "$database" "$barks" > latencies || exit 2
stop "$pid"
p50() { sed -n "$1s/ .*//p" latencies; }
p99() { sed -n "$1s/.* //p" latencies; }
row 'bark to stored over Redis, p50, ms; one fsync' "$(p50 1)" "$(p50 2)" 'a <= 5'
row 'the same, p99' "$(p99 1)" "$(p99 2)" 'a <= 25'
row 'the same, p50; one Redis round trip' "$(p50 1)" "$(p50 3)" 'a <= 5'
