#!/bin/sh
# open_files.sh -- a monitor in shell as Nagios would have it: an exit status, a line, performance data
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: open_files.sh PERCENT [FILE]    FILE: where the kernel counts [/proc/sys/fs/file-nr]
# In a configuration: (watch open-files (command "/usr/local/lib/sheepdog/open_files.sh" "80"))
read -r open _ most < "${2:-/proc/sys/fs/file-nr}" || exit 3
line="$open of $most files open | open=$open;;;0;$most"
if awk "BEGIN { exit !($open * 100 > $most * $1) }"; then
  echo "FULL - $line"
  exit 2
fi
echo "OK - $line"
