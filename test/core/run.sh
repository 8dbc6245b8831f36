#!/bin/sh
# run.sh -- the tests of core/, with the last line that all our tests have
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: sh test/core/run.sh PROGRAM [GOOGLETEST-OPTION...]
program=$1
shift
counts=$(mktemp) || exit 2
trap 'rm -f "$counts"' EXIT
"$program" --gtest_brief=1 --gtest_output="json:$counts" "$@"
status=$?
jq -r '"\(.tests - .failures - .disabled) passed, \(.failures) failed"' "$counts"
exit $status
