#!/bin/sh
# readme.sh -- what README.org shows is true: its configurations, its monitor, its crontab
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
readme=$root/README.org

# block HEADING [LANGUAGE]: the first block of that section.
block() {
  awk -v heading="* $1" -v begin="#+begin_${2:-src scheme}" '
    $0 == heading { there = 1; next }
    /^\* / { there = 0 }
    there && $0 == begin { inside = 1; next }
    inside && /^#\+end_/ { exit }
    inside' "$readme"
}
block 'A server in ten lines' | sed "s|/var/lib/sheepdog|$work|; s|/usr/sbin/sendmail|/bin/true|" > server.conf
check "the server's configuration has at most ten lines" test "$(wc -l < server.conf)" -le 10 -a -s server.conf
runs "and is good" 0 sheepdog config check server.conf
block 'Who is told, and when' | sed "s|\"2027-|\"$(($(date +%Y) + 1))-|; s|(config |(config (database \"$work/herd.db\") (mailer \"sendmail:///bin/true\") |" > told.conf
runs "so is the one that says who is told when" 0 sheepdog config check told.conf

block 'Ask' > ask.conf
runs "and the one with a question" 0 sheepdog config check ask.conf

block 'A machine that tells how it is' > machine.conf
runs "the machine's configuration is good" 0 sheepdog config check machine.conf

mkdir -p "$XDG_CONFIG_HOME/sheepdog/monitors" bin
block 'A monitor in one screen' > "$XDG_CONFIG_HOME/sheepdog/monitors/rsync.scm"
printf '#!/bin/sh\nexit "$1"\n' > bin/rsync
chmod +x bin/rsync
PATH=$work/bin:$PATH
for status in 0 24 11; do runs "its monitor judges rsync, status $status" $status sheepdog -a -m rsync -t sync-$status -e "rsync $status"; done
check "as it says" wait_until 10 sql_is 'sync-0 ok rsync: exit status 0,sync-11 fail rsync: exit status 11,sync-24 warn rsync: exit status 24' \
  "SELECT group_concat(t, ',') FROM (SELECT tag || ' ' || state || ' ' || summary AS t FROM subject ORDER BY tag)"
same "its receiver stores a fact" 3 "$(sql "SELECT count(*) FROM _fact WHERE relation = 'rsync-status'")"
runs "the monitor describes itself" 0 sheepdog monitors describe rsync
has "with its option" "vanished-ok?" out

same "its crontab begins with our shell" 'SHELL=/usr/bin/sheepdog-sh' "$(block 'The cron line' example | head -n 1)"
printf '#!/bin/sh\nexit 2\n' > bin/borg
chmod +x bin/borg
runs "its line is watched" 2 sheepdog-sh -c "$(block 'The cron line' example | sed -n '2s/^\([^ ]* *\)\{5\}//p')"
check "under its tag" wait_until 10 sql_is fail "SELECT state FROM subject WHERE tag = 'BORG-ETC'"

# Every file and action that it names is there.
for file in $(grep -oE '(examples|test|doc)/[a-z.-]+[a-z]' "$readme" | sort -u) COPYING guix.scm monitors handlers; do
  check "$file is there" test -e "$root/$file"
done
for action in 'config keys' 'config check' 'monitors describe error' 'status' 'doctor'; do
  # shellcheck disable=SC2086 # words
  sheepdog $action > out 2> err
  has_not "there is an action: $action" "no such action" err
done
finish
