#!/bin/sh
# hostile.sh -- bad messages and names: aside with a reason, shown escaped, and what comes behind is handled
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The tables "messages" and "names": each row is pushed into the queue by redis-cli, then a good message.
. "$(dirname "$0")/support.sh"
start_redis

echo "(config (queue \"redis://localhost:$redis_port\") (notify (group \"0s\" \"0s\")))" > server.conf
pushed=0
: > expected

# push: the file m as one more entry; its number will be its message id, since nobody else sends.
push() {
  redis -x XADD sheepdog:barks '*' message < m > push.out || cat push.out
  pushed=$((pushed + 1))
}

# aside WHAT REASON: the file m is to be kept aside, REASON (a shell pattern) being how why begins.
aside() {
  push
  printf '%s\t%s\t%s\n' "$pushed" "$1" "$2" >> expected
}

# text: printf's escapes, for messages that hold no %.
text() {
  # shellcheck disable=SC2059 # the template is the message
  printf "$1"
}

# many N TEXT: the text N times.
many() { yes "$2" | head -n "$1" | tr -d '\n'; }

# --- no message at all
text '' > m; aside "nothing" ''
text ' ' > m; aside "a blank" '1:*'
text '{"tag":"a"' > m; aside "an unclosed object" '1:*'
text '{"tag":"a"} x' > m; aside "junk behind the object" '1:13:*'
text '{"tag":"a"}\000' > m; aside "a NUL behind the object" '1:12:*'
text '{"tag":"a\000b"}' > m; aside "a NUL in a string" '1:*'
for text in '[]' '"x"' 42 null true '[{"tag":"a"}]'; do
  text "$text" > m; aside "no object but $text" '*object*'
done
first_byte=$((pushed + 1))
byte=0
while [ $byte -lt 256 ]; do
  printf %b "\\0$(printf %03o $byte)" > m; push
  byte=$((byte + 1))
done

# --- too much of something
{
  text '{"tag":"a","x":"'
  head -c 262200 /dev/zero | tr '\0' x
  text '"}'
} > m; aside "256 KiB and more" '*bytes, more than 262144'
{
  text '{"tag":"a","x":"'
  head -c 10000000 /dev/zero | tr '\0' x
  text '"}'
} > m; aside "10 MB" '*bytes, more than 262144'
big=$pushed
for depth in 33 30000 120000; do
  {
    text '{"tag":"a","x":'
    many $depth '['
    many $depth ']'
    text '}'
  } > m; aside "lists nested $depth deep" '1:4*: *deep*'
done
text "{\"tag\":\"a\",\"x\":$(many 212 1)}" > m; aside "a number of 212 digits" '1:16: number of 212 digits'
text "{\"tag\":\"a\",\"x\":$(many 100000 1)}" > m; aside "a number of 100 000 digits" '1:16: number of *'
text '{"tag":"a","x":1e400}' > m; aside "1e400" '1:*'
text '{"tag":"a","x":NaN}' > m; aside "NaN" '1:*'
{
  text '{"tag":"a","x":[0'
  many 100001 ,0
  text ']}'
} > m; aside "more than 100 000 values" '1:*values*'
text "{\"tag\":\"a\",\"$(many 300 k)\":1}" > m; aside "a key of 300 bytes" '1:*key*'

# --- wrong fields; the field or the rule is named
text '{"tag":"a","tag":"b"}' > m; aside "equal keys" '1:*tag*'
text '{"tag":"t","a":1,"\\u0061":2}' > m; aside "equal keys in disguise" '1:*'
text '{"tag":7}' > m; aside "a tag that is a number" '*tag*'
text '{"tag":"a","host":["b"]}' > m; aside "a host that is a list" '*host*'
text '{"tag":"a","state":"bad"}' > m; aside "no such state" '*state*'
text '{"tag":"a","kind":"shout"}' > m; aside "no such kind" '*kind*'
text '{"tag":"a","facts":{"b":1}}' > m; aside "facts that are no list" '*facts*'
text '{"tag":"a","facts":[[]]}' > m; aside "an empty fact" '*facts*'
text '{"tag":"a","fields":[]}' > m; aside "fields that are no object" '*fields*'
text '{"tag":"a","outcome":7}' > m; aside "an outcome that is a number" '*outcome*'
text '{"tag":"a","outcome":{"status":"two"}}' > m; aside "a status that is text" '*status*'
text '{"tag":"a","every":"often"}' > m; aside "no duration" '*every*'
text '{"host":"a","state":"ok"}' > m; aside "neither tag nor monitor" '*tag*monitor*'
text '{"tag":"a","outcome":{"status":1,"signal":9}}' > m; aside "status and signal" '*status*signal*'
sender=0123456789abcdef0123456789abcdef
for seq in -1 9223372036854775808 1.5 '"1"'; do
  text "{\"tag\":\"a\",\"sender\":\"$sender\",\"seq\":$seq}" > m; aside "seq $seq" '*seq*'
done
text '{"v":3,"tag":"a","state":"fail"}' > m; aside "a newer version" '*version 3, I speak 1*'
text '{"v":"1","tag":"a"}' > m; aside "a version that is text" '*v*'

# --- names
for host in '../../etc/passwd' 'a/b' '-rf' '' ' ' '$(id)' '<b>' '*' '_' 'a\\nb' 'a\\u0000b' 'w\320\265b1' 'a\\u202eb' "$(many 300 h)"; do
  text "{\"tag\":\"a\",\"host\":\"$host\"}" > m; aside "the host $(printf %.20s "$host")" '*host*'
done
text '{"tag":"a","host":"%%"}' > m; aside "the host %" '*host*'
for monitor in '../x' 'a b' '$(id)' ''; do
  text "{\"tag\":\"a\",\"monitor\":\"$monitor\"}" > m; aside "the monitor '$monitor'" '*monitor*'
done
for tag in '' 'a\\nb' 'a\\u0000b' 'a\\u001b]52;b' "$(many 257 t)"; do
  text "{\"tag\":\"$tag\"}" > m; aside "the tag $(printf %.20s "$tag")" '*tag*'
done

# --- strange, and yet messages
accept() { push; }
text '{"host":"good","tag":"unknown-monitor","monitor":"nosuch","state":"ok"}' > m; accept
text '{"host":"good","tag":"time-big","time":1000000000000000000000000000000,"state":"ok"}' > m; accept
text '{"host":"good","tag":"time-word","time":"yesterday","state":"ok"}' > m; accept
text '{"host":"good","tag":"latin-caf\351","state":"ok"}' > m; accept
text '{"host":"good","tag":"overlong-\300\257","state":"ok"}' > m; accept
text '{"host":"good","tag":"surrogate-\\ud800","state":"ok"}' > m; accept
text '{"host":"good","tag":"bidi-\\u202egpj","state":"ok"}' > m; accept
text '{"host":"good","tag":"caf\303\251","state":"ok"}' > m; accept
text '{"host":"good","tag":"cafe\314\201","state":"ok"}' > m; accept
for tag in '$(touch owned)' '`touch owned`' "'; DROP TABLE event; --" '~a~*' '{:*>999999999}' '<script>alert(1)</script>' '*' '_'; do
  text "{\"host\":\"inert\",\"tag\":\"$tag\",\"state\":\"fail\",\"summary\":\"$tag\"}" > m; accept
done
text '{"host":"inert","tag":"%%s%%n%%d","state":"fail","summary":"%%s%%n%%d"}' > m; accept
text '{"host":"inert","tag":"control","state":"fail","summary":"a\\r\\nBcc: b\\u001b]52;c;d\\u0007\\u202e\\u2028","outcome":{"command":"x","status":1,"stdout":"\\u001b[2J\\u0000","stderr":"\\u009b31m\\r\\n"}}' > m; accept
for host in web1 WEB1 web1.; do text "{\"host\":\"$host\",\"tag\":\"one\",\"state\":\"ok\"}" > m; accept; done
for host in localhost unknown; do text "{\"host\":\"$host\",\"tag\":\"named\",\"state\":\"ok\"}" > m; accept; done

# --- identity: two bodies under one, a hole, an exact copy
text "{\"host\":\"twin\",\"tag\":\"one\",\"state\":\"ok\",\"sender\":\"$sender\",\"seq\":1}" > m; accept
text "{\"host\":\"twin\",\"tag\":\"two\",\"state\":\"ok\",\"sender\":\"$sender\",\"seq\":1}" > m; accept
text "{\"host\":\"ahead\",\"tag\":\"far\",\"state\":\"ok\",\"sender\":\"$sender\",\"seq\":1000000000}" > m; accept
text "{\"host\":\"twin\",\"tag\":\"one\",\"state\":\"ok\",\"sender\":\"$sender\",\"seq\":1}" |
  redis -x XADD sheepdog:barks '*' message > push.out

# --- entries that are not ours
redis XADD sheepdog:barks '*' other fields here too > push.out
redis XADD sheepdog:barks '*' message '{"host":"good","tag":"more-fields","state":"ok"}' sent notanumber extra x > push.out
redis LPUSH sheepdog:inbox 'no json' > push.out

start queue-daemon timeout 120 sheepdog-queue-daemon -c server.conf
server=$pid
text '{"host":"last","tag":"behind","state":"ok"}' | redis -x XADD sheepdog:barks '*' message > push.out
began=$(date +%s)
check "what comes behind all that is handled" wait_until 60 sql_is ok "SELECT state FROM subject WHERE host = 'last'"
took=$(($(date +%s) - began))
check "soon ($took s for $pushed bad messages)" test $took -le 10
check "by the same process" kill -0 "$server"
same "the queue is empty" 0 "$(redis XLEN sheepdog:barks)"
same "the inbox too" 0 "$(redis LLEN sheepdog:inbox)"
check "all is handled, but for what may wait for a hole" wait_until 20 sql_is 0 \
  "SELECT count(*) FROM waiting JOIN message ON id = message WHERE seq < 1000000000"

# --- every row of the table
while IFS="$(printf '\t')" read -r id what pattern; do
  reason=$(sql "SELECT reason FROM aside WHERE message = $id")
  # shellcheck disable=SC2254 # a pattern it is
  case $reason in
    '') not_ok "aside: $what" && sql "SELECT * FROM event WHERE id = $id" ;;
    $pattern*) ok "aside: $what ($reason)" ;;
    *) not_ok "aside: $what, for $pattern, not: $reason" ;;
  esac
done < expected
same "aside: each of 256 bytes" 256 \
  "$(sql "SELECT count(*) FROM aside WHERE message BETWEEN $first_byte AND $((first_byte + 255)) AND reason <> ''")"
same "of the biggest the first 256 KiB and the whole length are kept" '262144|10000018' \
  "$(sql "SELECT length(body), length FROM message WHERE id = $big")"
check "a foreign entry is aside" test -n "$(sql "SELECT reason FROM aside JOIN message ON id = message
  WHERE instr(CAST(body AS TEXT), 'fields')")"

# --- what was accepted
same "an unknown monitor is no error" ok "$(sql "SELECT state FROM subject WHERE tag = 'unknown-monitor'")"
same "a strange time is the time of receipt" 2 \
  "$(sql "SELECT count(*) FROM event WHERE tag IN ('time-big', 'time-word') AND abs(t - rx) < 60000")"
replacement=$(printf '\357\277\275')
same "Latin-1 is repaired" 1 "$(sql "SELECT count(*) FROM subject WHERE tag = 'latin-caf$replacement'")"
same "so is a lone surrogate" 1 "$(sql "SELECT count(*) FROM subject WHERE tag = 'surrogate-$replacement'")"
same "so is an overlong sequence" 1 "$(sql "SELECT count(*) FROM subject WHERE tag LIKE 'overlong-%' AND instr(tag, '$replacement')")"
same "two spellings of a name stay two" 2 "$(sql "SELECT count(*) FROM subject WHERE host = 'good' AND tag IN ('caf' || char(233), 'cafe' || char(769))")"
same "ten strange tags are subjects as written" 10 "$(sql "SELECT count(*) FROM subject WHERE host = 'inert'")"
same "three spellings of a host are one" 1 "$(sql "SELECT count(*) FROM subject WHERE host = 'web1'")"
check "nothing was run" test ! -e owned
same "both bodies of one identity are kept" '0 1' \
  "$(sql "SELECT group_concat(variant, ' ') FROM (SELECT variant FROM message JOIN sender s ON s.id = sender
         WHERE name = '$sender' AND seq = 1 ORDER BY variant)")"
check "and told of, once" wait_until 20 sql_is 1 "SELECT count(*) FROM outbox o JOIN subject s ON s.id = o.subject
  WHERE s.tag = 'sheepdog spool' AND instr(o.action, 'two machines share sender id $sender')"
check "the hole holds back what is above it" sql_is 1 'SELECT count(*) FROM held WHERE seq = 1000000000'
same "and is one row" '2 999999999' "$(sql "SELECT first || ' ' || last FROM hole")"
sqlite3 -cmd '.timeout 5000' "$database" 'UPDATE hole SET since = since - 1200000'
check "for a minute" wait_until 20 sql_is ok "SELECT state FROM subject WHERE host = 'ahead'"
check "after twenty it is reported" wait_until 30 sql_is 1 "SELECT count(*) FROM event
  WHERE summary LIKE '999999998 messages missing from %: 2-999999999'"
same "the database is whole" ok "$(sql 'PRAGMA integrity_check')"

# --- shown escaped, whatever shows it
# raw FILE: the lines with control characters, or with bidi controls and line separators of Unicode.
raw() {
  LC_ALL=C grep -n "$(printf '[\001-\010\013-\037\177]')" "$1"
  LC_ALL=C grep -nE "$(printf '\342\200[\250-\256]|\302[\200-\237]')" "$1"
}
for question in 'queue aside' 'status --all' 'log -n 1000' 'show inert/control' 'show inert/control --output' \
  'status --all -f json' 'status --all -f sexp' 'status --all -f org' 'log -n 1000 -f sexp' 'log -n 1000 -f org'; do
  # shellcheck disable=SC2086 # words
  sheepdog $question -c server.conf > shown 2> shown.err
  check "nothing raw in: sheepdog $question" sh -c 'test -s "$1" || test -s "$1.err"' - "$work/shown"
  same "not a byte" '' "$(raw shown; raw shown.err)"
done
sheepdog log -n 1000 -f json -c server.conf > shown
check "log -f json is JSON" jq -e length shown > jq.out
sheepdog queue aside -c server.conf > shown
has "queue aside tells number and reason" "number of 212 digits" shown
same "the daemon is still the same" '' "$(raw queue-daemon.log)"
stop "$server"
same "and ends well" 0 "$status"
finish
