#!/bin/sh
# cron.sh -- cron itself with SHELL=sheepdog-sh, where it can be run; its exact invocation everywhere
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

shell=$(command -v sheepdog-sh)
echo '(config (name "tux01") (mailto "") (always yes))' > "$HOME/.sheepdog.conf"

# as_cron LINE: what cron(8) gives a line: five variables, the shell with -c, no terminal, no input.
as_cron() {
  env -i HOME="$HOME" LOGNAME="$(id -un)" PATH="${shell%/*}:/usr/bin:/bin" SHELL="$shell" \
    XDG_STATE_HOME="$XDG_STATE_HOME" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" SHEEPDOG_DATADIR="$SHEEPDOG_DATADIR" \
    "$shell" -c "$1" < /dev/null
}

runs "a line of a crontab keeps its status" 3 as_cron 'echo hidden; exit 3'
runs "one that works prints nothing, so cron mails nothing" 0 as_cron 'echo hidden; true'
same "not a byte" '' "$(cat "$work/out" "$work/err")"
runs "one that fails shows what it printed" 4 as_cron 'echo shown; exit 4'
has "so cron mails it" shown "$work/out"
runs "its SHELL is /bin/sh" 0 as_cron 'test "$SHELL" = /bin/sh'
runs "each line is a subject of its own" 0 as_cron 'true first'
runs "also if it begins as another" 0 as_cron 'true second'
check "they are stored" wait_until 10 sql_is 2 "SELECT count(*) FROM subject WHERE tag GLOB 'true-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'"
runs "a trailing comment holds options" 7 as_cron 'exit 7 # sheepdog: -t NIGHTLY --warn-status=7'
check "that count" wait_until 10 sql_is warn "SELECT state FROM subject WHERE tag = 'NIGHTLY'"
runs "a wrong option in it stops no job" 6 as_cron 'exit 6 # sheepdog: --aways -t SLIP --help'
has "is a warning" "sheepdog-sh: warning: in the comment: no such option: --aways; did you mean '--always'?" "$work/err"
check "and takes no good one with it" wait_until 10 sql_is fail "SELECT state FROM subject WHERE tag = 'SLIP'"
runs "a line that begins with sheepdog runs unwatched" 0 as_cron "sheepdog -t own -e true"
printf 'caf\303\251\n' > expected
runs "bytes arrive as they were written" 9 as_cron 'printf "caf\303\251\n" >&2; exit 9 # sheepdog: -t coffee'
check "the message is stored" wait_until 10 sql_is fail "SELECT state FROM subject WHERE tag = 'coffee'"
same "under cron's locale too" "$(cat expected)" "$(sql "SELECT CAST(body AS TEXT) FROM message" | jq -r 'select(.tag == "coffee") | .outcome.stderr')"

# --- cron itself, in a mount namespace of its own: it sees our crontab and no other
table=$work/table
{
  echo "SHELL=$shell"
  echo 'MAILTO=""'
  for name in HOME XDG_STATE_HOME XDG_CONFIG_HOME SHEEPDOG_DATADIR; do eval "echo \"$name=\$$name\""; done
  echo '@reboot echo cron ran me >&2; exit 5 # sheepdog: -t CRONTAB'
} > "$table"
cat > private-cron.sh << 'END'
set -e
mount -t tmpfs none /run
mkdir -p /run/crontabs /run/empty
cp "$1" "/run/crontabs/$(id -un)"
chmod 600 "/run/crontabs/$(id -un)"
: > /run/crontab
mount --bind /run/crontabs /var/spool/cron/crontabs
mount --bind /run/empty /etc/cron.d
mount --bind /run/crontab /etc/crontab
exec cron -f
END
if [ "$(id -u)" = 0 ] && command -v cron > cron.path && [ -d /var/spool/cron/crontabs ] && unshare --mount true 2> /dev/null; then
  start cron unshare --mount sh private-cron.sh "$table"
  check "cron itself runs a line through sheepdog-sh" wait_until 30 sql_is fail "SELECT state FROM subject WHERE tag = 'CRONTAB'"
  same "with its output" "cron ran me" "$(sql "SELECT CAST(body AS TEXT) FROM message" | jq -r 'select(.tag == "CRONTAB") | .outcome.stderr')"
else
  skip "cron itself runs a line through sheepdog-sh" "needs root and a mount namespace"
fi
finish
