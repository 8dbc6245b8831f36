#!/bin/sh
# check.sh -- build and run every test; the last line is "N passed, N failed" (and ", N skipped")
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: sh test/check.sh [--only PATTERN] [--seed N|random]
# Exit status: 0 all passed; 1 a test failed, or the build did; 2 something needed is missing.
# PATTERN is a regular expression over the names of tests, as `system/redis`. The seed chooses among the
# faults (doc/faults.org). Two tests run at a time. Writes build/ and temporary directories. Each test's
# output stays in build/log/.
set -u
cd "$(dirname "$0")/.." || exit 2
only=.
seed=4711
while [ $# -gt 0 ]; do
  case $1 in
    --only=*) only=${1#--only=} ;;
    --seed=*) seed=${1#--seed=} ;;
    --only)
      only=${2:?"--only wants a pattern"}
      shift
      ;;
    --seed)
      seed=${2:?"--seed wants a number, or 'random'"}
      shift
      ;;
    *)
      echo "usage: sh test/check.sh [--only PATTERN] [--seed N|random]" >&2
      exit 2
      ;;
  esac
  shift
done

sh test/dependencies.sh test || exit 2
jobs=$(nproc 2> /dev/null || echo 2)
began=$(date +%s)
mkdir -p build/log
if ! { cmake -S . -B build && cmake --build build --parallel "$jobs"; } > build/log/build.log 2>&1; then
  cat build/log/build.log
  echo "the build failed"
  echo "0 passed, 1 failed"
  exit 1
fi
echo "built in $(($(date +%s) - began)) s"

# counts LOG: set p, f, s from the test's last words.
counts() {
  p='' f=0 s=0
  case $(tail -n 1 "$1") in
    *' passed, '*' failed'*)
      # shellcheck disable=SC2046 # three words
      set -- $(tail -n 1 "$1" | tr -dc '0-9 ')
      p=$1 f=$2 s=${3:-0}
      ;;
  esac
}

# run NAME COMMAND...: one test program; ends it after 10 minutes. Its counts go to a file of $results.
run() {
  name=$1
  shift
  echo "$name" | grep -qE -e "$only" || return 0
  file=$(echo "$name" | tr / -)
  log=build/log/$file.log
  start=$(date +%s)
  timeout -k 10 600 "$@" > "$log" 2>&1 < /dev/null
  status=$?
  counts "$log"
  if [ -z "$p" ]; then
    p=0 f=1
    echo "(ended with status $status and told no counts)" >> "$log"
  elif [ $status != 0 ] && [ "$f" = 0 ]; then
    f=1
    echo "(ended with status $status)" >> "$log"
  fi
  echo "$p $f $s" > "$results/$file"
  word=ok more=
  [ "$f" = 0 ] || word=FAIL more=", $f failed"
  [ "$s" = 0 ] || more="$more, $s skipped"
  printf '%-4s %-32s %4d passed%s  (%d s)\n' $word "$name" "$p" "$more" $(($(date +%s) - start))
  [ "$s" = 0 ] || grep '^skipped' "$log" | sed 's/^/  /'
}

python=/usr/bin/python3 # Debian's has all of the standard library; the first of PATH may not
[ -x $python ] || python=python3
[ "$seed" != random ] || seed=$(($(date +%s) % 1000000))

# What computes, one after the other.
of_parts() {
  run layers sh test/layers.sh
  [ ! -x build/core-test ] || run core sh test/core/run.sh build/core-test
  for file in test/scheme/*-test.scm test/plugins/*-test.scm test/oracle/*-test.scm; do
    [ -e "$file" ] || continue
    name=${file#test/}
    run "${name%-test.scm}" build/pre-inst-env sheepdog-guile "$file"
  done
  run fault/mutations $python test/fault/mutate --applies
  run "fault/seed=$seed" $python test/fault/all --short --seed "$seed"
}

# What mostly waits, for servers and limits, likewise.
of_the_whole() {
  for file in test/system/*.sh; do
    [ "$file" != test/system/support.sh ] || continue
    name=${file#test/}
    run "${name%.sh}" sh "$file"
  done
}

results=$(mktemp -d) || exit 2
trap 'rm -rf "$results"' EXIT
of_parts &
of_the_whole
wait

passed=0 failed=0 skipped=0
for file in "$results"/*; do
  [ -e "$file" ] || continue
  read -r p f s < "$file"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  if [ "$f" != 0 ]; then
    echo "FAIL ${file##*/}:"
    sed 's/^/  | /' "build/log/${file##*/}.log"
  fi
done
[ $skipped = 0 ] && rest= || rest=", $skipped skipped"
echo "$passed passed, $failed failed$rest"
[ $failed = 0 ]
