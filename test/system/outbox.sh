#!/bin/sh
# outbox.sh -- mailers that are busy, refuse, hang or die hold up nobody else, and nothing is lost
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A script stands for sendmail; what it does depends on the recipient. Time passes by moving the rows.
. "$(dirname "$0")/support.sh"

cat > conf << END
(config (name "server") (notify (group "0s" "0s") (limit 10000 "1h"))
        (queue "local:$work/state") (database "$work/state/sheepdog.db")
        (spool "$work/spool") (mailfrom "dog@x") (mailer "sendmail://$work/sendmail")
        (mailto "well@x" "busy@x" "never@x" "hangs@x"))
END
chmod 600 conf
db=$work/state/sheepdog.db
mkdir mails
cat > sendmail << END
#!/bin/sh
# sendmail -oi -f FROM -- TO: keeps what it takes in mails/TAG.TO.N; says in calls what it was called for
cd "$work" || exit 71
cat > input.\$\$
tag=\$(sed -n 's|^Subject: [^/]*/\([^:]*\).*|\1|p' input.\$\$)
grep -q server/raid input.\$\$ && tag=raid      # with what it waited with, too
echo "\$tag.\$5" >> calls
case \$5 in
  busy@*) [ -e open ] || { echo "that was call \$(grep -c busy calls)" >&2; exit 75; } ;;
  never@*) echo "no such user" >&2; exit 67 ;;
  hangs@*) [ -e open ] || { echo \$\$ > hanging.new; mv hanging.new hanging; exec sleep 600; } ;;
  slow@*) sleep 1 ;;
esac
mv input.\$\$ "mails/\$tag.\$5.\$\$"
END
chmod +x sendmail
row() { # row WHO COLUMNS: of the first that WHO is told of the subject raid, by itself or with more
  sql "SELECT $2 FROM outbox JOIN about ON about.outbox = outbox.id JOIN subject ON subject.id = about.subject
       WHERE recipient = '$1@x' AND tag = 'raid' ORDER BY outbox.id LIMIT 1" "$db"
}
row_is() { [ "$(row "$1" "$2" 2> /dev/null)" = "$3" ]; }
calls() { grep -c "^raid.*[.]$1@x" calls; }
mails() { find mails -name "raid*.$1@x.*" | wc -l; }
minutes_pass() { # minutes_pass N: each row has waited so long
  sqlite3 -cmd '.timeout 5000' "$db" "UPDATE outbox SET next = next - $1 * 60000 WHERE next IS NOT NULL"
}
gap="round((next - unixepoch() * 1000) / 60000.0)"

start server sheepdog-queue-daemon -c conf --log=stderr
server=$pid
check "the server serves" wait_until 10 grep -q "serving $db" server.log
sheepdog bark -c conf -t raid -s fail 2> barks.log

# --- four recipients, four fates

check "who is well has the mail" wait_until 10 row_is well "tries || ' ' || (done IS NOT NULL)" "1 1"
same "once" 1 "$(mails well)"
busy_waits() { # busy_waits CALLS MINUTES: and the try is over
  row_is busy "tries || ' ' || $gap || ' ' || error" "$1 $2.0 $work/sendmail: exit status 75: that was call $1"
}
check "who is busy waits a minute" wait_until 10 busy_waits 1 1
check "who refuses is given up at once" wait_until 10 row_is never \
  "tries || ' ' || (next IS NULL) || ' ' || (done IS NULL) || ' ' || error" \
  "1 1 1 $work/sendmail: exit status 67: no such user"
check "who hangs is waited for" wait_until 10 test -e hanging
check "by nobody else: a message meanwhile is stored" sheepdog bark -c conf -t other -s ok
check "and handled" wait_until 10 sql_is ok "SELECT state FROM subject WHERE tag = 'other'" "$db"
check "while it still hangs" kill -0 "$(cat hanging)"

check "the others are told that somebody cannot be reached, he is not" wait_until 30 sql_is \
  'busy@x hangs@x well@x' "SELECT group_concat(recipient, ' ') FROM (SELECT recipient FROM outbox
     JOIN subject ON subject.id = outbox.subject WHERE tag = 'sheepdog mail' ORDER BY recipient)" "$db"
same "with the reason" 'no unreachable' "$(sql "SELECT verdict || ' ' || reason FROM decision
  JOIN subject ON subject.id = decision.subject WHERE tag = 'sheepdog mail' AND recipient = 'never@x'" "$db")"

# --- the gaps grow

minutes_pass 1
check "the second try, after a minute" wait_until 10 busy_waits 2 2
minutes_pass 2
check "the third after two more" wait_until 10 busy_waits 3 4
minutes_pass 4
check "the fourth after four more" wait_until 10 busy_waits 4 8
same "no other recipient was called again" "1 1 1" "$(calls well) $(calls never) $(calls hangs)"
check "the one that hangs hangs on" kill -0 "$(cat hanging)"

# --- the end of the server

hanging=$(cat hanging)
stop "$server"
same "the server ends well, although a mailer hangs" 0 "$status"
check "which is ended with it" wait_until 10 gone "$hanging"
same "its row is to be tried again at once" "1|1" "$(row hangs "tries, next <= unixepoch() * 1000 + 999")"
touch open
start server sheepdog-queue-daemon -c conf --log=stderr
server=$pid
check "the next server gets the mail through" wait_until 10 row_is hangs "tries || ' ' || (done IS NOT NULL)" "2 1"
minutes_pass 8
check "and in the end the busy one's, too" wait_until 10 row_is busy "tries || ' ' || (done IS NOT NULL)" "5 1"
same "each has it once, but who refused it" "1 1 1 0" \
  "$(mails well) $(mails busy) $(mails hangs) $(mails never)"

# --- the server dies while a mailer works

rm open hanging
sheepdog bark -c conf -t raid -s ok 2>> barks.log
check "one hangs again" wait_until 10 test -e hanging
hanging=$(cat hanging)
kill -KILL "$(ps -o ppid= -p "$hanging" | tr -d ' ')"
check "a mailer ends with the process that started it" wait_until 10 gone "$hanging"
touch open
check "and is begun again" wait_until 20 sql_is 2 \
  "SELECT count(*) FROM outbox JOIN subject ON subject.id = outbox.subject
   WHERE recipient = 'hangs@x' AND tag = 'raid' AND done IS NOT NULL" "$db"
same "the mail is there once" 2 "$(mails hangs)"
stop "$server"

# --- without a server that stays

sed -i 's/(mailto.*/(mailto "slow@x"))/' conf
told() { sql_is "$1" "SELECT count(*) FROM outbox WHERE recipient = 'slow@x' AND done IS NOT NULL" "$db"; }
sheepdog bark -c conf -t once -s fail 2>> barks.log
runs "one round of the server" 0 sheepdog-queue-daemon -c conf --once
check "waits for the mailers that it started" told 1
sheepdog bark -c conf -t once -s ok 2>> barks.log
runs "so does a flush" 0 sheepdog queue flush -c conf
check "until all is told" told 2
rm -f open hanging
sed -i 's/"slow@x"/"hangs@x"/' conf
runs "a job does not wait for the mailer" 1 sheepdog -c conf -t job -e 'exit 1'
check "that runs on behind it" wait_until 10 test -e hanging
kill "$(cat hanging)"
check "and whose row waits for its next try" wait_until 10 sql_is 1 \
  "SELECT count(*) FROM outbox WHERE kind = 'problem' AND next IS NOT NULL AND error LIKE '%killed by signal 15'" "$db"

# --- a machine that is its own server, with a daemon

rm -f hanging
sed -i 's/(mailto/(heartbeat "1s") (mailto/' conf
start machine sheepdog-daemon -c conf -v --log=stderr
machine=$pid
check "its daemon says what it does" wait_until 10 grep -q "heartbeat in the spool" machine.log
check "and what came of it" wait_until 10 grep -qE "[0-9]+ messages? left the spool" machine.log
minutes_pass 1
check "it calls a mailer that hangs" wait_until 20 test -e hanging
beats=$(sql "SELECT count(*) FROM event WHERE tag = 'PING'" "$db")
check "its heart beats on" wait_until 20 sql_is 1 "SELECT count(*) > $beats + 1 FROM event WHERE tag = 'PING'" "$db"
check "while that hangs" kill -0 "$(cat hanging)"
hanging=$(cat hanging)
stop "$machine"
same "SIGTERM ends it well" 0 "$status"
check "and the mailer with it" wait_until 10 gone "$hanging"
finish
