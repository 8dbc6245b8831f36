#!/bin/sh
# wrapper.sh -- the wrapper keeps its contract: the job comes first, and what is told of it is true
# SPDX-License-Identifier: GPL-3.0-or-later
#
# How jobs end (E1 to E8), what that means (W1 to W9), every option. Messages are read in
# the spool, where they stay: the queue of this test's configuration is a port that nobody listens at.
. "$(dirname "$0")/support.sh"

free_port
spool=$state/spool
conf=$HOME/.sheepdog.conf
echo "(config (host \"127.0.0.1\") (port $port) (name \"tux01\"))" > "$conf"

# newest FILTER: what jq finds in the message put last; message N FILTER: in that with the number N.
newest() { message "$(count)" "$1"; }
message() { find "$spool" -name "$(printf '%020d.new' "$1")" -exec tail -n +2 {} \; | jq -cr "$2"; }
count() { find "$spool" -name '*.new' 2> /dev/null | wc -l; }
# told SENTENCE STATE SUMMARY
told() { same "$1" "$2: $3" "$(newest '"\(.state): \(.summary)"')"; }
# silent SENTENCE COMMAND...: it puts no message.
silent() {
  sentence=$1
  shift
  before=$(count)
  "$@" > "$work/out" 2> "$work/err"
  same "$sentence" "$before" "$(count)"
}
script() {
  cat > "$work/$1"
  chmod +x "$work/$1"
}

# --- E1, W1: statuses
wrong=
status=0
while [ $status -lt 256 ]; do
  sheepdog run sh -c "exit $status" > "$work/out" 2>&1
  [ $? = $status ] || wrong="$wrong $status"
  status=$((status + 1))
done
same "E1: every status from 0 to 255 is the job's own" '' "$wrong"
same "E1: one message each, for 0 the first ever" 256 "$(count)"
same "E1: with its status" '[0,"ok"] [255,"fail"]' \
  "$(message 1 '[.outcome.status, .state]') $(newest '[.outcome.status, .state]')"
runs "E1: the first success after a failure" 0 sheepdog run sh -c 'exit 0'
told "is sent" ok "exit status 0"
silent "the next is not" sheepdog run sh -c 'exit 0'
rm "$state/runs/sh.last"
runs "when the memory of it is gone" 0 sheepdog run sh -c 'exit 0'
same "it is sent again" 258 "$(count)"
runs "W1: --ok-status" 24 sheepdog -t t --ok-status=0,24 -e 'exit 24'
told "names statuses that are no failure" ok "exit status 24"
runs "W1: --warn-status" 3 sheepdog -t t --warn-status=3,4 -e 'exit 3'
told "names soft failures" warn "exit status 3"
has "the last lines" "sheepdog: barked: exit exited with status 3 after 0" "$work/err"
has "say that it is kept" ", kept)" "$work/err"
has "why" "sheepdog: warning: cannot reach " "$work/err"
has "and how it goes on" "hint: they go with the next message; 'sheepdog queue flush' sends them now" "$work/err"

# --- E2, W2: signals
wrong=
for signal in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 24 25 31; do
  (cd "$work" && exec sheepdog run sh -c "kill -$signal \$\$") > "$work/out" 2>&1
  [ $? = $((128 + signal)) ] || wrong="$wrong $signal"
  [ "$(newest '[.outcome.signal, .outcome.status, .state]')" = "[$signal,null,\"fail\"]" ] ||
    wrong="$wrong message:$signal"
done
same "E2, W2: it dies by the signal of the job; the message has the signal, no status" '' "$wrong"
told "and names it" fail "killed by signal 31 (SYS)"

# --- E3: output
python3 - << 'END' > bytes
import sys
sys.stdout.buffer.write(bytes(range(256)) * 300 + b'x' * 10_000_000 + '\u202e\x1b]52;\r'.encode() + b'\xc3')
END
sheepdog -t bytes -e "cat bytes; cat bytes >&2; exit 1" > out.1 2> out.2
check "E3: bytes of any kind pass on stdout" cmp -s bytes out.1
head -c "$(wc -c < bytes)" out.2 > err.2
check "E3: and on stderr" cmp -s bytes err.2
same "E3: counted, cut, flagged" "[$(wc -c < bytes),$(wc -c < bytes),true,true]" \
  "$(newest '.outcome | [.stdout_bytes, .stderr_bytes, .cut, .lossy]')"
runs "output is kept from both ends" 1 sheepdog -t long -e 'seq 1 100000; exit 1'
same "with what is left out between" "1 100000 $(newest '.outcome.stdout' | grep -c '^\[... [0-9]* bytes left out ...\]$')" \
  "$(newest '.outcome.stdout' | sed '/^$/d' | sed -n '1p;$p' | tr '\n' ' ')1"
runs "--no-output" 1 sheepdog -t quiet --no-output -e 'echo out; exit 1'
same "leaves it out, not its size" '[null,4]' "$(newest '.outcome | [.stdout, .stdout_bytes]')"
runs "-q with a success" 0 sheepdog -t quiet -q -e 'echo out; echo err >&2'
same "shows nothing" '' "$(cat "$work/out" "$work/err" | grep -v '^sheepdog: warning\|^hint')"
runs "-q with a failure" 2 sheepdog -t quiet -q -e 'echo out; seq 1 50000; echo err >&2; exit 2'
same "shows all" 50001 "$(wc -l < "$work/out")"
has "of both streams" err "$work/err"
sheepdog -t pipe run yes 2> "$work/err" | head -n 1 > "$work/out"
same "a reader who has seen enough ends the job" 'killed by signal 13 (PIPE)' "$(newest .summary)"

same "a reader who takes his time gets all" 900000 \
  "$(sheepdog -t pipe run head -c 900000 /dev/zero 2> "$work/err" | { head -c 400000; sleep 1.5; cat; } | wc -c)"

# --- E4, W3: time limits
script stubborn << 'END'
#!/bin/sh
trap 'echo asked' TERM
while :; do sleep 0.05; done
END
runs "W3: --timeout" 124 sheepdog -t late --timeout=0.2s -e 'sleep 60; true'
same "W3: asks the group to end" '["fail",true,15]' "$(newest '[.state, .outcome.timed_out, .outcome.signal]')"
has "and says so" "sheepdog: barked: sleep timed out after 0.2 s" "$work/err"
runs "E4: who ignores that" 124 sheepdog -t late --timeout=0.2s run ./stubborn
same "is killed 10 s later" '["asked\n",true,9]' "$(newest '.outcome | [.stdout, .timed_out, .signal]')"

# --- E7, W4: what does not start
echo '#!/no/such/interpreter' | script bad-interpreter
echo true | script no-header
for case in '127 No such file or directory|nonesuch' '127 No such file or directory|./nonesuch' \
  '127 No such file or directory|./bad-interpreter' '126 Permission denied|/etc/passwd' \
  '126 Permission denied|/etc' '126 Exec format error|./no-header'; do
  why=${case%%|*}
  runs "E7, W4: ${case#*|} is ${why%% *}" "${why%% *}" sheepdog -t start run "${case#*|}"
  told "with the reason" fail "not started: ${why#* }"
done

# --- what the job has of ours: as without us
echo input > input
same "stdin is the job's" input "$(sheepdog -t own run cat < input 2> /dev/null)"
for what in 'env | grep -v "^_=" | sort' umask 'ulimit -a' pwd 'ps -o sid= -p $$' 'cat <&3'; do
  plain=$(cd /tmp && umask 027 && ulimit -n 200 && sh -c "$what" 3< "$work/input")
  watched=$(cd /tmp && umask 027 && ulimit -n 200 && sheepdog -t own run sh -c "$what" 3< "$work/input" 2> /dev/null)
  same "the job's $what" "$plain" "$watched"
done
same "no descriptor of ours is in it" "$(sh -c 'ls /proc/self/fd' | tr '\n' ' ')" \
  "$(sheepdog -t own --lock run sh -c 'ls /proc/self/fd' 2> /dev/null | tr '\n' ' ')"
same "its name is as it was given" sh "$(sheepdog -t own run sh -c 'echo $0')"
same "a signal that nohup made ignored stays so" 1 \
  "$(nohup sheepdog -t own run sh -c 'grep -c "SigIgn:.*1$" /proc/$$/status' 2> /dev/null)"
runs "a background child that holds the output open" 0 sheepdog -t own -e 'sleep 20 & echo started'
has "delays the end by a second, and its output is there" started "$work/out"

# --- E5, W5: the lock
start holder sheepdog -t lock --lock -e 'echo held; sleep 60'
check "the first run has the lock" wait_until 10 grep -q held "$work/holder.log"
runs "E5, W5: a second run" 75 sheepdog -t lock --lock -e true
same "is a warning that names since when and who" "warn: still running since HH:MM, pid $pid" \
  "$(newest '"\(.state): \(.summary)"' | sed 's/[0-9][0-9]:[0-9][0-9]/HH:MM/')"
runs "--lock=WAIT waits for no longer" 75 sheepdog -t lock --lock=0.1s -e true
runs "W5: the third in a row" 75 sheepdog -t lock --lock -e true
same "is a failure" fail "$(newest .state)"
runs "another tag has another lock" 0 sheepdog -t other --lock -e true
stop "$pid" KILL
check "E5: kill -9 of the holder frees it at once" sheepdog -t lock --lock -e true
start waiter sheepdog -t lock --lock -e 'echo held; sleep 1'
check "another run has it" wait_until 10 grep -q held "$work/waiter.log"
runs "--lock=WAIT gets it when it is free" 0 sheepdog -t lock --lock=20s -e true

# --- W8: a run that was cut off (the holder above)
check "W8: a run without an end is told by the next" test -n "$(find "$spool" -name '*.new' -exec tail -qn +2 {} + |
  jq -c 'select(.tag == "lock" and .state == "fail" and (.summary | test("^began [0-9:]+, no end seen$")))')"
same "W8: once" 1 "$(find "$spool" -name '*.new' -exec tail -qn +2 {} + | jq -c 'select(.summary | test("no end seen"))' | wc -l)"

# --- E6: signals to the wrapper
for signal in TERM,15 INT,2 HUP,1 QUIT,3; do
  number=${signal#*,}
  signal=${signal%,*}
  start job sheepdog -t signals run sh -c 'echo ready; sleep 60; true'
  check "E6: a job is there for $signal" wait_until 10 grep -q ready "$work/job.log"
  family=$(pgrep -P "$pid")
  stop "$pid" $signal
  same "E6: $signal reaches it and the wrapper ends by it" $((128 + number)) $status
  same "E6: and is told" "$number" "$(newest .outcome.signal)"
  check "E6: no orphan" wait_until 5 gone "$family"
done
start job sheepdog -t signals run sh -c 'trap "echo cleaned; exit 7" TERM; echo ready; while :; do sleep 0.1; done'
check "a job that handles TERM is there" wait_until 10 grep -q ready "$work/job.log"
stop "$pid" TERM
same "E6: it ends as the job did" 7 $status
has "after it has cleaned up" cleaned "$work/job.log"
cat > other.py << 'END'
import signal, time
signal.signal(signal.SIGINT, lambda *_: open("forwarded", "w"))
open("there", "w")
end = time.monotonic() + 1
while time.monotonic() < end:
    time.sleep(0.05)
END
cat > terminal.py << 'END'
# A job on a terminal: it and a child of it in a session of its own, which no Ctrl-C of the terminal meets.
import os, pty, sys
job = '''
setsid python3 other.py &
trap "echo got it" INT
until test -e there; do sleep 0.05; done
test -t 0 && echo "ready $(ps -o pgid= -p $$) $(ps -o pgid= -p $PPID)"
sleep 60
wait
exit 9
'''
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("sheepdog", ["sheepdog", "-t", "terminal", "run", "sh", "-c", job])
text = b""
pressed = False
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    text += piece
    if b"ready" in text and not pressed:
        os.write(terminal, b"\x03")
        pressed = True
print(text.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
runs "E6: Ctrl-C on a terminal" 9 python3 terminal.py
has "reaches the job" "got it" "$work/out"
check "the terminal's, not ours a second time" test ! -e forwarded
check "with a terminal the job is in our process group" awk '/ready/ { same = $2 == $3 } END { exit !same }' "$work/out"

# --- W6, W7: what the output says, and how quick it was
runs "W6: --fail-pattern" 0 sheepdog -t found --fail-pattern='[Ee]rror' -e 'echo fine; echo an Error here >&2'
told "makes it fail, whatever its status" fail "found: an Error here"
runs "W6: --need-pattern" 0 sheepdog -t found --need-pattern='^done$' -e 'echo undone'
told "must be there" fail "missing: ^done$"
runs "W6: --need-pattern that is there" 0 sheepdog -t found --need-pattern='^done$' -e 'echo done'
told "is well" ok "exit status 0"
runs "W7: --warn-pattern" 0 sheepdog -t found --warn-pattern='size is 0' -e 'seq 1 200000; echo total size is 0; seq 1 200000'
told "is found in the middle of much" warn "found: total size is 0"
runs "W7: --not-quicker" 0 sheepdog -t found --not-quicker=10s -e true
told "suspects haste" warn "too quick"
runs "nothing betters a failure" 4 sheepdog -t found --warn-pattern=x --not-quicker=10s -e 'echo x; exit 4'
told "not even that" fail "exit status 4"

# --- secrets
runs "P21: secrets of command and output" 1 sheepdog -t secret -e 'echo --password=xyzzy; echo redis://:xyzzy@h >&2; exit 1'
same "are nowhere in the message" 0 "$(newest . | grep -c xyzzy)"
echo "(config (host \"127.0.0.1\") (port $port) (redact \"(\"))" > bad-redact.conf
runs "a redact that does not compile" 1 sheepdog -c bad-redact.conf -t secret -e 'echo xyzzy; exit 1'
same "withholds the output" '["sheepdog config","warn"] ["secret",null]' \
  "$(message $(($(count) - 1)) '[.tag, .state]') $(newest '[.tag, .outcome.stdout]')"

# --- what is sent
runs "-a" 0 sheepdog -a -t always -e true
runs "-a again" 0 sheepdog -a -t always -e true
same "sends each success" '["always","ok"] ["always","ok"]' \
  "$(message $(($(count) - 1)) '[.tag, .state]') $(newest '[.tag, .state]')"
runs "--every" 0 sheepdog --every=36h -t always -e true
same "declares the expectation, sends success" 36h "$(newest .every)"
runs "--start" 0 sheepdog --start -t always -e true
same "tells the beginning, then the end, of one run" '["start",true,"ok"]' \
  "$(message $(($(count) - 1)) .kind | sed "s/.*/[\"&\",$(test "$(message $(($(count) - 1)) .run)" = "$(newest .run)" && echo true),\"$(newest .state)\"]/")"
runs "--name" 0 sheepdog --name=tux09 -t always -a -e true
same "is the host" tux09 "$(newest .host)"
runs "--email, of the Ruby ancestor" 0 sheepdog --email=a@example.org --full --store-stdout -t always -a -e true
same "is a wish of the sender" a@example.org "$(newest .mailto)"
runs "--password is ignored" 0 sheepdog --password=xyzzy -t always -e true
has "with a warning" "sheepdog: warning: --password is ignored" "$work/err"
silent "--dry-run sends nothing" sheepdog --dry-run -t dry -e 'echo out; exit 3'
same "prints the message" 'dry fail' "$(sed 1d "$work/out" | jq -r '"\(.tag) \(.state)"')"
check "and remembers nothing" test ! -e "$state/runs/dry.last"
same "the default tag is the program's name" true "$(sheepdog --dry-run -e '/bin/true x' | jq -r .tag)"

# --- usage, configurations, monitors
runs "an unknown option" 125 sheepdog --tiemout=5m -e 'touch ran'
has "names the nearest" "hint: did you mean '--timeout'?" "$work/err"
runs "a wrong value" 125 sheepdog --timeout=abc -e 'touch ran'
check "nothing ran" test ! -e ran
runs "an unknown action" 2 sheepdog statsu
has "names the nearest" "did you mean 'status'?" "$work/err"
echo '(config (prot 7777))' > wrong.conf
runs "W9: with a bad configuration the job runs" 3 sheepdog -c wrong.conf -t nine -e 'echo ran; exit 3'
has "all the same" ran "$work/out"
has "what is wrong is told" "wrong.conf:1:10: error: unknown key 'prot'" "$work/err"
same "and sent" '["sheepdog config","warn"] ["nine","fail"]' \
  "$(message $(($(count) - 1)) '[.tag, .state]') $(newest '[.tag, .state]')"
has "an error never makes a machine standalone: they wait" ", kept)" "$work/err"
runs "--strict" 125 sheepdog --strict -c wrong.conf -t nine -e 'touch ran'
check "does not run it then" test ! -e ran
runs "--strict with a good one" 0 sheepdog --strict -t nine -e 'echo ran'
has "runs it" ran "$work/out"
runs "a configuration that is missing" 3 sheepdog -c missing.conf -t nine -e 'exit 3'
has "is told" "missing.conf: error: cannot be read: No such file or directory" "$work/err"
echo "(config (port $port))" > wrong.conf
runs "one that is mended" 3 sheepdog -c wrong.conf -t nine -e 'exit 3'
same "is told as good" '["sheepdog config","ok"]' "$(message $(($(count) - 1)) '[.tag, .state]')"
silent "once" sheepdog -c wrong.conf -t always -e true
mkdir -p "$XDG_CONFIG_HOME/sheepdog/monitors"
cat > "$XDG_CONFIG_HOME/sheepdog/monitors/rude.scm" << 'END'
(define-module (monitors rude) #:use-module (sheepdog plugin) #:declarative? #f)
(define-monitor rude "Break." (judge (outcome) (behave outcome)))
(define (behave outcome) (error "no manners"))
END
runs "W9: a monitor that raises" 3 sheepdog -m rude -t nine -e 'exit 3'
has "is told with its place" "rude.scm" "$work/err"
told "the rule of monitor-error judges" fail "exit status 3"
same "and the monitor is a warning" '["sheepdog monitor rude","warn"]' "$(message $(($(count) - 1)) '[.tag, .state]')"
for way in '(exit 0)' '(primitive-exit 7)' '(expt 2 (expt 2 40))' '(let loop () (+ 1 (loop)))' '(let loop () (loop))'; do
  sed -i "\$s/.*/(define (behave outcome) $way)/" "$XDG_CONFIG_HOME/sheepdog/monitors/rude.scm"
  runs "W9: a monitor that does $way" 3 sheepdog -m rude -t nine -e 'exit 3'
  told "is passed over" fail "exit status 3"
done
sed -i "\$s/.*/(define (behave outcome) (display \"chatter\") (report #:state 'warn #:summary \"s\"))/" "$XDG_CONFIG_HOME/sheepdog/monitors/rude.scm"
runs "a monitor that prints" 3 sheepdog -m rude -t nine -e 'echo out; exit 3'
same "is not heard on stdout" out "$(cat "$work/out")"
has "but on stderr" chatter "$work/err"
told "and judges" warn s
runs "no such monitor" 3 sheepdog -m monitor-absent -t nine -e 'exit 3'
told "is judged by monitor-error" fail "exit status 3"

# --- what is broken on our side
runs "W9: a state directory that cannot be used" 3 env XDG_STATE_HOME=/proc/nowhere sheepdog -t broken -e 'echo ran; exit 3'
has "keeps the job's output" ran "$work/out"
has "the message is not lost in silence" "sheepdog: message: " "$work/err"
runs "without any Scheme the status is the job's" 3 env SHEEPDOG_DATADIR=/nonexistent sheepdog -t bare -e 'exit 3'
told "and the verdict that of C++" fail "exit status 3"
same "which is told once" 1 "$(grep -c 'sheepdog: warning: no verdict from Scheme: cannot run .*/sheepdog-guile: No such file or directory' "$work/err")"

runs "with too little memory for Guile too" 3 sh -c 'ulimit -v 60000; exec sheepdog -t bare -e "exit 3"'
told "it is so" fail "exit status 3"
sh -c 'ulimit -f 1; exec sheepdog -t bare -q -e "seq 1 100000; exit 3"' 2> "$work/err" | tail -n 1 > "$work/out"
same "-q without room for all the output shows its end" 100000 "$(cat "$work/out")"
has "a message that finds no room is not lost in silence" "sheepdog: message: " "$work/err"

# --- E8: cron's environment
printf 'caf\303\251' > coffee
env -i PATH="$PATH" SHEEPDOG_DATADIR="$SHEEPDOG_DATADIR" XDG_STATE_HOME="$XDG_STATE_HOME" TZ=Nowhere/Land \
  SHEEPDOG_CONF="$conf" setsid sheepdog -t café -e 'cat coffee; exit 1' > "$work/out" 2> "$work/err" < /dev/null
same "E8: no LANG, HOME, terminal, odd TZ: the job's status" 1 $?
same "E8: café is café" 'café café' "$(newest '"\(.tag) \(.outcome.stdout)"')"
runs "descriptors that are closed" 3 sh -c 'exec sheepdog -t closed -e "exit 3" <&- >&-'
told "are no trouble" fail "exit status 3"

# --- a queue
start_redis
runs "with a queue" 2 sheepdog --port "$redis_port" -t queued -e 'exit 2'
has "the last line says queued" ", queued)" "$work/err"
same "what waited is there too" "$(count)" 0
check "all in order" test "$(redis XLEN sheepdog:barks)" -gt 300
finish
