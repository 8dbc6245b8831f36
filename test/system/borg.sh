#!/bin/sh
# borg.sh -- a real borg: a backup that works, one without its repository, one whose repository is locked
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

export BORG_BASE_DIR="$work/borg" BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
mkdir "$BORG_BASE_DIR" data
echo "the data" > data/file
echo '(config (name "penguin2") (mailto "") (always yes))' > "$HOME/.sheepdog.conf"
borg init --encryption none "$work/repository" > init.log 2>&1 || cat init.log
repository=$work/repository

stored() { wait_until 10 sql_is "$1" 'SELECT count(*) FROM event'; }
state() { sql "SELECT state FROM subject WHERE host = 'penguin2' AND tag = '$1'"; }

# --- it works
runs "a backup that works ends with 0" 0 sheepdog -t BORG-ETC -e "borg create --stats $repository::one $work/data"
has "its statistics pass" "Archive name: one" "$work/err"
check "it is stored" stored 1
same "as ok" ok "$(state BORG-ETC)"
check "the archive is there" borg info "$repository::one" > info.log

# --- no repository
runs "a backup without its repository ends with borg's 2" 2 \
  sheepdog -t BORG-ETC -e "borg create --stats $work/nowhere::one $work/data"
has "borg's words pass" "Repository $work/nowhere does not exist." "$work/err"
has "and our last line tells what it was" "sheepdog: barked: borg exited with status 2 after " "$work/err"
check "it is stored too" stored 2
same "as fail" fail "$(state BORG-ETC)"
runs "show tells the whole tale" 0 sheepdog show penguin2/BORG-ETC
has "the command" "borg create --stats $work/nowhere::one" "$work/out"
has "the outcome" "exit status 2 after " "$work/out"
has "borg's last words" "does not exist." "$work/out"
has "and when it last worked" "last ok" "$work/out"

# --- locked: another borg holds the repository
start holder borg with-lock "$repository" sleep 60
check "another borg holds the lock" wait_until 15 test -d "$repository/lock.exclusive"
runs "a backup of a locked repository ends with borg's 2" 2 \
  sheepdog -t BORG-IPFS -e "borg create --lock-wait 1 $repository::two $work/data"
has "borg says why" "Failed to create/acquire the lock" "$work/err"
check "it is stored" stored 3
same "as fail, of its own subject" fail "$(state BORG-IPFS)"
same "the other subject is as before" fail "$(state BORG-ETC)"
stop "$pid"
borg break-lock "$repository" 2>> init.log

# --- a borg warning (status 1) is what its owner says it is
runs "status 1 can be a warning" 1 sheepdog -t BORG-WARN --warn-status=1 -e "borg create $repository::three $work/data $work/absent"
check "it is stored" stored 4
same "as warn" warn "$(state BORG-WARN)"

# --- and all is well again
runs "the repository is free again" 0 sheepdog -t BORG-IPFS -e "borg create $repository::two $work/data"
runs "and the other is there" 0 sheepdog -t BORG-ETC -e "borg create $repository::four $work/data"
check "both are stored" stored 6
same "as ok" 'ok ok' "$(state BORG-ETC) $(state BORG-IPFS)"
finish
