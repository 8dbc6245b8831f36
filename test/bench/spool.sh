# spool.sh -- rows of the bench about the spool: what a put costs when it is long
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sourced by run: needs $root, heading and row.
# shellcheck shell=sh
c++ -std=c++20 -O2 -I"$root/core" "$root/test/bench/spool.cc" "$root/build/libsheepdog-core.a" \
  -o spool-bench -lfmt -lhiredis -lpthread || exit 2
mkdir spool-bench.d
./spool-bench "$work/spool-bench.d" 100 100000 > spool-bench.out || exit 2
heading spool
row 'put at 10^5 files, ms; peer: at 10^2' "$(sed -n 2p spool-bench.out)" "$(sed -n 1p spool-bench.out)" 'a <= 1.5 * b'
