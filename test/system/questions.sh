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
finish
