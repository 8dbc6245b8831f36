#!/bin/sh
# examples.sh -- what lies in examples/ works: configurations, crontab, units, plugins in other languages
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
start_redis
examples=$root/examples

# --- configurations
for file in client.conf machine.conf; do
  runs "$file is a good configuration" 0 sheepdog config check "$examples/$file"
done
runs "server-config.scm is one" 0 sheepdog config check "$examples/server-config.scm"
runs "sheepdog-daemon runs with it" 0 sheepdog-daemon -c "$examples/server-config.scm" --dry-run
has "and watches the machine" '"tag":"disk /tmp"' out
has "by the standard, too" '"tag":"disk /"' out
mkdir -p "$work/lib"

# --- crontab: each line's command, as cron gives it
sed -n 's/^\([^#A-Z ][^ ]* *\([^ ]* *\)\{4\}\|@hourly *\)//p' "$examples/crontab" > lines
same "the crontab has three lines" 3 "$(wc -l < lines)"
mkdir bin
for name in borg fstrim; do
  printf '#!/bin/sh\nexit 3\n' > bin/$name
  chmod +x bin/$name
done
echo '(config (name "tux01"))' > "$HOME/.sheepdog.conf"
while read -r line; do PATH=$work/bin:$PATH sheepdog-sh -c "$line" 2>> cron.log; done < lines
check "both jobs are watched under their tags" wait_until 10 sql_is 'BORG-ETC fstrim' \
  "SELECT group_concat(tag, ' ') FROM (SELECT tag FROM subject WHERE state = 'fail' ORDER BY tag)"

# --- systemd
if command -v systemd-analyze > verify.log; then
  mkdir units
  cp "$examples"/systemd/*.service units
  sed -i 's|/usr/bin/sheepdog[a-z-]*|/bin/true|' units/*.service
  check "the units are units" systemd-analyze verify units/*.service
else
  skip "the units are units" "needs systemd-analyze"
fi
sed -n 's/^ExecStart=//p' "$examples/systemd/sheepdog@.service" |
  sed 's|/usr/bin/||; s/%i/nginx/' > on-failure
MONITOR_SERVICE_RESULT=exit-code MONITOR_EXIT_STATUS=1 sh on-failure 2>> cron.log
check "what OnFailure calls is a bark about the unit" wait_until 10 sql_is 'fail|service|exit-code, status 1' \
  "SELECT state, monitor, summary FROM subject WHERE tag = 'nginx'"

# --- monitors and receivers in other languages, over Redis to a server
echo "(config (host \"localhost\") (port $redis_port) (name \"tux02\"))" > "$HOME/.sheepdog.conf"
cat > server.conf << END
(config (queue "redis://localhost:$redis_port") (database "$work/lib/herd.db")
        (receiver raid (exec "$examples/receivers/raid.py"))
        (notify (group "0s" "0s") (to (exec "$examples/receivers/page.pl" "$work/pages"))))
END
database=$work/lib/herd.db
start queue-daemon sheepdog-queue-daemon -c server.conf
printf 'md0 : active raid1 sda1[0]\n      100 blocks [2/1] [U_]\nmd1 : active raid1 sdb1[0] sdc1[1]\n      100 blocks [2/2] [UU]\n' > mdstat
runs "a monitor in shell barks" 0 sh "$examples/monitors/raid.sh" mdstat
check "its message is stored" wait_until 10 sql_is fail "SELECT state FROM subject WHERE host = 'tux02' AND tag = 'raid'"
check "its receiver in Python stored what it said" wait_until 10 sql_is 1 \
  "SELECT count(*) FROM _fact WHERE relation = 'raid' AND host = 'tux02' AND k1 = 'md0' AND value = 'degraded'"
check "the notifier in Perl was told" wait_until 10 grep -qs 'tux02 raid fail' pages
mkdir backups
touch -d '3 days ago' backups/old
runs "a monitor in Python barks" 0 "$examples/monitors/backup_age.py" "$work/backups" 26
check "its message is stored" wait_until 10 sql_is "fail|newest file is 72.0 h old" \
  "SELECT state, summary FROM subject WHERE tag = 'backup $work/backups'"
check "and its fact" wait_until 10 sql_is 1 "SELECT value FROM _fact WHERE relation = 'files' AND host = 'tux02'"
runs "a bark in Python needs nothing of ours" 0 "$examples/monitors/redis_bark.py" localhost "$redis_port" plain warn "hello"
check "and is stored" wait_until 10 sql_is "warn|hello" "SELECT state, summary FROM subject WHERE tag = 'plain'"

# --- programs that the daemon of a machine runs
echo '512 0 1000' > file-nr
printf 'a bounced\nb\nc bounced\n' > mail.log
cat > watches.conf << END
(config (host "localhost") (port $redis_port) (name "tux03") (spool "$work/spool-of-tux03")
        (watch open-files (command "$examples/monitors/open_files.sh" "50" "$work/file-nr"))
        (watch bounces (command "$examples/monitors/line_count.pl" "$work/mail.log" "bounced" "2" "5"))
        (watch backups (command "$examples/monitors/directories.py" "26" "$work/backups" "$work/nowhere")))
END
runs "the daemon of a machine runs programs" 0 sheepdog-daemon -c watches.conf --once
of_tux03() { sql "SELECT group_concat(tag || ' ' || state || ' ' || summary, '; ') FROM (SELECT s.tag, s.state, e.summary
  FROM subject s JOIN event e ON e.host = s.host AND e.tag = s.tag WHERE s.host = 'tux03' AND s.tag NOT LIKE 'sheepdog %'
  AND s.tag <> 'PING' ORDER BY s.tag)"; }
expected="bounces warn WARNING - 2 lines match"
expected="$expected; newest $work/backups fail newest file is 72.0 h old"
expected="$expected; newest $work/nowhere unknown $work/nowhere: No such file or directory"
expected="$expected; open-files fail FULL - 512 of 1000 files open"
all_told() { [ "$(of_tux03)" = "$expected" ]; }
check "in shell, Python and Perl, each in its own manner" wait_until 10 all_told
check "performance data are facts" sql_is "512.0|" \
  "SELECT value, uom FROM perf WHERE host = 'tux03' AND tag = 'open-files' AND label = 'open'"
same "nothing is aside" 0 "$(sql 'SELECT count(*) FROM aside')"
finish
