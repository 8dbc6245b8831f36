#!/bin/sh
# install.sh -- what `cmake --install` puts somewhere works there, and a start never compiles
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

runs "a staged installation is made" 0 env DESTDIR="$work/stage" cmake --install "$root/build"
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:[A-Z]*=//p' "$root/build/CMakeCache.txt")
there=$work/stage$prefix
for program in sheepdog sheepdog-daemon sheepdog-queue-daemon sheepdog-handler sheepdog-sh; do
  check "$program is installed" test -x "$there/bin/$program"
done
check "what they start is beside them, not among them" test -x "$there/libexec/sheepdog/sheepdog-guile"
same "none of them loads Guile or SQLite" '' "$(ldd "$there"/bin/* | grep -E 'guile|sqlite')"

# Nothing of the build tree: the installed programs, the installed Scheme.
PATH=$there/bin:$(echo "$PATH" | cut -d: -f2-)
SHEEPDOG_DATADIR=$there/share/sheepdog
export PATH SHEEPDOG_DATADIR
same "the installed program is the one that runs" "$there/bin/sheepdog" "$(command -v sheepdog)"
same "its compiled Scheme is where it is sought" 1 "$(find "$there" -name plugin.go | wc -l)"
chmod -R a-w "$there"
runs "a job is watched" 3 sheepdog -t job -e 'exit 3'
check "and stored" wait_until 10 sql_is fail "SELECT state FROM subject WHERE tag = 'job'"
strace -f -o trace -e trace=openat,open sheepdog status > out 2> err
same "status says so" 1 $?
check "it read compiled files" grep -q '\.go"' trace
same "and not one source of ours" '' "$(grep -E '/sheepdog/[a-z/-]+\.scm".* = [0-9]' trace)"
same "nothing was compiled" '' "$(find "$HOME" -name '*.go')"
chmod -R u+w "$there"
finish
