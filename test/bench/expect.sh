# expect.sh -- a round of the server while much is expected and nothing is due; sourced by run
# SPDX-License-Identifier: GPL-3.0-or-later
heading 'what is expected'
sheepdog-guile "$root/test/bench/expect.scm" 1000 100000 > expected
few=$(awk 'NR == 1 { print $2 }' expected)
many=$(awk 'NR == 2 { print $2 }' expected)
row 'a round, 100000 expected, nothing due, ms; limit' "$many" 10 'a <= b'
row 'likewise; peer: 1000 expected' "$many" "$few" 'a <= 2 * b + 0.5'
