#!/bin/sh
# first-bark.sh -- the seed's line, standalone: no server, no daemon; and the example that shows it
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

job='borg create --stats /export/backup/borg::stamp /export/ipfs'
bark() { sheepdog -c "$HOME/.sheepdog.conf" -m monitor-error -e "$job"; }
echo '(config (mailto ""))' > "$HOME/.sheepdog.conf"
mkdir "$work/bin"
printf '#!/bin/sh\necho "Repository /export/backup/borg does not exist." >&2\nexit 2\n' > "$work/bin/borg"
chmod +x "$work/bin/borg"
plain=$PATH
PATH=$work/bin:$PATH

runs "a failing job keeps its status" 2 bark
has "its output passes" "Repository /export/backup/borg does not exist." "$work/err"
has "the last line says that it is stored" ", stored)" "$work/err"
runs "the second failure too" 2 bark
runs "and the third" 2 bark
check "three messages are stored" wait_until 10 sql_is 3 "SELECT count(*) FROM event"
same "under the job's name, in state fail" 'borg|fail' "$(sql 'SELECT tag, state FROM subject')"
same "as one interruption" 1 "$(sql 'SELECT count(*) FROM interruption')"
same "nothing waits, nothing is aside" '0|0' "$(sql 'SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM aside)')"
same "one notification was decided, to the log" 'log|1' \
  "$(sql "SELECT recipient, sum(count) FROM decision WHERE verdict = 'tell' GROUP BY recipient")"
runs "status says that something is bad" 1 sheepdog status
has "and what" "FAIL" "$work/out"
runs "show tells of the subject" 0 sheepdog show "$(sql 'SELECT host FROM subject')/borg"
has "with the command" "$job" "$work/out"
has "and the last words of the job" "Repository /export/backup/borg does not exist." "$work/out"
runs "log lists the messages" 0 sheepdog log
same "all three" 3 "$(grep -c borg "$work/out")"

printf '#!/bin/sh\necho done\n' > "$work/bin/borg"
runs "the first success after a failure is sent" 0 bark
check "the subject is ok" wait_until 10 sql_is ok 'SELECT state FROM subject'
same "the interruption is closed" 0 "$(sql 'SELECT count(*) FROM interruption WHERE t1 = 9223372036854775807')"
runs "the next success is not worth a message" 0 bark
runs "status finds nothing bad" 0 sheepdog status
same "four messages are stored" 4 "$(sql 'SELECT count(*) FROM event')"

# A tag alone, which three hosts have: which of them is meant?
for other in a b c; do echo "{\"host\":\"$other\",\"tag\":\"raid\",\"state\":\"ok\"}"; done | sheepdog bark --json
check "three hosts tell of one tag" wait_until 10 sql_is 3 "SELECT count(*) FROM subject WHERE tag = 'raid'"
runs "show cannot tell which is meant" 2 sheepdog show raid
same "and names them" "$(printf "sheepdog: error: 3 hosts have 'raid'\nhint: one of: a/raid, b/raid, c/raid")" "$(cat "$work/err")"

# Without any configuration at all.
rm "$HOME/.sheepdog.conf"
runs "no configuration: the job runs and is watched" 3 sheepdog -t bare -e 'exit 3'
check "and its failure is stored" wait_until 10 sql_is fail "SELECT state FROM subject WHERE tag = 'bare'"

# The example, as a newcomer runs it.
runs "examples/first-bark.sh ends well" 0 env -u SHEEPDOG_DATADIR PATH="$plain" sh "$root/examples/first-bark.sh"
has "it shows a bark" "sheepdog: barked: " "$work/out"
has "and ends with what was interrupted on a small machine that ran this nginx" "nginx    $(hostname | tr '[:upper:]' '[:lower:]')" "$work/out"
same "one answer" "1 answer." "$(tail -n 1 "$work/out")"
lines=$(wc -l < "$work/out")
check "in a screen of lines ($lines)" test "$lines" -ge 15 -a "$lines" -le 45
finish
