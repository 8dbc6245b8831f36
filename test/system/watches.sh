#!/bin/sh
# watches.sh -- sheepdog-daemon watches: monitors and programs, good and bad ones, at rest and at work
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

db=$work/state/sheepdog.db
plugins=$work/monitors
mkdir -m 700 "$plugins"
head='(name "tux01") (queue "local:'$work'/state") (database "'$db'") (spool "'$work'/spool")
      (monitor-path "'$plugins'")'

configure() { # configure FILE ENTRY...: its entries beside those of all
  file=$1
  shift
  printf '(config %s\n%s)\n' "$head" "$*" > "$file"
  chmod 600 "$file"
}

monitor() { # monitor NAME BODY: a monitor of this test, whose sample is BODY
  cat > "$plugins/$1.scm" <<END
(define-module (monitors $1)
  #:use-module (sheepdog plugin)
  #:declarative? #f)
(define-monitor $1
  "A monitor of this test."
  (every "5m")
  (sample $2))
END
}

state_of() { sql "SELECT state FROM subject WHERE tag = '$1'" "$db"; }
summary_of() { sql "SELECT summary FROM event WHERE tag = '$1' ORDER BY id DESC LIMIT 1" "$db"; }
is_in_state() { [ "$(state_of "$1")" = "$2" ]; }
samples_of() { sql "SELECT count(*) FROM event WHERE tag = '$1'" "$db"; }
more_samples_than() { [ "$(samples_of "$1")" -gt "$2" ]; }
worker_of() { pgrep -P "$1" -x sheepdog-daemon; } # the worker below the supervisor
rests() { ! worker_of "$1" > /dev/null; }

# --- one round of everything that can go wrong, and of what goes right

monitor good "(report #:state 'ok #:summary \"fine\")"
monitor raises "(report #:state 'ok #:summary (car 1))"
monitor hangs "(let loop () (loop))"
monitor dies "(begin (kill (getpid) SIGKILL) (report #:state 'ok))"
monitor eats "(let loop ((l '())) (loop (cons (make-string 100000) l)))"
monitor prints "(begin (display (make-string 1000000 #\\x)) (report #:state 'ok #:summary \"quiet\"))"
monitor many "(map (lambda (i) (report #:tag (number->string i) #:state 'ok)) (iota 2000))"
monitor nonsense "'(1 2 3)"
cat > stubborn.sh <<'END'
#!/bin/sh
# as one behind a mount that hangs: it hears nothing, and has children that do not either
trap '' TERM
sleep 1000 &
while :; do sleep 1000; done
END
cat > json.sh <<'END'
#!/bin/sh
echo '{"tag":"json one","state":"warn","summary":"one"}'
echo '{"tag":"json two","state":"bad"}'
echo '{"tag":"json three","state":"ok","facts":[["files","/x",3]]}'
END
chmod +x stubborn.sh json.sh
configure all.conf '(watch good) (watch raises) (watch hangs (timeout "1s")) (watch dies) (watch eats)
  (watch prints) (watch many) (watch nonsense) (watch good (tag "again"))
  (watch echo (command "/bin/echo" "all is well"))
  (watch status (command "/bin/sh" "-c" "echo gone; echo why >&2; exit 2"))
  (watch stubborn (command "'"$work"'/stubborn.sh") (timeout "1s"))
  (watch flood (command "/bin/cat" "/dev/zero"))
  (watch missing (command "/nowhere/to/be/found"))
  (watch json (command "'"$work"'/json.sh"))
  (watch plugin (nagios "check_dummy_of_this_test"))
  (label "rack" "B2") (label "production")'
runs "one round of all, good and bad" 0 sheepdog-daemon -c all.conf --once --log="$work/once.log"
check "all of it is heard" wait_until 20 sql_is 1 "SELECT count(*) > 0 FROM subject WHERE tag = 'PING'" "$db"
same "a good monitor" "ok fine" "$(state_of good) $(summary_of good)"
same "the same with a tag of its own" "ok" "$(state_of again)"
same "one that prints" "ok quiet" "$(state_of prints) $(summary_of prints)"
own() { same "$1" "warn" "$(state_of "sheepdog monitor $2")"; }
own "one that raises is a warning about itself" raises
has "with its place" "raises.scm:7:41: error: In procedure car" once.log
own "one that hangs" hangs
same "which says how long" "its sample ran longer than 1 s: killed" "$(summary_of 'sheepdog monitor hangs')"
own "one that ends its process" dies
own "one that eats all memory" eats
own "one that reports without end" many
own "one that reports nonsense" nonsense
same "a program's line" "ok all is well" "$(state_of echo) $(summary_of echo)"
same "and status" "fail gone" "$(state_of status) $(summary_of status)"
own "a program that does not hear TERM is ended" stubborn
check "with all it has started" sh -c "! pgrep -f '$work/[s]tubborn.sh'"
own "one that floods is" flood
own "one that is not there" missing
same "a message a line" "warn one" "$(state_of 'json one') $(summary_of 'json one')"
own "one that is wrong is told of" json
same "and stops no other" "ok" "$(state_of 'json three')"
same "a plugin of Nagios that is not there is unknown" "unknown" "$(state_of plugin)"
facts() { sql "SELECT group_concat(fact) FROM (SELECT k1 || '=' || value AS fact FROM _fact
  WHERE relation = '$1' ORDER BY fact)" "$db"; }
same "labels are facts" "production=,rack=B2" \
  "$(sql "SELECT group_concat(name || '=' || value) FROM (SELECT * FROM label ORDER BY name)" "$db")"
same "so is what a program says" "/x=3" "$(facts files)"

# --- one by hand

runs "a program of the configuration is tried by its name" 0 sheepdog -c all.conf monitors try status
same "as it would be told" "! status  FAIL  gone" "$(head -n 1 out)"
has "with what it left" "  stderr   why" out
runs "one that hangs" 0 sheepdog -c all.conf monitors try stubborn
same "is a warning about itself" "^ sheepdog monitor stubborn  warn  took longer than 1 s: ended" "$(cat out)"
runs "a program takes no options" 2 sheepdog -c all.conf monitors try status a=b
has "but those of the configuration" "hint: the configuration has its arguments" err

# --- the loop: what is due, at rest nothing but the supervisor

monitor good "(report #:state 'ok #:summary \"fine\")"
configure loop.conf '(heartbeat "1h") (watch good (every "1s") (tag "often")) (watch good)'
start server sheepdog-queue-daemon -c loop.conf --log="$work/served.log"
check "the server serves" wait_until 10 grep -q serving served.log
cat > ear.py <<'END'
import socket, sys
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind(sys.argv[1])
while True:
    print(ear.recv(1000).decode().split("\n")[0], flush=True)
END
start ear python3 ear.py "$work/notify" # as a service manager
check "somebody hears" wait_until 10 test -S notify
start machine env NOTIFY_SOCKET="$work/notify" WATCHDOG_USEC=1000000 \
  sheepdog-daemon -c loop.conf --pid-file="$work/pid" --log="$work/machine.log"
machine=$pid
told() { grep -v '^WATCHDOG=1' ear.log | tr '\n' ' '; }
fed() { grep -c '^WATCHDOG=1' ear.log; }
fed_more_than() { [ "$(fed)" -gt "$1" ]; }
check "a watch is sampled again and again" wait_until 20 more_samples_than often 3
same "one of five minutes is not" 2 "$(samples_of good)"
echo '(config (prot 1))' > bad.conf
cp loop.conf good.conf
cp bad.conf loop.conf
kill -HUP "$machine"
check "a bad configuration is refused" wait_until 10 grep -q "the old one stays" machine.log
count=$(samples_of often)
check "and the old one goes on" wait_until 10 more_samples_than often "$count"
configure loop.conf '(heartbeat "1h") (watch good)'
kill -HUP "$machine"
check "with nothing to do for minutes no Guile is left" wait_until 20 rests "$machine"
same "the process id is that of the supervisor" "$machine" "$(cat pid)"
same "its manager heard of the start and the two reloads" "READY=1 RELOADING=1 READY=1 RELOADING=1 READY=1 " "$(told)"
check "and hears of it at rest" wait_until 10 fed_more_than "$(($(fed) + 2))"
check "where it is left" rests "$machine"
pss=$(awk '/^Pss:/ { print $2 }' "/proc/$machine/smaps_rollup")
check "it is small: $pss KiB" test "$pss" -le 12288
printf '(config %s (queue "redis://localhost:1"))' "(name \"tux01\") (spool \"$work/spool\")" > away.conf
chmod 600 away.conf
sheepdog -c away.conf bark -t left -s ok 2> away.log
check "what somebody leaves in the spool is sent, from rest" wait_until 30 is_in_state left ok
check "and it rests again" wait_until 20 rests "$machine"
same "of which its manager hears nothing" "READY=1 RELOADING=1 READY=1 RELOADING=1 READY=1 " "$(told)"
echo '(config (prot 1))' > loop.conf
kill -HUP "$machine"
refusals() { [ "$(grep -c "the old one stays" machine.log)" -ge "$1" ]; }
check "a bad configuration is refused at rest, too" wait_until 20 refusals 2
check "then it rests with the old one" wait_until 20 rests "$machine"
stop "$machine"
same "told to stop at rest, it stops well" 0 "$status"
same "and says so" "STOPPING=1" "$(tail -n 1 ear.log)"
check "and takes its pid file with it" test ! -e pid

# --- as somebody else

if [ "$(id -u)" = 0 ]; then
  configure user.conf '(user "nobody") (watch none)'
  runs "root may not become nobody in particular" 78 sheepdog-daemon -c /dev/null --once
  mkdir -m 777 nobody
  printf '(config (name "tux01") (user "nobody") (queue "redis://localhost:1") (spool "%s/spool")
    (watch me (command "/usr/bin/id" "-un")))' "$work/nobody" > user.conf
  chmod 644 user.conf
  chmod 755 "$work"
  runs "root becomes another user" 0 env XDG_STATE_HOME="$work/nobody" sheepdog-daemon -c user.conf --dry-run
  has "for all that it does" '"summary":"nobody"' out
  sed 's/nobody")/nobody-at-all")/' user.conf > stranger.conf
  runs "one that there is not" 78 sheepdog-daemon -c stranger.conf --once
  has "is an error" "cannot become the user 'nobody-at-all': there is none" err
else
  skip "root becomes another user" "this is not root"
fi
finish
