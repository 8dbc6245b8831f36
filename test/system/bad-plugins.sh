#!/bin/sh
# bad-plugins.sh -- receivers that loop, crash, exit, fork and spoil: nothing is lost, nobody waits for them
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
start_redis

mkdir -m 700 monitors
cat > server.conf <<END
(config (name "server") (notify (group "0s" "0s") (limit 10000 "1h"))
        (queue "unix:$redis_socket") (database "$work/sheepdog.db")
        (monitor-path "$work/monitors"))
END
chmod 600 server.conf
database=$work/sheepdog.db

# monitor NAME BODY [CLAUSE]: a monitor whose receiver does BODY.
monitor() {
  cat > "monitors/$1.scm" <<END
(define-module (monitors $1)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 threads)
  #:use-module (system foreign)
  #:declarative? #f)
(define (forever) (forever))
(define-monitor $1
  "A monitor of this test."
  (receive (message) $2)
  (timeout "${3-0.5s}"))
END
}

# message HOST MONITOR: HOST says that something is wrong, and MONITOR receives it.
message() {
  redis XADD sheepdog:barks '*' message \
    "{\"host\":\"$1\",\"tag\":\"$2\",\"monitor\":\"$2\",\"state\":\"fail\"}" > pushed
}

# state_of SUBJECT...: its state.
state_of() { sql "SELECT hard FROM subject WHERE host = '$1' AND tag = '$2'"; }
state_is() { [ "$(state_of "$2" "$3")" = "$1" ]; }
facts() { sql "SELECT count(*) FROM _fact WHERE relation = '$1'"; }
all_done() { [ "$(sql 'SELECT (SELECT count(*) FROM waiting) + (SELECT count(*) FROM postponed)')" = 0 ]; }
# The children of the daemon: its worker alone.
worker() { sed 's/ *$//' "/proc/$server/task/$server/children"; }
serving() { [ "$(grep -c "serving $database" server.log)" -gt "$1" ]; }

cat > monitors/good.scm <<'END'
(define-module (monitors good) #:use-module (sheepdog plugin) #:declarative? #f)
(define-monitor good
  "Its receiver does its work, and tells where."
  (receive (message)
    `((store (good ,(message-host message) ,(getcwd) ,(let ((m (umask))) (umask m) m))))))
END

# Those that the process dies of, and the words for it.
deadly='loops:ran longer than 0.5 s: killed
sleeps:ran longer than 0.5 s: killed
reads:ran longer than 0.5 s: killed
unwinds:ran longer than 0.5 s: killed
exits:ended with status 7
aborts:died of signal 6 (Aborted)
crashes:died of signal 11 (Segmentation fault)'
monitor loops '(forever)'
monitor sleeps '(begin (sleep 1000) (list))'
monitor reads '(begin (read-char (car (pipe))) (list))'
monitor unwinds '(dynamic-wind (const #t) (const (list)) forever)'
monitor exits '(primitive-exit 7)' 5s
monitor aborts "((pointer->procedure void (dynamic-func \"abort\" (dynamic-link)) '()))" 5s
monitor crashes '(dereference-pointer (make-pointer 8))' 5s
monitor closes '(begin (for-each (lambda (fd) (false-if-exception (close-fdes fd))) (iota 21)) (list))' 5s

# Those that it does not die of, but that fail.
failing='raises throws raises-42 quits jumps recurses returns-a-number returns-a-circle returns-a-procedure'
monitor raises '(error "x")' 5s
monitor throws "(throw 'k)" 5s
monitor raises-42 '(raise-exception 42)' 5s
monitor quits '(exit 0)' 5s
monitor jumps '(abort-to-prompt (default-prompt-tag) 1)' 5s
monitor recurses '(let deeper () (+ 1 (deeper)))' 5s
monitor returns-a-number 42 5s
monitor returns-a-circle '(let ((l (list 1))) (set-cdr! l l) l)' 5s
monitor returns-a-procedure 'car' 5s

# Those that leave something behind, and do no harm by it.
monitor moves "(begin (chdir \"/\") (umask 0) (setlocale LC_ALL \"C\") (sigaction SIGTERM SIG_IGN) '())" 5s
monitor forks "(begin (when (zero? (primitive-fork)) (forever)) '())" 5s
monitor forks-and-goes-on "(begin (primitive-fork) '())" 5s
monitor spins "(begin (call-with-new-thread forever) '())" 5s

# Files that are not even loaded.
printf '(primitive-exit 3)\n' > monitors/file-exits.scm
printf '(let loop () (loop))\n' > monitors/file-loops.scm

# --- the poison is the first of a thousand

monitor touchy "(if (string=? \"poison\" (message-host message)) (forever) \`((store (touched ,(message-host message) 1))))"
message poison touchy
i=0
while [ $i -lt 999 ]; do
  i=$((i + 1))
  echo "XADD sheepdog:barks * message {\"host\":\"h$i\",\"tag\":\"t\",\"monitor\":\"touchy\",\"state\":\"ok\"}"
done | sed 's/message \(.*\)$/message '"'\\1'"'/' | redis > pushed
same "a thousand messages wait" 1000 "$(redis XLEN sheepdog:barks)"
start server sheepdog-queue-daemon -c server.conf --log=stderr --pid-file="$work/pid"
server=$pid
wait_until 20 grep -q "serving $database" server.log || { cat server.log; exit 1; }
check "999 are handled" wait_until 60 sql_is 999 "SELECT count(*) FROM _fact WHERE relation = 'touched'"
check "one is aside" wait_until 30 sql_is 1 "SELECT count(*) FROM aside"
same "it is the poison" "monitor touchy: its receiver ran longer than 0.5 s: killed" "$(sql 'SELECT reason FROM aside')"
same "its state is known" fail "$(state_of poison touchy)"
same "and told once" 1 "$(sql "SELECT count(*) FROM outbox o JOIN subject s ON s.id = o.subject WHERE s.host = 'poison'")"
has "the log has a line for each death" "monitor touchy: its receiver ran longer than 0.5 s: killed (message 1)" server.log
same "three of them" 3 "$(grep -c ': killed (message 1)' server.log)"
check "the daemon is the same" kill -0 "$server"
same "its process id is in its file" "$server" "$(cat pid)"

# --- many kinds, and good ones between

n=0
for name in $(echo "$deadly" | cut -d: -f1) closes $failing moves forks forks-and-goes-on spins file-exits file-loops; do
  message bad "$name"
  n=$((n + 1))
  message "host$n" good
done
check "the good ones are handled meanwhile" wait_until 60 sql_is "$n" "SELECT count(*) FROM _fact WHERE relation = 'good'"
check "all is done" wait_until 120 all_done
same "each state is known" "$n" "$(sql "SELECT count(*) FROM subject WHERE host = 'bad' AND hard = 'fail'")"
same "each is told once" "$n" "$(sql "SELECT count(*) FROM outbox o JOIN subject s ON s.id = o.subject
  WHERE s.host = 'bad' AND kind = 'problem'")"
echo "$deadly" | while IFS=: read -r name words; do
  echo "monitor $name: its receiver $words"
done | sort > expected
sql "SELECT reason FROM aside JOIN event ON event.id = message WHERE host = 'bad' AND reason LIKE 'monitor%receiver%'" | sort > aside
same "what kills is aside, with its cause" "$(cat expected)" "$(cat aside)"
same "so is what harms the process" "monitor closes harmed the worker: it closed descriptor 0" \
  "$(sql "SELECT reason FROM aside JOIN event ON event.id = message WHERE tag = 'closes'")"
for name in $failing; do
  case $(sql "SELECT reason FROM aside JOIN event ON event.id = message WHERE tag = '$name'") in
    "its receiver failed 3 times: $work/monitors/$name.scm:"*) ok "aside with its place: $name" ;;
    *) not_ok "aside with its place: $name" && sql "SELECT reason FROM aside JOIN event ON event.id = message WHERE tag = '$name'" ;;
  esac
done
same "a file that exits is no end" "monitor file-exits: loading its file ended with status 3" \
  "$(sql "SELECT reason FROM aside JOIN event ON event.id = message WHERE tag = 'file-exits'")"
same "nor one that loops" "monitor file-loops: loading its file ran longer than 5 s: killed" \
  "$(sql "SELECT reason FROM aside JOIN event ON event.id = message WHERE tag = 'file-loops'")"
same "what only leaves something behind is done" 0 \
  "$(sql "SELECT count(*) FROM aside JOIN event ON event.id = message WHERE tag IN ('moves', 'forks', 'forks-and-goes-on', 'spins')")"
same "and is felt by nobody else" "$work|$(($(umask)))" \
  "$(sql "SELECT group_concat(DISTINCT k1), group_concat(DISTINCT value) FROM _fact WHERE relation = 'good'")"
check "a plugin that killed three times rests, and that is a failure" wait_until 20 state_is fail server 'sheepdog monitor loops'
same "in words" "monitor loops: its receiver ran longer than 0.5 s: killed; it rests for 10 min" \
  "$(sql "SELECT summary FROM subject WHERE tag = 'sheepdog monitor loops'")"
same "the daemon is the same still" "$server" "$(cat pid)"
same "it has one child" 1 "$(worker | wc -w)"
same "and no process is a zombie" '' "$(ps -o stat=,pid=,args= --ppid "$server" | grep '^Z')"
same "a child of a plugin is none of the worker's" '' "$(cat "/proc/$(worker)/task/"*/children)"

# --- what rests waits

message late loops
check "its message is entered" wait_until 10 state_is fail late loops
same "its receiver waits" 1 "$(sql 'SELECT count(*) FROM postponed')"
message host-last good
check "and nobody waits for it" wait_until 10 state_is fail host-last good
monitor loops "\`((store (at-last ,(message-host message) 1)))" 5s
sqlite3 -cmd '.timeout 5000' "$database" "UPDATE suspect SET until = 1 WHERE plugin = 'monitor loops'"
kill -HUP "$server"
message awake good
check "after its rest it is handled" wait_until 20 sql_is 1 "SELECT count(*) FROM _fact WHERE relation = 'at-last'"
check "and that is told" wait_until 20 state_is ok server 'sheepdog monitor loops'

# --- the worker is killed

stored=$(sql 'SELECT count(*) FROM message')
i=0
while [ $i -lt 10 ]; do
  i=$((i + 1))
  seq 200 | sed "s/.*/XADD sheepdog:barks * message '{\"host\":\"k$i-&\",\"tag\":\"t\",\"monitor\":\"good\",\"state\":\"ok\"}'/" | redis > pushed &
  pusher=$!
  before=$(grep -c "serving $database" server.log)
  kill -KILL "$(worker)"
  wait "$pusher"
  check "killed ($i), the next one serves" wait_until 20 serving "$before"
done
check "all is handled" wait_until 180 sql_is 2000 "SELECT count(*) FROM event WHERE host LIKE 'k%'"
check "the queue is empty" wait_until 20 redis_says 0 XLEN sheepdog:barks
same "each once" "$((stored + 2000))" "$(sql "SELECT count(*) FROM message WHERE id NOT IN
  (SELECT id FROM event WHERE host = 'server' AND id > $stored)")"
same "the database is whole" ok "$(sql 'PRAGMA integrity_check')"

# --- orders to the daemon reach the worker

kill -HUP "$server"
check "SIGHUP has it read its configuration again" wait_until 10 grep -q 'configuration read again' server.log
runs "a second one" 2 sheepdog-queue-daemon -c server.conf
has "names the first, not its worker" "another sheepdog-queue-daemon, pid $server, serves" err
stop "$server"
same "SIGTERM ends it well" 0 "$status"
check "the file with its process id is gone" test ! -e pid

# --- limits hold where no daemon runs

message once sleeps
sqlite3 "$database" "DELETE FROM suspect"
runs "one round with a poison ends" 0 timeout 60 sheepdog-queue-daemon -c server.conf --once
same "and the poison is aside" "monitor sleeps: its receiver ran longer than 0.5 s: killed" \
  "$(sql "SELECT reason FROM aside JOIN event ON event.id = message WHERE host = 'once'")"
finish
