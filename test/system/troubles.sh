#!/bin/sh
# troubles.sh -- the example of five troubles: each of them is told once, and so is its end
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

if ! unshare -m true 2> unshare.log && ! unshare -rm true 2>> unshare.log; then
  skip "five troubles of a machine" "it wants a name space of mounts"
  finish
fi
runs "five troubles of a machine are played through" 0 sh "$root/examples/five-troubles.sh"
told() { sed -n "s|^\[sheepdog\] $1 tux/\([a-z]*\)[ :].*|\1|p" out | sort | tr '\n' ' '; }
same "each is told once" "busy certificate disk herdsman page " "$(told FAIL)"
same "and so is its end" "busy certificate disk herdsman page " "$(told ok)"
has "the disk, with how full it is" "/full 96 % full" out
has "the process, with how many there are" "FAIL tux/herdsman: 0 processes" out
has "the page, with what the server said" "FAIL tux/page: status 503" out
has "the certificate, with its days" "FAIL tux/certificate: good for " out
check "the load, with the cores" grep -q 'FAIL tux/busy: load [0-9.]* on [0-9]* core' out
check "nothing is left mounted" sh -c '! grep -q five-troubles /proc/mounts'
finish
