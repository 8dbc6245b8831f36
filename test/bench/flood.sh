# flood.sh -- the rows of a flood of failures: each told by itself, and grouped as one would have it
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2154 # sourced by run, behind server.sh

cat > sendmail << END
#!/bin/sh
exec sed -n 's/^Message-ID: //ip' >> "$work/mails"
END
chmod +x sendmail
elapsed() { awk "BEGIN { printf \"%.2f\", ($(date +%s%N) - $began) / 1e9 }"; }
mailed() { [ "$(wc -l < mails)" -ge "$1" ] && sql_is 0 'SELECT count(*) FROM outbox WHERE next IS NOT NULL'; }
told() { sql "SELECT count(DISTINCT subject) FROM about WHERE kind = 'problem'"; }

# flood MAILS: 10000 failures of 1000 subjects at once come, which are MAILS mails.
flood() {
  : > mails
  start server sheepdog-queue-daemon -c server.conf
  wait_until 10 sql_is 0 'SELECT count(*) FROM event'
  ./limit fill "$redis_socket" 10000 1000
  began=$(date +%s%N)
  wait_until 20 sql_is 10000 'SELECT count(*) FROM event'
  row 'all stored and decided, s' "$(elapsed)" 2 'a <= b'
  wait_until 120 mailed "$1"
  row 'the last of them mailed, one program each, s' "$(elapsed)" 0 'a > 0'
  stop "$pid"
  row 'mails, each with its own Message-ID' "$(sort -u mails | wc -l)" "$1" 'a == b'
  row 'duplicate mails' "$(($(wc -l < mails) - $(sort -u mails | wc -l)))" 0 'a == b'
  row 'subjects told of' "$(told)" 1000 'a == b'
}

heading '10000 failures of 1000 subjects at once'
server_of flood '"admin@example.org"'
flood 1000

heading 'the same, told as a group'
server_of storm '"admin@example.org"' "$root/test/bench/monitors" '"5s" "5m"'
flood 1
