#!/bin/sh
# herd.sh -- three machines and a server, each with a network of its own: a link is cut, the right one is late
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

prefix=sd$$
# Networks have names; processes in them are stopped by pid first.
remove_networks() { for who in s m1 m2 m3; do ip netns del "$prefix$who" 2> /dev/null; done; }

if [ "$(id -u)" != 0 ] || ! ip netns add "${prefix}s" 2> /dev/null; then
  skip "a herd whose link is cut" "only root may make networks, where the kernel has them"
  finish
fi
end() {
  stop_all
  remove_networks
  finish
}
trap 'not_ok "the test reaches its end"; end' EXIT
inside() { who=$1; shift; ip netns exec "$prefix$who" "$@"; }
inside s ip link set lo up
for i in 1 2 3; do
  ip netns add "${prefix}m$i"
  ip -n "${prefix}s" link add "to$i" type veth peer name eth0 netns "${prefix}m$i"
  ip -n "${prefix}s" address add "10.99.$i.1/24" dev "to$i"
  ip -n "${prefix}s" link set "to$i" up
  ip -n "${prefix}m$i" address add "10.99.$i.2/24" dev eth0
  ip -n "${prefix}m$i" link set eth0 up
  ip -n "${prefix}m$i" link set lo up
done

redis_port=7777
start redis ip netns exec "${prefix}s" redis-server --port $redis_port --bind 0.0.0.0 --protected-mode no --save '' \
  --dir "$work"
answers() { inside s redis-cli -p $redis_port ping 2> /dev/null | grep -q PONG; }
check "the herd has a queue" wait_until 10 answers
database=$work/herd.db
flagship='(?service ?host) (during (last "30d") (interruption ?host ?service) (service ?host ?service)
 (low-ram ?host) (package ?host "nginx" "1.22.1"))'
cat > server.conf << END
(config (queue "redis://localhost:$redis_port") (name "server") (database "$database") (spool "$work/spool-s")
        (repl yes)
        (logic (define-relation (low-ram ?host) (fresh (?total) (ram ?host ?total) (< ?total "1024GiB"))))
        (question leaky "A service is interrupted where nginx leaks."
         ((?host ?service) (interruption ?host ?service) (service ?host ?service) (package ?host "nginx" "1.22.1"))
         (alert any warn)))
END
# nginx.sh VERSION FILE: a program that watches a service, which is down while FILE is there
cat > nginx.sh << 'END'
[ -e "$2" ] && state=fail || state=ok
printf '{"tag":"nginx","state":"%s","facts":[["service","nginx","by hand"],["package","nginx","%s"]]}\n' "$state" "$1"
END
start server ip netns exec "${prefix}s" sheepdog-queue-daemon -c server.conf --log="$work/server.log"
for i in 1 2 3; do
  cat > m$i.conf << END
(config (host "10.99.$i.1") (port $redis_port) (name "m$i") (spool "$work/spool-m$i") (heartbeat "1s")
        (watch disk (every "1s")) (watch hello (command "/bin/echo" "hello") (every "2s")) (watch inventory)
        (watch nginx (command "/bin/sh" "$work/nginx.sh" "1.2$((2 + i / 3)).1" "$work/down$i") (every "1s")))
END
  start "m$i" ip netns exec "${prefix}m$i" sheepdog-daemon -c m$i.conf --log="$work/m$i.log"
done

hosts() { sql "SELECT group_concat(host, ' ') FROM (SELECT host FROM subject WHERE $1 ORDER BY host)"; }
check "three machines live" wait_until 20 sql_is 'm1 m2 m3' \
  "SELECT group_concat(host, ' ') FROM (SELECT host FROM subject WHERE tag = 'PING' AND state = 'ok' ORDER BY host)"
check "and are watched" wait_until 20 sql_is 6 \
  "SELECT count(*) FROM subject WHERE tag IN ('disk /', 'hello') AND state = 'ok'"
bad() { sql "SELECT group_concat(host || '/' || tag || ' ' || state, ', ') FROM subject WHERE state <> 'ok'"; }
same "nothing is wrong" "" "$(bad)"

ip -n "${prefix}s" link set to2 down
check "a link is cut: that machine is late" wait_until 60 sql_is late \
  "SELECT state FROM subject WHERE host = 'm2' AND tag = 'PING'"
same "and nothing else is wrong" "m2/PING late" "$(bad)"
runs "which 'sheepdog status' says" 1 sheepdog -c server.conf status
has "among the machines of the herd" "machines" out
has "with its name" "LATE" out
runs "and the doctor" 2 inside s sheepdog -c server.conf doctor
has "among all machines" "3 machines with a heartbeat, not heard: m2" out

ip -n "${prefix}s" link set to2 up
check "with the link it is well again" wait_until 60 sql_is ok \
  "SELECT state FROM subject WHERE host = 'm2' AND tag = 'PING'"
same "and all is" "" "$(bad)"
kept() { [ -z "$(find spool-m2 -name '*.new')" ]; }
check "and nothing that it had to say is left behind" wait_until 30 kept

# --- asked of all this: services that are interrupted on machines with that nginx

state_of() { sql_is "$1" "SELECT group_concat(state, ' ') FROM (SELECT state FROM subject WHERE tag = '$2' ORDER BY host)"; }
runs "nothing was interrupted yet" 1 sheepdog -c server.conf ask --format=json "$flagship"
touch down1 down3
check "two services go down, of two versions" wait_until 30 state_of 'fail ok fail' nginx
check "the question that stands finds one" wait_until 30 state_of warn 'leaky nginx'
runs "asked" 0 sheepdog -c server.conf ask --format=json "$flagship"
same "the flagship names service and machine" '[{"service":"nginx","host":"m1"}]' "$(jq -c .answers out)"
runs "asked why" 0 sheepdog -c server.conf ask --why "$flagship"
has "it shows the interruption" "interruption m1 nginx fail" out
has "and what the rule rests on" "low-ram m1 <- ram m1" out
runs "the REPL says the same" 0 sheepdog -c server.conf repl --eval "(ask '($flagship))"
has "as Scheme has it" '(("nginx" "m1"))' out
rm down1 down3
check "they are up again" wait_until 30 state_of 'ok ok ok' nginx
check "and the question is well" wait_until 30 state_of ok 'leaky nginx'
runs "the month remembers" 0 sheepdog -c server.conf ask --format=json "$flagship"
same "what was" '[{"service":"nginx","host":"m1"}]' "$(jq -c .answers out)"
end
