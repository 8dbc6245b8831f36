#!/bin/sh
# repl.sh -- a REPL in the running daemons: it sees what lives, changes it, and harms nothing
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

cat > server.conf <<END
(config (name "server") (queue "local:$work/state") (database "$work/state/sheepdog.db")
        (spool "$work/spool") (monitor-path "$work/monitors") (heartbeat no) (repl yes))
END
chmod 600 server.conf
db=$work/state/sheepdog.db
socket=$XDG_RUNTIME_DIR/sheepdog/queue-daemon.repl
mkdir -m 700 monitors
cat > monitors/raid.scm <<'END'
(define-module (monitors raid)
  #:use-module (sheepdog plugin)
  #:declarative? #f)
(define-monitor raid
  "A monitor of this test."
  (receive (message) `((store (raid ,(message-host message) ,(word))))))
(define (word) "first")
END

repl() { sheepdog -c server.conf repl "$@"; }
evaluate() { repl --eval "$1"; }
bark() { sheepdog -c server.conf bark -m raid -t raid -s ok; }
fact_is() { sql_is "$1" "SELECT value FROM _fact WHERE t1 = 9223372036854775807" "$db"; }

# --- without a daemon

runs "no daemon runs" 2 repl --where
has "and that is told" "no daemon listens at" err
echo "(config (queue \"local:$work/state\"))" > without.conf
runs "no REPL is configured" 2 sheepdog -c without.conf repl --eval 1
has "and that is told" "no daemon is asked to have a REPL" err
has "with the line to add" "add (repl yes) to without.conf" err

# --- with one

umask 0
start server sheepdog-queue-daemon -c server.conf --log="$work/daemon.log"
umask 022
server=$pid
check "the daemon has a REPL" wait_until 10 grep -q "REPL at $socket" daemon.log
runs "which can be found" 0 repl --where
same "at its place" "$socket" "$(cat out)"
same "and is its user's alone, whatever the umask" "600 700" \
  "$(stat -c %a "$socket") $(stat -c %a "$(dirname "$socket")")"

runs "an expression is evaluated" 0 evaluate '(+ 1 2)'
same "to its value" 3 "$(cat out)"
runs "several values, and what is printed" 0 evaluate '(display "x") (values "wau" (list 1 2))'
same "come in their order" 'x
"wau"
(1 2)' "$(cat out)"
runs "no value is none" 0 evaluate '(if #f #f)'
same "and prints nothing" "" "$(cat out)"
runs "text of any language" 0 evaluate '(string-append "žluť" "\n" "äöü")'
same "comes through" '"žluť\näöü"' "$(cat out)"
runs "an error" 1 evaluate '(display "before") (car 1)'
has "is told" "sheepdog: error: In procedure car: Wrong type" err
same "after what was printed" "before" "$(cat out)"
runs "an error of ours" 1 evaluate '(load-monitor "rait")'
has "in its words" "sheepdog: error: no monitor 'rait'" err
runs "half an expression" 1 evaluate '(+ 1'
runs "an unbound variable" 1 evaluate 'wau'
has "is named" "Unbound variable: wau" err
runs "nothing to evaluate" 0 evaluate ''

# --- what lives

bark
check "a message is handled" wait_until 10 fact_is first
runs "the REPL sees it in the database" 0 evaluate '(sql (database) "SELECT host, tag, state FROM subject")'
same "as the daemon has it" '(#("server" "raid" "ok"))' "$(cat out)"
runs "and prints how the herd stands" 0 evaluate '(status "server")'
has "as 'sheepdog status' does" "+ server  raid" out
runs "what is defined" 0 evaluate '(define wau 1)'
runs "stays" 0 evaluate 'wau'
same "for the next who comes" 1 "$(cat out)"

runs "a helper of a monitor is defined anew" 0 \
  evaluate "(module-define! (resolve-module '(monitors raid)) 'word (lambda () \"second\"))"
bark
check "and the next message meets it" wait_until 10 fact_is second
cat > define <<'END'
,m (monitors raid)
(define-monitor raid "Another." (receive (message) `((store (raid ,(message-host message) "third")))))
,m (sheepdog user)
(load-monitor "rait")
END
repl < define > out 2>&1
has "where an error of ours is a sentence" "no monitor 'rait'" out
has "in a conversation" "sheepdog-queue-daemon on $(hostname), process $server: (help)" out
bark
check "the monitor is defined anew, and the next message meets it" wait_until 10 fact_is third
runs "what would become of a message" 0 evaluate '(what-if 1)'
same "is told, and not done" '((store ("raid" "server" "third")))' "$(cat out)"
runs "a monitor that came compiled" 0 evaluate "
  (define disk (resolve-module '(monitors disk)))
  (module-define! disk 'share (lambda (used free) 42))
  ((module-ref disk 'understand-df) \"x\\n8 4 8 4 /\")"
same "can be changed as well" '(42 42 "/")' "$(cat out)"

# --- several at once, and a busy loop

python3 - "$socket" > two 2>&1 <<'END'
import socket, sys
def client():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.settimeout(20)
    return s
def until(s, text):
    seen = b""
    while text not in seen:
        more = s.recv(65536)
        assert more, seen
        seen += more
    return seen
a, b = client(), client()
until(a, b"> "), until(b, b"> ")
a.sendall(b"(define from-a 'a)\n(car 1)\n")     # a is in the debugger, and nobody waits for it
until(a, b"[1]> ")
b.sendall(b"(list from-a 'b)\n((@ (ice-9 rdelim) read-line))\n")   # nor for a read of its own
until(b, b"(a b)")
a.sendall(b"(list 'still 'here)\n")
until(a, b"(still here)")
b.sendall(b"words\n")
until(b, b'"words"')
a.sendall(b"(define half")                       # half an expression, and gone
a.close(), b.close()
print("both")
END
same "two have their conversations side by side" both "$(tail -n 1 two)"

python3 - "$socket" > many 2>&1 <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.settimeout(60)
seen = b""
for i in range(50):
    s.sendall(b"(define (wau x) (+ x 1))\n" * 199 + b"(list 'round %d)\n" % i)
    while b"(round %d)" % i not in seen:
        more = s.recv(65536)
        assert more, seen[-500:]
        seen = seen[-500:] + more
print("10000")
END
same "10000 expressions are not too many" 10000 "$(tail -n 1 many)"

# A flag that is up while a receiver runs: an evaluation that sees it up is an overlap.
cat > flag <<'END'
(define inside #f)
(define overlaps 0)
(define looks 0)
(define-monitor raid "A flag."
  (receive (message)
    (set! inside #t)
    (let loop ((i 0)) (if (< i 2000) (loop (+ i 1))))
    (set! inside #f)
    '()))
(define (look)
  (do ((i 0 (+ i 1))) ((= i 1000)) (when inside (set! overlaps (+ 1 overlaps))))
  (set! looks (+ 1 looks)))
END
evaluate "$(cat flag)"
python3 - > many.json <<'END'
for i in range(1000):
    print('{"host": "h%d", "tag": "t", "monitor": "raid", "state": "ok"}' % (i % 100))
END
sheepdog -c server.conf bark --json < many.json > barked 2>&1 &
barking=$!
python3 - "$socket" "$db" > looks 2>&1 <<'END'
import socket, sqlite3, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.settimeout(30)
def until_prompt():
    seen = b""
    while b"> " not in seen:
        seen += s.recv(65536)
until_prompt()
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[2], uri=True, timeout=20)
end = time.time() + 60
while time.time() < end:
    s.sendall(b"(look)\n")
    until_prompt()
    if db.execute("SELECT count(*) FROM event WHERE host <> 'server'").fetchone()[0] == 1000:
        break
END
wait "$barking"
same "while 1000 messages came, none was lost" 1000 \
  "$(sql "SELECT count(*) FROM event WHERE host <> 'server'" "$db")"
evaluate '(list overlaps (> looks 3))' > out
same "and nothing was evaluated beside a receiver" "(0 #t)" "$(cat out)"

# --- who harms

worker=$(ps -o pid= --ppid "$server" | tr -d ' ')
[ -n "$worker" ] || worker=$server
holds() { echo "$(find "/proc/$worker/task" -mindepth 1 -maxdepth 1 | wc -l) threads, $(find "/proc/$worker/fd" -mindepth 1 | wc -l) descriptors"; }
all_left() { [ "$(grep -c 'has come' daemon.log)" = "$(grep -c 'has left' daemon.log)" ]; }
settled() { all_left && [ "$(holds)" = "$before" ]; }
check "all have left" wait_until 10 all_left
before=$(holds)
python3 - "$socket" <<'END'
import socket, sys
for i in range(40):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    if i % 4:
        s.settimeout(20)
        s.recv(1)
    if i % 4 == 2:
        s.sendall(b"(car 1)\n")
    if i % 4 == 3:
        s.sendall(b",q\n")
        while s.recv(65536):
            pass
    s.close()
END
check "40 connections leave no thread and no descriptor" wait_until 10 settled
same "but the same as before" "$before" "$(holds)"

python3 - "$socket" > unread 2>&1 <<'END' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"(let loop () (display (make-string 10000 #\\x)) (loop))\n")
time.sleep(60)
END
deaf=$!
started="$started $deaf"
evaluate '(define-monitor raid "Again." (receive (message) `((store (raid ,(message-host message) "fourth")))))'
bark
check "who reads nothing of much holds nobody up" wait_until 10 fact_is fourth
stop "$deaf"
runs "an endless loop" 1 evaluate '(let loop () (loop))'
has "is interrupted" "sheepdog: error: interrupted after 5 s: the daemon waits" err
runs "another that does not care" 2 evaluate '
  (let again () (catch #t (lambda () (let loop () (loop))) (const #f)) (again))'
has "ends with the worker" "sheepdog: error: the daemon let go of us" err
check "and the next one has a REPL at once" wait_until 2 evaluate 1
bark
check "and works, as its files say" wait_until 10 fact_is first
has "connections are in the log" "of user $(id -u) has come" daemon.log

# --- the machine's daemon, and places

start machine sheepdog-daemon -c server.conf
check "the machine's daemon has one, too" wait_until 10 test -S "$XDG_RUNTIME_DIR/sheepdog/daemon.repl"
stop "$pid"
check "which goes with it" test ! -e "$XDG_RUNTIME_DIR/sheepdog/daemon.repl"
sed "s|(repl yes)|(repl \"$work/own/socket\")|" server.conf > new
cat new > server.conf
kill -HUP "$server"
check "another place is taken at SIGHUP" wait_until 10 test -S "$work/own/socket"
check "and the first one is left" test ! -e "$socket"
runs "it answers there" 0 evaluate '(configuration)'
start second sheepdog-daemon -c server.conf --log=stderr
check "of two daemons only one can have it" wait_until 10 grep -q "another process listens there" second.log
stop "$pid"
runs "and that is the first" 0 evaluate '(status)'
stop "$server"
same "the daemon ends well" 0 "$status"
check "and its socket with it" test ! -e "$work/own/socket"
finish
