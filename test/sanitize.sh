#!/bin/sh
# sanitize.sh -- the tests of core/ once more, watched by ASan, UBSan and LSan
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: sh test/sanitize.sh [GOOGLETEST-OPTION...]     e.g. --gtest_filter='spool*'
# Builds in build/sanitize/ (the Scheme is that of build/). The last line is "N passed, N failed"; what the
# sanitizers say of core-test or of a process that it started counts as a failure.
# Exit status: 0 all passed; 1 a test failed, or the build did; 2 something needed is missing.
set -u
cd "$(dirname "$0")/.." || exit 2
sh test/dependencies.sh test || exit 2
jobs=$(nproc 2> /dev/null || echo 2)
place=$PWD/build/sanitize
mkdir -p "$place/lib/sheepdog" build/log

build() {
  cmake -S . -B build && cmake --build build --parallel "$jobs" --target scheme &&
    cmake -S . -B "$place" -DCMAKE_BUILD_TYPE=None \
      -DCMAKE_CXX_FLAGS='-O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined' &&
    rm -rf "$place/lib/sheepdog/ccache" && cp -rp build/lib/sheepdog/ccache "$place/lib/sheepdog/" &&
    cmake --build "$place" --parallel "$jobs" --target core-test sheepdog-guile
}
if ! build > build/log/sanitize-build.log 2>&1; then
  tail -n 60 build/log/sanitize-build.log
  echo "the build failed"
  echo "0 passed, 1 failed"
  exit 1
fi

# Guile's collector does not look for references in the stacks that ASan would put aside; libguile keeps some
# bytes of its own for ever.
echo leak:libguile-3.0.so > "$place/suppressions"
export ASAN_OPTIONS="detect_stack_use_after_return=0:log_path=$place/report"
export LSAN_OPTIONS="suppressions=$place/suppressions:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$place/report"
rm -f "$place"/report.*
sh test/core/run.sh "$place/core-test" "$@" > "$place/core-test.log" 2>&1
status=$?
reports=$(find "$place" -maxdepth 1 -name 'report.*' | wc -l)
cat "$place/core-test.log"
if [ "$reports" != 0 ]; then
  cat "$place"/report.*
  passed=$(sed -n '$s/ passed.*//p' "$place/core-test.log")
  echo "${passed:-0} passed, $reports failed"
  status=1
fi
exit $status
