# table.sh -- the table that measurements print: what, ours, a peer or limit, the ratio, the goal
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034 # `missed' is for who sources it
missed=0

heading() { printf '\n%-56s %10s %10s %7s  %-16s\n' "$1" ours peer ratio 'goal (a ours, b peer)'; }

# row WHAT OURS PEER GOAL: OURS and PEER as printed; GOAL is an awk condition over a (ours) and b (peer).
row() {
  verdict=$(awk -v a="$2" -v b="$3" "BEGIN { printf \"%.2f %s\", b ? a / b : 0, ($4) ? \"ok\" : \"MISSED\" }")
  printf '%-56s %10s %10s %7s  %-16s %s\n' "$1" "$2" "$3" "${verdict% *}" "$4" "${verdict#* }"
  case $verdict in *MISSED) missed=1 ;; esac
}
