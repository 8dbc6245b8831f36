#!/bin/sh
# first-bark.sh -- from a fresh clone to a first bark: build, let a job fail, ask what happened
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes build/ and a temporary directory, removed at the end. No server, no daemon, no mail.
# Exit status: 0 it barked; 1 something went wrong; 2 something needed to build is missing.
set -u
cd "$(dirname "$0")/.." || exit 2

sh test/dependencies.sh build || exit 2
mkdir -p build/log
[ -x build/sheepdog ] || echo "Building, this takes some minutes; build/log/build.log tells how it goes." >&2
if ! { cmake -S . -B build && cmake --build build --parallel "$(nproc 2> /dev/null || echo 2)"; } \
  > build/log/build.log 2>&1; then
  cat build/log/build.log >&2
  exit 1
fi

# A machine of its own: a new home and nothing of yours.
HOME=$(mktemp -d "${TMPDIR:-/tmp}/first-bark.XXXXXX") || exit 2
trap 'rm -rf "$HOME"' EXIT
trap 'exit 1' HUP INT TERM
XDG_STATE_HOME=$HOME/.local/state
XDG_CONFIG_HOME=$HOME/.config
XDG_RUNTIME_DIR=$HOME/run
PATH=$PWD/build:$PATH
SHEEPDOG_DATADIR=$PWD/build/share/sheepdog
export HOME XDG_STATE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR PATH SHEEPDOG_DATADIR
unset SHEEPDOG_CONF
echo '(config (mailto ""))' > "$HOME/.sheepdog.conf"
problems=0

# shown COMMAND-LINE [STATUS...]: print it as typed, run it; it must end with one of STATUS [0].
shown() {
  line=$1
  shift
  printf '$ %s\n' "$line"
  (eval "$line") 2>&1
  got=$?
  for wanted in "${@:-0}"; do
    [ $got != "$wanted" ] || return 0
  done
  echo "(ended with status $got, expected ${*:-0})"
  problems=1
}

# Three nights of a backup that cannot work: 2 from borg (no repository), 127 without borg.
job='sheepdog -c ~/.sheepdog.conf -m monitor-error -e "borg create --stats /export/backup/borg::stamp /export/ipfs"'
shown "$job" 2 127
(eval "$job") > "$HOME/again" 2>&1
(eval "$job") >> "$HOME/again" 2>&1
grep '^sheepdog: barked' "$HOME/again"
shown 'sheepdog status' 1
host=$(sheepdog status -f json | sed 's/.*"host":"\([^"]*\)".*/\1/')
shown "sheepdog show $host/borg"

# Any program can tell facts.
shown "echo '{\"tag\":\"inventory\",\"state\":\"ok\",\"facts\":[[\"package\",\"nginx\",\"1.22.1\"],[\"service\",\"nginx\",\"systemd\"],[\"ram\",2048]]}' | sheepdog bark --json"
shown "sheepdog show $host/inventory"

# And all that was heard can be asked for.
shown 'sheepdog -t nginx -e "sh -c \"exit 7\""' 7
shown "sheepdog ask '(?service ?host) (during (last \"30d\") (interruption ?host ?service) (service ?host ?service)
    (ram ?host ?ram) (< ?ram \"4GiB\") (package ?host \"nginx\" \"1.22.1\"))'"
exit $problems
