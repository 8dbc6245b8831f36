#!/bin/sh
# wrapper.sh -- the job comes first: what is watched runs and ends as it would without us
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

echo '(config (name "tux01") (mailto ""))' > "$HOME/.sheepdog.conf"
event() { sql "SELECT $2 FROM event JOIN message USING (id) WHERE tag = '$1' ORDER BY id DESC LIMIT 1"; }
outcome() { event "$1" 'CAST(body AS TEXT)' | jq -r ".outcome.$2"; }
stored() { wait_until 10 sql_is "$2" "SELECT count(*) FROM event WHERE tag = '$1'"; }

# --- status and signals
for status in 1 2 77 126 127 128 255; do
  runs "exit $status is exit $status" "$status" sheepdog -t statuses -e "exit $status"
done
for signal in HUP INT KILL SEGV TERM; do
  number=$(kill -l $signal)
  runs "death by $signal is death by $signal" $((128 + number)) sheepdog -t "by-$signal" -e "ulimit -c 0; kill -$signal \$\$"
  check "its message is stored" stored "by-$signal" 1
  same "with the signal and no status" "$number null" "$(outcome "by-$signal" signal) $(outcome "by-$signal" status)"
done
runs "a program that is not there ends with 127" 127 sheepdog run -t absent -- "$work/absent"
check "its message is stored" stored absent 1
check "with the reason" sh -c 'echo "$1" | grep -q "No such file"' - "$(event absent summary)"
runs "a file that is no program ends with 126" 126 sheepdog run -t noprogram -- "$HOME/.sheepdog.conf"
runs "so does a directory" 126 sheepdog run -t directory -- "$work"
runs "run uses no shell" 0 sheepdog run -- test '$HOME' = '$HOME'

# --- what goes in and out is untouched
cat > everything.sh << 'END'
env | grep -v '^_=' | sort
umask; pwd; ulimit -n
cat
END
echo "from standard input" > input
sh everything.sh < input > expected
sheepdog -t same -e 'sh everything.sh' < input > got
check "environment, directory, limits and input are as without us" cmp expected got
head -c 300000 /dev/urandom > random
runs "binary output passes" 1 sheepdog -t binary -e 'cat random; cat random >&2; exit 1'
check "unchanged" cmp random out
check "on both streams, ours being the last line" sh -c 'head -c 300000 err | cmp - random'
check "it is stored" stored binary 1
same "with its size and marked as cut and lossy" '300000 true true' \
  "$(outcome binary stdout_bytes) $(outcome binary cut) $(outcome binary lossy)"
check "in a message of at most 256 KiB" test "$(event binary 'length(body)')" -le 262144
runs "a child that holds the output open delays the end by a second at most" 0 \
  timeout 5 sheepdog -t daemonised -e 'sleep 30 & echo done'
same "open descriptors are not ours to give" '' "$(sheepdog -t descriptors -e 'ls -l /proc/self/fd' |
  awk '$9 > 2 { print $9, $11 }' | grep -v /proc/)"

# --- options
runs "a timeout ends with 124" 124 sheepdog -t slow --timeout 1s -e 'sleep 30 & sleep 30'
check "its message is stored" stored slow 1
same "and says so" true "$(outcome slow timed_out)"
check "nothing of the group is left" sh -c '! ps -eo args | grep -q "^sleep 3[0]$"'
start holder sheepdog -t locked --lock -e 'sleep 20'
holder=$pid
check "the holder runs" wait_until 5 pgrep -P "$holder"
runs "a second run ends with 75" 75 sheepdog -t locked --lock -e 'touch ran-twice'
check "and did not run" test ! -e ran-twice
has "its last line tells of the first" "still running since" "$work/err"
stop "$holder"
same "TERM to the wrapper reaches the job, and it ends as the job did" 143 "$status"
runs "the lock is free again" 0 sheepdog -t locked --lock -e true
runs "quiet hides a success" 0 sheepdog -t q -q -e 'echo hidden'
same "whole" '' "$(cat out err)"
runs "and shows a failure" 1 sheepdog -t q -q -e 'echo shown; exit 1'
has "whole" shown out
runs "ok-status makes it ok" 24 sheepdog -t vanished -a --ok-status=0,24 -e 'exit 24'
check "its message says so" wait_until 10 sql_is ok "SELECT state FROM subject WHERE tag = 'vanished'"
runs "warn-status makes it a warning" 23 sheepdog -t partial --warn-status=23 -e 'exit 23'
check "its message says so" wait_until 10 sql_is warn "SELECT state FROM subject WHERE tag = 'partial'"
runs "fail-pattern makes a success a failure" 0 sheepdog -t found --fail-pattern='total size is 0' -e 'echo total size is 0'
check "with what was found" wait_until 10 sql_is 'fail|found: total size is 0' \
  "SELECT state, summary FROM subject WHERE tag = 'found'"
runs "need-pattern makes one that lacks it a failure" 0 sheepdog -t missing --need-pattern='all done' -e 'echo nothing'
check "with what is missing" wait_until 10 sql_is 'fail|missing: all done' "SELECT state, summary FROM subject WHERE tag = 'missing'"
runs "too quick is a warning" 0 sheepdog -t quick --not-quicker=1h -e true
check "and says so" wait_until 10 sql_is 'warn|too quick' "SELECT state, substr(summary, 1, 9) FROM subject WHERE tag = 'quick'"
runs "no-output leaves the output out" 1 sheepdog -t private --no-output -e 'echo a secret; exit 1'
check "of what is stored" stored private 1
same "but not its size" 'null 9' "$(outcome private stdout) $(outcome private stdout_bytes)"
runs "start is a message of its own" 0 sheepdog -t started --start -e true
check "both are stored" stored started 2
same "tied by one run" 1 "$(sql "SELECT count(DISTINCT CAST(body AS TEXT) -> 'run') FROM message JOIN event USING (id) WHERE tag = 'started'")"
runs "dry-run runs the job" 5 sheepdog -t dry --dry-run -e 'touch dry-ran; exit 5'
check "really" test -e dry-ran
same "prints the message" 'dry fail' "$(cat out err | sed -n '/^{/,$p' | jq -r '"\(.tag) \(.state)"' 2> jq.err)"
same "and sends none" 0 "$(sql "SELECT count(*) FROM event WHERE tag = 'dry'")"
runs "the command line's secrets are not told" 1 sheepdog -t secret -e 'false --password=hunter2 https://me:hunter3@host/'
check "it is stored" stored secret 1
same "anywhere" 0 "$(sql "SELECT count(*) FROM message WHERE instr(CAST(body AS TEXT), 'hunter')")"

# --- whatever is broken on our side
job() { sheepdog "$@" -t broken -e 'echo it ran; exit 9'; }
ran() {
  runs "$@"
  has "and its output is there" "it ran" "$work/out"
}
echo '(config (prot 7777)' > bad.conf
ran "with a broken configuration the job runs" 9 job -c bad.conf
has "the error is printed with its place" "bad.conf:1:1: error: this list is never closed" err
runs "but not with --strict" 125 job -c bad.conf --strict
same "really not" '' "$(cat out)"
ran "without its configuration the job runs" 9 job -c absent.conf
ran "without a home the job runs" 9 env HOME=/nonexistent XDG_STATE_HOME=/proc/none sheepdog -t broken -e 'echo it ran; exit 9'
: > "$work/file"
ran "with a file where its state should be the job runs" 9 env XDG_STATE_HOME="$work/file" sheepdog -t broken -e 'echo it ran; exit 9'
ran "without its Scheme the job runs" 9 env SHEEPDOG_DATADIR="$work/nothing" sheepdog -t noscheme -e 'echo it ran; exit 9'
check "and its message is in the spool or stored" wait_until 10 sh -c "grep -rqs noscheme '$state/spool' || test -n \"\$(sqlite3 '$database' \"SELECT 1 FROM event WHERE tag = 'noscheme'\")\""
free_port
echo "(config (host \"localhost\") (port $port) (spool \"$work/spool\"))" > noredis.conf
began=$(date +%s)
ran "without a queue the job runs" 9 job -c noredis.conf
check "and ends soon" test $(($(date +%s) - began)) -le 4
has "its message is kept" ", kept)" err
mkdir -p "$XDG_CONFIG_HOME/sheepdog/monitors"
printf ';;; bad.scm -- broken\n(define-module (monitors bad) #:use-module (sheepdog plugin) #:declarative? #f)\n(define-monitor bad "x" (jugde (outcome) #t))\n' > "$XDG_CONFIG_HOME/sheepdog/monitors/bad.scm"
ran "with a broken monitor the job runs" 9 sheepdog -t badmonitor -m bad -e 'echo it ran; exit 9'
has "the error is printed with its place" "bad.scm:3:" err
check "its message is judged as by monitor-error" wait_until 10 sql_is 'fail' "SELECT state FROM subject WHERE tag = 'badmonitor'"
check "and the monitor is a warning of its own" wait_until 10 sql_is warn "SELECT state FROM subject WHERE tag = 'sheepdog monitor bad'"
ran "without a locale and with an odd one the job runs" 9 env LC_ALL=xx_YY.nonsense sheepdog -t broken -e 'echo it ran; exit 9'
ran "with standard input closed the job runs" 9 sh -c "exec sheepdog -t broken -e 'echo it ran; exit 9' <&-"
runs "with every descriptor closed the job runs" 9 sh -c "exec sheepdog -t broken -e 'touch ran-closed; exit 9' <&- >&- 2>&-"
check "really" test -e ran-closed
finish
