# support.sh -- what every system test needs: a place of its own, programs started and stopped, counting
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sourced by the tests of this directory, which run from the top of the tree after `cmake --build build`:
#
#   . "$(dirname "$0")/support.sh"
#   check "true is true" true
#   finish
#
# It gives: $root (the tree), $work (a directory of this test alone; removed at its end unless a check
# failed), an empty $HOME in it, programs of the build on PATH, no configuration and no state but what
# the test makes. What `start` started is stopped at the end by its process id.
# shellcheck shell=sh disable=SC2034,SC2317 # variables and functions are for the tests
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/sheepdog-test.XXXXXX") || exit 2
passed=0
failed=0
skipped=0
started=

HOME=$work/home
XDG_STATE_HOME=$HOME/.local/state
XDG_CONFIG_HOME=$HOME/.config
XDG_RUNTIME_DIR=$work/run
SHEEPDOG_DATADIR=${SHEEPDOG_DATADIR:-$root/build/share/sheepdog}
PATH=${SHEEPDOG_PROGRAMS:-$root/build}:$SHEEPDOG_DATADIR/../../libexec/sheepdog:$PATH:/usr/sbin:/sbin
TZ=UTC
export HOME XDG_STATE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR SHEEPDOG_DATADIR PATH TZ
unset SHEEPDOG_CONF NOTIFY_SOCKET JOURNAL_STREAM NO_COLOR MAILTO EMAIL
mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"
state=$XDG_STATE_HOME/sheepdog
database=$state/sheepdog.db
cd "$work" || exit 2

# --- counting

ok() {
  passed=$((passed + 1))
  echo "ok - $1"
}

not_ok() {
  failed=$((failed + 1))
  echo "not ok - $1"
}

# skip SENTENCE WHY: what could not be tested is no pass.
skip() {
  skipped=$((skipped + 1))
  echo "skipped - $1: $2"
}

# check SENTENCE COMMAND...: the sentence is true if the command succeeds.
check() {
  sentence=$1
  shift
  if "$@"; then ok "$sentence"; else not_ok "$sentence"; fi
}

# same SENTENCE EXPECTED ACTUAL: two texts are equal.
same() {
  if [ "$2" = "$3" ]; then
    ok "$1"
  else
    not_ok "$1"
    printf '  expected: %s\n       got: %s\n' "$2" "$3"
  fi
}

# has SENTENCE TEXT FILE: the file holds the text (not a pattern).
has() {
  if grep -qF -e "$2" "$3"; then
    ok "$1"
  else
    not_ok "$1"
    printf '  expected to find: %s\n  in %s:\n' "$2" "$3"
    sed 's/^/  | /' "$3" | head -n 40
  fi
}

# has_not SENTENCE TEXT FILE
has_not() {
  if grep -qF -e "$2" "$3"; then
    not_ok "$1"
    printf '  found: %s\n  in %s:\n' "$2" "$3"
    sed 's/^/  | /' "$3" | head -n 40
  else
    ok "$1"
  fi
}

# runs SENTENCE STATUS COMMAND...: ends with that status; its output is in $work/out and $work/err.
runs() {
  sentence=$1
  expected=$2
  shift 2
  "$@" > "$work/out" 2> "$work/err"
  got=$?
  if [ $got = "$expected" ]; then
    ok "$sentence"
  else
    not_ok "$sentence"
    printf '  expected status %s, got %s from: %s\n' "$expected" $got "$*"
    sed 's/^/  | /' "$work/out" "$work/err" | head -n 40
  fi
}

# wait_until SECONDS COMMAND...: poll till the command succeeds; fails when the time is over.
wait_until() {
  tries=$(($1 * 20))
  shift
  while ! "$@" > /dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.05
  done
}

# sql QUERY [FILE]: ask the database of the test (or FILE); columns are divided by |.
sql() { sqlite3 -readonly -cmd '.timeout 5000' "${2:-$database}" "$1"; }

# sql_is EXPECTED QUERY [FILE]: for wait_until.
sql_is() { [ "$(sql "$2" "${3:-$database}" 2> /dev/null)" = "$1" ]; }

# --- programs that stay

# start NAME COMMAND...: in the background, output in $work/NAME.log, its process id in $pid.
start() {
  name=$1
  shift
  : > "$work/$name.log" # at once: what an earlier one of this name said is no answer
  "$@" > "$work/$name.log" 2>&1 < /dev/null &
  pid=$!
  started="$started $pid"
}

# stop PID [SIGNAL]: end what was started; its status in $status.
stop() {
  kill "-${2:-TERM}" "$1" 2> /dev/null
  wait "$1"
  status=$?
  remaining=
  for one in $started; do [ "$one" = "$1" ] || remaining="$remaining $one"; done
  started=$remaining
}

# free_port: a TCP port that nobody listens at, in $port.
free_port() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
}

# start_redis: a Redis of our own at localhost:$redis_port and $redis_socket; its process id in $redis_pid.
start_redis() {
  redis_socket=$work/redis.sock
  attempt=0
  while [ $attempt -lt 5 ]; do
    attempt=$((attempt + 1))
    free_port
    redis_port=$port
    start redis redis-server --port "$redis_port" --bind '127.0.0.1 -::1' --unixsocket "$redis_socket" \
      --dir "$work" --save '' --appendonly no
    redis_pid=$pid
    wait_until 5 redis_is_ours && return 0
    stop "$redis_pid"
  done
  echo "cannot start redis-server" >&2
  exit 2
}

# Whoever answers at the port must be the child that we started.
redis_is_ours() {
  redis INFO server | tr -d '\r' | grep -qx "process_id:$redis_pid"
}

redis() { redis-cli -h 127.0.0.1 -p "$redis_port" "$@"; }

# redis_says EXPECTED COMMAND...: for wait_until.
redis_says() {
  expected=$1
  shift
  [ "$(redis "$@")" = "$expected" ]
}

# --- the end

# stop_all: whatever still runs of what we started, by its process id.
stop_all() {
  for one in $started; do kill -TERM "$one" 2> /dev/null; done
  for one in $started; do
    wait_until 5 gone "$one" || kill -KILL "$one" 2> /dev/null
    wait "$one" 2> /dev/null
  done
  started=
}

gone() { ! kill -0 "$1" || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]; }

finish() {
  stop_all
  [ $failed = 0 ] || print_logs
  printf '%d passed, %d failed' $passed $failed
  [ $skipped = 0 ] || printf ', %d skipped' $skipped
  echo
  cd / || exit 2
  [ $failed = 0 ] && rm -rf "$work"
  trap - EXIT
  [ $failed = 0 ]
  exit
}

print_logs() {
  for file in "$work"/*.log; do
    [ -s "$file" ] || continue
    echo "--- ${file##*/}, its last lines:"
    tail -n 30 "$file"
  done
  echo "--- left for you to look at: $work"
}

# A test that stops half-way has failed.
unfinished() {
  not_ok "the test reaches its end"
  finish
}
trap unfinished EXIT
trap 'exit 1' HUP INT TERM
