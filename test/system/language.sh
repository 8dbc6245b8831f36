#!/bin/sh
# language.sh -- any language from day one: the queue and standard input are the interface
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
start_redis

cat > server.conf << END
(config (queue "redis://localhost:$redis_port") (inbox "sheepdog_run")
        (receiver raid (exec "$work/raid.sh") (timeout "10s"))
        (receiver broken (exec "$work/broken.sh")))
END
echo "(config (host \"localhost\") (port $redis_port) (name \"tux09\"))" > client.conf
cat > raid.sh << 'END'
#!/bin/sh
# A receiver in shell: the message comes on standard input, actions go to standard output.
cat > raid.in
echo '["store",["raid","md0","degraded"]]'
echo '["log","info","raid was heard"]'
END
printf '#!/bin/sh\nexit 3\n' > broken.sh
chmod +x raid.sh broken.sh
start queue-daemon sheepdog-queue-daemon -c server.conf
ram() { sql "SELECT total FROM ram WHERE host = '$1' AND t1 > 9e18"; }
state() { sql "SELECT state FROM subject WHERE host = '$1' AND tag = '$2'"; }
state_is() { [ "$(state "$1" "$2")" = "$3" ]; }

# --- the lines of the message's contract, as they are
redis XADD sheepdog:barks '*' message '{"host":"tux01","tag":"raid","state":"fail","summary":"md0 degraded"}' > /dev/null
check "XADD barks" wait_until 10 state_is tux01 raid fail
redis LPUSH sheepdog:inbox '{"host":"tux01","tag":"raid","state":"ok"}' > /dev/null
check "LPUSH to the inbox does too" wait_until 10 state_is tux01 raid ok
same "the inbox is empty" 0 "$(redis LLEN sheepdog:inbox)"
echo '{"tag":"raid","state":"warn"}' > raid.json
runs "bark --json takes a message from standard input" 0 sh -c 'sheepdog bark -c client.conf --json < raid.json'
check "host is added" wait_until 10 state_is tux09 raid warn
same "and time" 1 "$(sql "SELECT count(*) FROM message WHERE instr(CAST(body AS TEXT), '\"time\"') AND instr(CAST(body AS TEXT), 'tux09')")"
printf '%s\n%s\n' '{"host":"Tux10","tag":"a","state":"ok"}' '{"host":"tux10.","tag":"b","state":"fail"}' |
  sheepdog bark -c client.conf --json
check "a message a line" wait_until 10 state_is tux10 b fail
same "hosts are compared without case and final dot" ok "$(state tux10 a)"
runs "a line that is no message is refused" 2 sh -c 'echo "{]" | sheepdog bark -c client.conf --json'

# --- facts and replaces
redis XADD sheepdog:barks '*' message '{"host":"tux01","tag":"inventory","facts":[["package","nginx","1.22.1"],["package","borg","1.2.4"],["ram",4096]]}' > /dev/null
check "facts are stored" wait_until 10 sql_is 2 "SELECT count(*) FROM package WHERE host = 'tux01'"
same "with their host" 4096 "$(ram tux01)"
redis XADD sheepdog:barks '*' message '{"host":"tux01","tag":"inventory","replaces":["package"],"facts":[["package","nginx","1.24.0"]]}' > /dev/null
check "what replaces says no more has ended" wait_until 10 sql_is 'nginx|1.24.0' \
  "SELECT name, version FROM package WHERE host = 'tux01' AND t1 > 9e18"
same "and is history" 3 "$(sql "SELECT count(*) FROM package WHERE host = 'tux01'")"
same "another relation stays" 4096 "$(ram tux01)"
runs "bark takes facts as options" 0 sheepdog bark -c client.conf -t inventory --fact="package bash 5.2" --fact="ram 8192"
check "they are stored too" wait_until 10 sql_is '8192' "SELECT total FROM ram WHERE host = 'tux09'"
same "a version is text" 5.2 "$(sql "SELECT version FROM package WHERE host = 'tux09'")"

# --- a receiver in another language
redis XADD sheepdog:barks '*' message '{"host":"tux01","tag":"md1","monitor":"raid","state":"fail","fields":{"spare":2}}' > /dev/null
check "a message names its receiver" wait_until 10 state_is tux01 md1 fail
check "which was given it as JSON" wait_until 10 jq -e '.tag == "md1"' raid.in
same "and got its fields" 2 "$(jq .fields.spare raid.in)"
check "what it stores is a fact" wait_until 10 sql_is 1 \
  "SELECT count(*) FROM _fact WHERE host = 'tux01' AND relation = 'raid' AND value = 'degraded'"
redis XADD sheepdog:barks '*' message '{"host":"tux01","tag":"broken","monitor":"broken","state":"fail"}' > /dev/null
check "a receiver that fails leaves its message aside" wait_until 30 sql_is 1 \
  "SELECT count(*) FROM aside JOIN message ON message.id = aside.message WHERE instr(CAST(body AS TEXT), 'broken')"
same "which was stored and has its state all the same" fail "$(state tux01 broken)"

# --- the Ruby ancestor's events
redis LPUSH sheepdog_run '{"time":"2025-09-12 07:51:52 +0000","elapsed":0,"user":"ibackup","host":"penguin2","command":"borg create x","tag":"BORG-OLD","stdout":"","stderr":"no\n","status":2,"err":"FAIL"}' > /dev/null
check "FAIL is fail" wait_until 10 state_is penguin2 BORG-OLD fail
redis LPUSH sheepdog_run '{"time":"2025-09-12 08:51:52 +0000","elapsed":3,"user":"ibackup","host":"penguin2","command":"borg create x","tag":"BORG-OLD","stdout":"","stderr":"","status":0,"err":"SUCCESS"}' > /dev/null
check "SUCCESS is ok" wait_until 10 state_is penguin2 BORG-OLD ok
redis LPUSH sheepdog_run '{"time":"2025-09-12 09:51:52 +0000","elapsed":3,"user":"ibackup","host":"penguin2","command":"rsync x","tag":"CHECKED","stdout":"","stderr":"","status":0,"err":"CHECK"}' \
  '{"time":"2025-09-12 09:51:53 +0000","elapsed":3,"user":"ibackup","host":"penguin2","command":"rsync x","tag":"WARNED","stdout":"","stderr":"","status":0,"err":"WARNING"}' > /dev/null
check "CHECK is warn" wait_until 10 state_is penguin2 CHECKED warn
check "and so is WARNING" wait_until 10 state_is penguin2 WARNED warn
runs "log gives the ancestor's form" 0 sheepdog log -c server.conf -f json penguin2
same "so its users' filters go on" BORG-OLD "$(jq -r '.[] | select(.err == "FAIL") | .tag' < "$work/out")"
same "nothing else is aside" 1 "$(sql 'SELECT count(*) FROM aside')"
finish
