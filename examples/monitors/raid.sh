#!/bin/sh
# raid.sh -- a monitor in shell: bark about software RAID, from cron or a timer, without installing a library
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: raid.sh [FILE]    FILE: where the kernel tells of its arrays [/proc/mdstat]
mdstat=${1:-/proc/mdstat}

# An array that lacks a disk has a _ between its brackets: "[2/1] [U_]".
degraded=$(awk '/^md/ { name = $1 } /\[[U_]*_[U_]*\]/ { printf "%s\"%s\"", comma, name; comma = "," }' "$mdstat")
state=ok
[ -z "$degraded" ] || state=fail
printf '{"monitor":"raid","state":"%s","fields":{"degraded":[%s]}}\n' "$state" "$degraded" | sheepdog bark --json
