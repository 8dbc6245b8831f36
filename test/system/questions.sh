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
runs "so is a pattern" 3 dog check 'tux01/*'
has "which has an action of its own" "SHEEPDOG UNKNOWN - 'check' wants one subject, got tux01/* ('sheepdog status' takes a pattern)" out
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
echo '(config (name "tux01") (mailto "") (diary tapes (cron "* * * * *") (text "Change tapes.") (to "me@x.y")))' > conf
runs "a text for every minute, by hand" 0 dog diary "look up" --cron '* * * * *'
dog diary --list > narrow
check "what there is, in 80 columns" [ "$(LC_ALL=C.UTF-8 wc -L < narrow)" -lt 80 ]
dog diary --list --wide > out
check "what there is, with its number" grep -qE "^#1 .* 1 Dec .* renew domain +7 days before, too +$(id -un), " out
check "and that of the configuration, with its next date, to whom, and its place" \
  grep -qE '^tapes +today [0-9:]+ +\(\* \* \* \* \*\) +Change tapes. +to me@x.y +.*conf:1$' out
check "programs may have it as data" sh -c 'sheepdog diary -c conf --list -f json | jq -e ".appointments | map(.name) == [\"#1\", \"#2\", \"tapes\"]" > /dev/null'
sql "SELECT count(*) FROM due WHERE kind = 'diary'" > due
sqlite3 "$database" "UPDATE due SET at = 60000 * (at / 60000 - 1) WHERE kind = 'diary' AND key <> '#1'"
dog queue flush 2> flush.log
same "what is due is told, once, to whom it says" 'log|note|1
me@x.y|note|1' \
  "$(sql "SELECT recipient, kind, count(*) FROM outbox WHERE action LIKE '%tux01/diary: %' GROUP BY 1, 2")"
same "what is to come is a fact" '#2|look up
tapes|Change tapes.' "$(sql "SELECT DISTINCT name, text FROM appointment WHERE name <> '#1' ORDER BY 1")"
runs "what is struck out" 0 dog diary --off '#2'
runs "is there no more" 2 dog diary --off 2
runs "what is of the configuration stays" 2 dog diary --off tapes
check "and where it is, is said" grep -qE "^hint: take it out at .*conf:1$" err
runs "what is of nobody" 2 dog diary --off tape
has "is said to be" "there is no tape in the diary" err

# --- silence: stored and shown, not told
told() { sql "SELECT count(*) FROM outbox o JOIN about a ON a.outbox = o.id JOIN subject s ON s.id = a.subject WHERE s.tag = '$1' AND a.kind = '$2'"; }
told_is() { [ "$(told "$1" "$2")" = "$3" ]; }
runs "a silence wants to know how long" 2 dog silence 'tux01/*'
has "and says so" "'silence' wants a duration, or --until=TIME" err
runs "not what is over" 2 dog silence 'tux01/*' --until 2020-01-01
runs "nor what is none" 2 dog silence 'tux01/*' 'for ever'
runs "a pattern is to be one" 2 dog silence '/x' 2d
runs "a slip is seen" 0 dog silence 'tux1/*' 2d
has "with what was meant" "hint: did you mean 'tux01/*'?" err
runs "a silence" 0 dog silence 'tux01/q*' 2d --reason "new disk"
has "is confirmed, with its number" "tux01/q* is silent until" err
sheepdog -c conf -t quiet -e 'exit 1' 2> barks.log
check "what fails then is stored" wait_until 20 sql_is fail "SELECT state FROM subject WHERE tag = 'quiet'"
check "the decision says why it is not told" wait_until 20 sql_is 'hold|silenced #2' \
  "SELECT verdict, reason FROM decision d JOIN subject s ON s.id = d.subject WHERE tag = 'quiet'"
dog status 'tux01/quiet' > out
same "it does not count for the exit status" 0 $?
has "and status says why" "silenced" out
dog show tux01/quiet > out
check "show says until when, by whom and why" grep -qE "^  silenced +until .* by $(id -un): new disk \(#2\)" out
runs "check as well" 2 dog check tux01/quiet
has "behind the reason" "exit status 1 (silenced) |" out
check "programs may know" sh -c 'sheepdog status -c conf -f json tux01/quiet | jq -e ".subjects[0].silenced == true and .subjects[0].acked == false" > /dev/null'
echo '(config (name "tux01") (mailto "") (silence "tux01/z*" (until "2099-01-01") (reason "old")))' > conf
dog silence --list > out
check "what is silent by hand" grep -qE "^#2 +tux01/q\* +until .* $(id -un), .* new disk$" out
check "and by the configuration, with its place" grep -qE '^conf:1|conf:1 +tux01/z\* +until .* old$' out
sheepdog -c conf -t zero -e 'exit 1' 2> barks.log
check "that counts as well" wait_until 20 sql_is 1 "SELECT count(*) FROM decision WHERE reason LIKE 'silenced %conf:1'"
runs "no action ends it" 2 dog silence 'tux01/z*' --off
check "which says where it stands" grep -qE "^hint: take it out at .*conf:1$" err
runs "asked for again it is another" 0 dog silence 'tux01/q*' 1h
same "in place of the first" 3 "$(sql "SELECT group_concat(id) FROM silence WHERE pattern = 'tux01/q*' AND t1 > 1000 * unixepoch() + 1000")"
same "nothing is told yet" 0 "$(told quiet problem)"
runs "a silence that is taken back" 0 dog silence 'tux01/q*' --off
check "lets what is still wrong be told" wait_until 20 told_is quiet problem 1
runs "there is none any more" 2 dog silence '#3' --off

# --- ack: somebody sees to it
runs "what is ok cannot be acknowledged" 2 dog ack tux01/dump
has "which is said" "tux01/dump is ok" err
runs "nor what is unknown" 2 dog ack tux01/dumb
has "with what was meant" "hint: did you mean 'tux01/dump'?" err
runs "what fails can be" 0 dog ack quiet --reason "on it"
dog show quiet > out
check "show says so" grep -qE "^  acked +until it is ok by $(id -un): on it \(#4\)" out
runs "it does not count for the exit status" 0 dog status tux01/quiet
has "and status says why" "acked" out
check "the list has it" sh -c 'sheepdog ack -c conf --list -f json | jq -e ".silences | map([.kind, .pattern]) == [[\"ack\", \"tux01/quiet\"]]" > /dev/null'
sheepdog -c conf -t quiet -e true 2> barks.log
check "its end is told all the same" wait_until 20 told_is quiet recovery 1
same "and the acknowledgement is over" 0 "$(sql "SELECT count(*) FROM silence WHERE kind = 'ack' AND t1 > 9e18")"

# --- forget
runs "nothing to forget" 2 dog forget 'tux99/*'
sheepdog -c conf -t gone -e 'exit 1' 2> barks.log
check "what was told" wait_until 20 told_is gone problem 1
runs "what is expected by hand" 0 dog expect tux01/gone --every 1d
echo '(config (name "tux01") (mailto "") (expect "tux01/gone" (every "1d")))' > conf
runs "is forgotten" 0 dog forget tux01/gone
has "as many as were meant" "1 subject forgotten" err
same "what was asked for by hand is so no more" 0 "$(sql "SELECT count(*) FROM asked")"
has "what the configuration names is said to stay" "warning: tux01/gone is expected still" err
check "and where" grep -qE "^hint: take it out at .*conf:1$" err
check "and ended, once" wait_until 20 told_is gone closed 1
same "its history stays" 1 "$(sql "SELECT count(*) FROM interruption WHERE tag = 'gone' AND \"end\" = 'closed'")"
dog status --all > out
has_not "it is not shown any more" gone out
sheepdog -c conf -t gone -e 'exit 1' 2> barks.log
check "the next failure starts it anew" wait_until 20 told_is gone problem 2
dog status > out
has "and it is there again" gone out

# --- replay: what today's rules would have said, and nothing is performed
runs "a replay wants to know since when" 2 dog replay
echo '(config (name "tux01") (mailto ""))' > conf
sheepdog -c conf -t soft -e 'exit 0' 2> barks.log
sheepdog -c conf -t soft --warn-status=1 -e 'exit 1' 2> barks.log
check "a warning that nobody is told of" wait_until 20 sql_is warn "SELECT state FROM subject WHERE tag = 'soft'"
rows=$(sql "SELECT count(*) FROM outbox")
runs "the same rules say the same" 0 dog replay 'tux01/soft' --since 1h
has "as is said" "2 messages replayed, no difference" err
echo '(config (name "tux01") (mailto "") (notify (on warn fail recovery)))' > conf
runs "others would have said otherwise" 1 dog replay 'tux01/soft' --since 1h
check "what, when, of whom, to whom" grep -qE '^\+ 20..-..-.. ..:..:..  tux01/soft  told problem to log  [0-9]+$' out
check "programs may have it as data" sh -c 'sheepdog replay -c conf tux01/soft --since 1h -f json | jq -e ".differences | map([.change, .what, .subject]) == [[\"new\", \"told\", \"tux01/soft\"]]" > /dev/null'
same "nothing was told" "$rows" "$(sql "SELECT count(*) FROM outbox")"
same "and nothing left behind" '' "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'sheepdog-replay.*' -newer conf)"
finish
