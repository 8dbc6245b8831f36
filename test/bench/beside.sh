# beside.sh -- the flagship asked twenty times a second while the server stores; sourced by questions
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2154 # sourced by questions, which has what is not set here
heading "beside the writer, on the herd '$size'"
messages=100000
subjects=1000
seconds=5
XDG_STATE_HOME=$work/server
database=$XDG_STATE_HOME/sheepdog/sheepdog.db
mkdir -p "$XDG_STATE_HOME/sheepdog"
mv "$size.db" "$database"
mv "$size.db.mark" "$database.mark"
start_redis
cat > server.conf << END
(config (queue "unix:$redis_socket") (monitor-path "$root/test/bench/monitors") (mailto "")
        (notify (limit 10000000 "1h")))
END
# stores: ms that the server takes for all that waits.
stores() {
  ./limit fill "$redis_socket" $messages $subjects
  began=$(date +%s%N)
  sheepdog-queue-daemon -c server.conf --once > server.log 2>&1
  echo $((($(date +%s%N) - began) / 1000000))
}
stores > /dev/null # the first message of each subject is dearer than all later ones
alone=$(stores)
quiet=$(ask beside "$database" $seconds)
ask beside "$database" $((alone / 1000 + 1)) > disturbed &
asker=$!
with=$(stores)
wait $asker
disturbed=$(cat disturbed)
got=$(sql "SELECT count(*) FROM event WHERE tag LIKE 'job%'")
[ "$got" = $((3 * messages)) ] || { echo "of $((3 * messages)) messages $got became rows" && missed=1; }
row 'the flagship, ms; peer: no writer' "$(field "$disturbed" 1)" "$(field "$quiet" 1)" 'a <= 1.5 * b'
row '95 of 100 of them' "$(field "$disturbed" 2)" "$(field "$quiet" 1)" 'a <= 2 * b'
row 'messages/s with the questions; peer: without' "$(awk "BEGIN { printf \"%.0f\", $messages / $with * 1000 }")" \
  "$(awk "BEGIN { printf \"%.0f\", $messages / $alone * 1000 }")" 'a >= 0.8 * b'
