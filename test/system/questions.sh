# questions.sh -- actions that ask and tend, on a machine that is its own server
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
echo '(config (name "tux01") (mailto ""))' > conf
dog() { action=$1; shift; sheepdog "$action" -c "$work/conf" "$@"; }

# --- check: a plugin for Nagios, whatever happens
runs "where nothing is stored nothing is known" 3 dog check dump
has "in the form of Nagios" "SHEEPDOG UNKNOWN - nothing has been stored yet" out
sheepdog -c conf -t dump -e true 2> barks.log
sheepdog -c conf -t disk -e 'exit 2' 2> barks.log
runs "what is well is" 0 dog check tux01/dump --max-age 26h
check "in one line with its data" grep -qE '^SHEEPDOG OK - tux01/dump: .* \| age=[0-9]+s elapsed=[0-9.]+s$' out
runs "what failed is critical" 2 dog check disk
has "with the reason" "SHEEPDOG CRITICAL - tux01/disk: exit status 2 | age=" out
runs "what was never heard is unknown" 3 dog check tux01/dumb
has "in one line, too" "SHEEPDOG UNKNOWN - tux01/dumb: never heard" out
runs "so is a call that is wrong" 3 dog check --max-age=x disk
runs "programs may have it as data" 2 sh -c 'sheepdog check -c conf disk -f json > json; s=$?; jq -e ".status == 2 and .state == \"fail\"" json > /dev/null && exit $s'

# --- diary
runs "an empty diary" 0 dog diary --list
runs "a text without a date" 2 dog diary "renew domain"
has "is told what it lacks" "hint: such as: sheepdog diary" err
runs "a date that is over" 2 dog diary "renew domain" --on 2020-01-01
has "is none" "that time is over" err
runs "a cron line that is none" 2 dog diary tapes --cron "0 25 * * *"
has "is explained" 'hour wants 0 to 23, got 25 in "0 25 * * *"' err
same "nothing of that is kept" 0 "$(sql 'SELECT count(*) FROM diary')"
runs "a text and its date" 0 dog diary "renew domain" --on "$(($(date +%Y) + 1))-12-01" --remind 7d
has "is entered" "entered as #1" err
echo '(config (name "tux01") (mailto "") (diary tapes (cron "* * * * *") (text "Change tapes.")))' > conf
runs "a text for every minute, by hand" 0 dog diary "look up" --cron '* * * * *'
dog diary --list > out
check "what there is, with its number" grep -qE "^#1 .* 1 Dec .* renew domain +$(id -un), " out
check "and that of the configuration, with its place" grep -qE '^tapes +\* \* \* \* \* +Change tapes. +.*conf:1$' out
check "programs may have it as data" sh -c 'sheepdog diary -c conf --list -f json | jq -e ".appointments | map(.name) == [\"#1\", \"#2\", \"tapes\"]" > /dev/null'
sql "SELECT count(*) FROM due WHERE kind = 'diary'" > due
sqlite3 "$database" "UPDATE due SET at = 60000 * (at / 60000 - 1) WHERE kind = 'diary' AND key <> '#1'"
dog queue flush 2> flush.log
same "what is due is told, once" 'log|note|2' \
  "$(sql "SELECT recipient, kind, count(*) FROM outbox WHERE action LIKE '%tux01/diary: %' GROUP BY 1, 2")"
same "and a fact" '#2|look up
tapes|Change tapes.' "$(sql "SELECT k2, value FROM _fact WHERE relation = 'diary' ORDER BY 1")"
runs "what is struck out" 0 dog diary --off '#2'
runs "is there no more" 2 dog diary --off 2
finish
