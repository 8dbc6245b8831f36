#!/bin/sh
# dependencies.sh -- find what is needed; where there is apt-get, install what is missing
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: sh test/dependencies.sh build|test
# Exit status: 0 all is here (now); 2 something is missing and could not be installed.
set -u
missing=

# need PACKAGE COMMAND...: COMMAND succeeds where Debian's PACKAGE, or its like elsewhere, is there.
need() {
  package=$1
  shift
  "$@" > /dev/null 2>&1 || missing="$missing $package"
}

program() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1"; }

# header FILE: the C++ compiler finds it.
header() { printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$1" | c++ -E -x c++ -; }

# library NAME: the linker finds it.
library() { echo 'int main() {}' | c++ -x c++ - "-l$1" -o /dev/null; }

# module NAME: Debian's Python has it (its programs use that one, not the first of PATH).
module() { /usr/bin/python3 -c "import $1" || python3 -c "import $1"; }

# lisp NAME: Debian's Emacs has it, in some version.
lisp() { ls -d "/usr/share/emacs/site-lisp/elpa-src/$1-"*; }

for_build() {
  need tzdata test -e "${TZDIR:-/usr/share/zoneinfo}/UTC"
  need g++ program c++
  need make program make
  need cmake program cmake
  need pkg-config program pkg-config
  need guile-3.0-dev pkg-config --exists guile-3.0
  need libhiredis-dev pkg-config --exists hiredis
  need libsqlite3-dev pkg-config --exists sqlite3
  need libcurl4-openssl-dev pkg-config --exists libcurl
  need libfmt-dev header fmt/format.h
  need nlohmann-json3-dev header nlohmann/json.hpp
  need libboost-dev header boost/process.hpp
  need libboost-filesystem-dev library boost_filesystem
}

for_test() {
  for_build
  need libgtest-dev header gtest/gtest.h
  need redis-server program redis-server
  need redis-tools program redis-cli
  need borgbackup program borg
  need msmtp program msmtp
  need python3 program python3
  need python3-aiosmtpd module aiosmtpd
  need openssl program openssl
  need curl program curl
  ! program apt-get > /dev/null || need cron program cron # Guix has none; that test is skipped there
  if program apt-get > /dev/null; then # elsewhere that test is skipped where there is no Geiser
    need emacs-nox program emacs
    need elpa-geiser lisp geiser
  fi
  need sqlite3 program sqlite3
  need jq program jq
  need moreutils program chronic
  need patch program patch
  need strace program strace
  need procps program ps
  need bsdutils program script
  need perl program perl
  [ "$(id -u)" != 0 ] || need_for_root
}

# Faults that only root can make; elsewhere they are skipped.
need_for_root() {
  need e2fsprogs program mkfs.ext4
  need mount program losetup
  need iproute2 program ip
}

# as_root COMMAND...: run it as root, asking nothing.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@" < /dev/null
  else
    sudo env DEBIAN_FRONTEND=noninteractive "$@" < /dev/null
  fi
}

install() {
  # shellcheck disable=SC2086 # a list of words
  as_root apt-get install -qq -y --no-install-recommends $missing
}

case ${1-} in
  build) for_build ;;
  test) for_test ;;
  *)
    echo "usage: $0 build|test" >&2
    exit 2
    ;;
esac
[ -n "$missing" ] || exit 0

if ! program apt-get > /dev/null; then
  echo "$0: error: missing, by their names in Debian:$missing" >&2
  echo "hint: with Guix: guix shell -D -f guix.scm" >&2
  exit 2
fi
echo "Installing$missing" >&2
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
# The lists of a fresh image are empty, those of an old one out of date: then fetch them and try again.
if ! install > "$log" 2>&1; then
  { as_root apt-get update -qq && install; } >> "$log" 2>&1 || {
    cat "$log" >&2
    echo "$0: error: cannot install$missing" >&2
    exit 2
  }
fi
# Ask again: a package may be there and yet not what we look for.
missing=
case $1 in
  build) for_build ;;
  test) for_test ;;
esac
[ -z "$missing" ] || {
  echo "$0: error: installed, and still not found:$missing" >&2
  exit 2
}
