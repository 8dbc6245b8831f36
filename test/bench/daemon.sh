# daemon.sh -- sheepdog-daemon at rest beside other monitors, and what a round costs; sourced by run
# SPDX-License-Identifier: GPL-3.0-or-later
heading 'the daemon of a machine'
watch_all() { # watch_all NAME INTERVAL: a configuration with all that is standard
  cat > "$1.conf" << END
(config (host "localhost") (port $redis_port) (name "$1") (spool "$work/spool-$1") (heartbeat "1h") (jitter "0%")
        (watch standard (every "$2")))
END
}
# The CPU of a daemon that runs for a while, with all it starts and waits for, in ms.
cat > cpu.py << 'END'
import resource, subprocess, sys, time
daemon = subprocess.Popen(sys.argv[2:])
time.sleep(float(sys.argv[1]))
daemon.terminate()
assert daemon.wait() == 0
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%.1f" % ((used.ru_utime + used.ru_stime) * 1000))
END
pss() { awk '/^Pss:/ { s += $2 } END { printf "%.1f", s / 1024 }' $(for p in "$@"; do echo "/proc/$p/smaps_rollup"; done); }
settled() { ! pgrep -P "$pid" > /dev/null; }

watch_all calm 1h
start calm sheepdog-daemon -c calm.conf --log="$work/calm.log"
wait_until 30 settled
rest=$(pss "$pid")
stop "$pid"
row 'at rest, PSS, MiB; limit' "$rest" 12 'a <= b'
if command -v monit > /dev/null; then
  printf 'set daemon 60\nset pidfile %s/monit.pid\nset statefile %s/monit.state\nset idfile %s/monit.id\ncheck filesystem root with path /\n  if space usage > 90%% then alert\ncheck system me\n  if loadavg (5min) > 50 then alert\n' "$work" "$work" "$work" > monitrc
  chmod 600 monitrc
  start monit monit -I -c "$work/monitrc"
  wait_until 10 test -e monit.state
  row 'at rest, PSS, MiB; peer: monit' "$rest" "$(pss "$pid")" 'a <= b'
  stop "$pid"
fi
if command -v prometheus-node-exporter > /dev/null; then
  exporter_port=$(free_port)
  start exporter prometheus-node-exporter --web.listen-address="127.0.0.1:$exporter_port"
  exporter_answers() { curl -s -o scrape "http://127.0.0.1:$exporter_port/metrics"; }
  wait_until 10 exporter_answers
  row 'at rest, PSS, MiB; peer: prometheus-node-exporter' "$rest" "$(pss "$pid")" 'a <= b'
  stop "$pid"
fi

# Rounds far enough from each other that it rests between them.
watch_all busy 16s
watch_all idle 1h
python3 cpu.py 70 sheepdog-daemon -c busy.conf --log="$work/busy.log" > busy.cpu &
python3 cpu.py 70 sheepdog-daemon -c idle.conf --log="$work/idle.log" > idle.cpu
wait $!
rounds=4 # after the first, which both do
round_cpu=$(awk "BEGIN { printf \"%.1f\", ($(cat busy.cpu) - $(cat idle.cpu)) / $rounds }")
row 'a round from rest, all that is standard, CPU, ms; limit' "$round_cpu" 50 'a <= b'
row 'a round a minute, CPU, % of a core; limit' "$(awk "BEGIN { printf \"%.3f\", $round_cpu / 600 }")" 0.1 'a <= b'
