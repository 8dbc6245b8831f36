#!/bin/sh
# layers.sh -- the edges between the rooms of the house: what may know of what
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Greps includes and imports, and fails on a forbidden one. Each rule is one check. See
# doc/architecture.org for the rooms. Run from anywhere: `sh test/layers.sh [TREE]`.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 2
results=$(mktemp) || exit 2
trap 'rm -f "$results"' EXIT

# rule SENTENCE: fails if standard input, the list of offenders, is not empty. It is the end of a
# pipe, so it counts in a file.
rule() {
  offenders=$(cat)
  if [ -z "$offenders" ]; then
    echo passed >> "$results"
  else
    echo failed >> "$results"
    echo "not ok - $1"
    echo "$offenders" | sed 's/^/  /'
  fi
}

# includes FILE...: lines "FILE HEADER", headers of ours without quotes, others in <>.
includes() {
  grep -HoE '^ *# *include +("[^"]+"|<[^>]+>)' "$@" < /dev/null |
    sed -E 's/^([^:]+): *# *include +/\1 /; s/"//g'
}

# code FILE...: lines "FILE:LINE:TEXT" of Scheme without its comments and with empty strings.
code() {
  awk '
    FNR == 1 { inside = 0 }
    {
      text = ""
      for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        if (inside && c == "\\") i++
        else if (c == "\"") { inside = !inside; text = text c }
        else if (inside) continue
        else if (c == "#" && substr($0, i + 1, 1) == "\\") { text = text substr($0, i, 3); i += 2 }
        else if (c == ";") break
        else text = text c
      }
      print FILENAME ":" FNR ":" text
    }' "$@" /dev/null
}

# imports FILE...: lines "FILE MODULE", as "scheme/sheepdog/store.scm (sheepdog sql)"; of whole modules,
# selected names, #:autoload, resolve-interface and offer! alike.
imports() {
  for file; do
    code "$file" | cut -d: -f3- | tr '\n' ' ' |
      grep -oE "(#:use-module +\(*|#:autoload +|(resolve-(interface|module)|offer!) +'|use-modules +|@@? )\((sheepdog|monitors|handlers|ice-9|srfi|rnrs|system|web|language|oop|guile)[^()]*\)" |
      sed -E "s/^[^(]*\(*/(/; s/  +/ /g; s|^|$file |"
  done
}

# tsort says which of the pairs "USER USED" on standard input go in a circle.
circles() { tsort 2>&1 > /dev/null | sed 's/^tsort: //'; }

core=$(find core -name '*.cc' -o -name '*.hh' | sort)
mains='core/sheepdog(|-daemon|-queue-daemon|-handler|-sh|-guile|-mail)\.cc'
scheme=$(find scheme monitors handlers -name '*.scm' | sort)
modules=$(find scheme/sheepdog -name '*.scm' | sort)
plugins=$(find monitors handlers -name '*.scm' | sort)

# --- C++: each foreign library has one door

# shellcheck disable=SC2086 # lists of files without blanks, here and below
{
  includes $core | grep -F '<hiredis' | grep -v '^core/resp\.cc ' |
    rule "only resp.cc knows hiredis"
  includes $core | grep -F '<sqlite3' | grep -vE '^core/(database|question|live_relation)\.cc ' |
    rule "only database.cc knows SQLite, and what adds words to its SQL"
  includes $core | grep -F '<curl' | grep -v '^core/smtp\.cc ' |
    rule "only smtp.cc knows libcurl"
  includes $core | grep -E ' smtp\.hh$' | grep -vE '^core/(smtp|sheepdog-mail)\.cc ' |
    rule "only sheepdog-mail speaks SMTP: the others run it"
  includes $core | grep -F '<boost/process' | grep -v '^core/process\.cc ' |
    rule "only process.cc knows Boost.Process"
  includes $core | grep -F '<libguile' | grep -vE '^core/(glue|primitives[a-z_]*|scheme_[a-z]+|interpreter)\.(cc|hh) ' |
    rule "only the glue, the primitives and the interpreter know libguile"

  # --- C++: who stands on whom
  includes $core | grep -E ' (glue|primitives|scheme_[a-z]+)\.hh$' |
    grep -vE '^core/(glue|primitives[a-z_]*|scheme_[a-z]+|interpreter|sheepdog-guile)\.(cc|hh) ' |
    rule "below the glue nobody knows the glue"
  includes $core | grep -E ' (interpreter|primitives|intake|numbering|prefetch|local_queue|database|transaction|question|live_relation)\.hh$' |
    grep -vE '^core/(interpreter|primitives[a-z_]*|scheme_[a-z]+|intake|numbering|prefetch|local_queue|database|transaction|question|live_relation|sheepdog-guile)\.(cc|hh) ' |
    rule "only sheepdog-guile has Guile and SQLite in it: the others ask it"
  includes core/error.* core/text.* core/datum.* | grep -vE ' <| (error|text|datum)\.hh$' |
    rule "error, text and datum stand on nothing of ours"
  includes core/*queue.* core/redis* core/resp.* core/connect.* core/spool* core/fit.* |
    grep -E ' (intake|settings|wrapper|process|job|capture|reader)\.hh$' |
    rule "transports and spool know neither the state database nor settings nor processes"
  includes core/process.* core/job.* core/pump.* core/family.* core/hold.* core/capture.* core/redact.* core/pattern.* core/regex.* |
    grep -E ' ([a-z_]*queue|redis|spool[a-z_]*|database|settings|intake|wrapper)\.hh$' |
    rule "processes know neither queues nor databases"
  includes core/reader.* core/syntax.* core/atom.* core/json* core/database.* |
    grep -E ' ([a-z_]*queue|redis|spool[a-z_]*|settings|process|job|intake|wrapper)\.hh$' |
    rule "reader, json and database know no transport and no process"
  includes core/wrapper.* core/bark.* core/delivery.* core/runs.* core/verdict.* core/judge.* |
    grep -E ' (database|intake|local_queue|redis[a-z_]*|glue|primitives)\.hh$' |
    rule "the wrapper knows spool and queue, but no database and no transport"
  includes core/*.hh | grep -v '<' | sed 's|^core/||' | circles |
    rule "no circle among the headers of core/"

  # --- Scheme: who stands on whom
  imports $plugins | grep -F '(sheepdog' | grep -vF '(sheepdog plugin)' |
    rule "plugins import (sheepdog plugin) and Guile's own modules, nothing else of ours"
  imports $plugins | grep -E '\((monitors|handlers) ' |
    rule "plugins do not import each other"
  imports $modules | grep -E '\((monitors|handlers) ' |
    rule "our modules load plugins by name, they do not import them"
  imports $modules | grep -F '(sheepdog command' | grep -vE '^scheme/sheepdog/command(/[a-z/-]+)?\.scm ' |
    rule "only commands know commands"
  imports $modules | grep -F '(sheepdog plugin)' | grep -vE '^scheme/sheepdog/(plugins|user|command/.*)\.scm ' |
    rule "(sheepdog plugin) is for plugins, and for whoever types one"
  for noun in incident notify expect notice outcome schedule zone occurrence window mail quantity pattern name; do
    [ -e scheme/sheepdog/$noun.scm ] || continue
    imports scheme/sheepdog/$noun.scm |
      grep -E '\(sheepdog (core|sql|store|round|outbox|standalone|plugins|config|command)' |
      rule "$noun is pure"
  done
  for noun in incident notify schedule zone occurrence window expect mail action message; do
    [ -e scheme/sheepdog/$noun.scm ] || continue
    code scheme/sheepdog/$noun.scm | grep -E '\((%now|current-time|gettimeofday|%pause|sleep|usleep)[ )]|\(time\)' |
      rule "$noun knows no clock: time is an argument"
  done
  for noun in sql store fact; do
    [ -e scheme/sheepdog/$noun.scm ] || continue
    imports scheme/sheepdog/$noun.scm | grep -E '\(sheepdog (monitor|action|plugin|plugins|notify|round|command)' |
      rule "$noun stands below monitors and actions"
  done
  imports $(find scheme/sheepdog/logic -name '*.scm') |
    grep -E '\(sheepdog (store|fact|relations|catalogue|table|chronicle|batch|round|command|config\)|monitor)' |
    rule "logic knows no machine and no table of ours"
  imports $modules | sed -E 's|^scheme/([^ ]+)\.scm |\1 |' | grep -F '(sheepdog' |
    sed -E 's|[()]||g' | awk '{ used = $2; for (i = 3; i <= NF; i++) used = used "/" $i; if ($1 != used) print $1, used }' |
    circles | rule "no circle among our modules"
  code $scheme | grep -E '\((exit|primitive-exit|primitive-_exit|sigaction|primitive-fork|sleep|usleep)[ )]' |
    grep -vE '^scheme/(sheepdog/command(/[a-z/-]+)?|sheepdog/test|compile)\.scm:' |
    rule "loops that wait, signals and exit live in commands and core/"
  grep -LF '#:declarative? #f' $plugins /dev/null | grep -v '^/dev/null$' |
    rule "plugins say #:declarative? #f, so that the REPL can change them"

  # --- input is data
  grep -nF 'fmt::runtime' $core | rule "no template of fmt is made at run time"
  for file in $scheme; do
    code "$file" | cut -d: -f3- | tr '\n' ' ' |
      grep -oE '\((simple-)?format +([^ "().][^ "()]*|\([^()]*\)) +[^ "][^ )]*' | sed "s|^|$file: |"
  done | rule "each template of format is a literal"
  code $scheme | grep -E '\((eval|eval-string|primitive-eval|read-enable) |\(system +("|\(|[^ ()]+\))' |
    grep -vE '^scheme/sheepdog/(command/)?repl\.scm:' |
    rule "nothing is evaluated, nothing is given to a shell"
  grep -nE '[^_a-z](system|popen|wordexp) ?\(' $core | rule "the core gives nothing to a shell"
}

# --- each file says what it is

tree=$(find core scheme monitors handlers test examples -type f \
  \( -name '*.cc' -o -name '*.hh' -o -name '*.scm' -o -name '*.sh' -o -name '*.sql' -o -name '*.py' -o -name '*.pl' \) \
  -not -name '.*' | sort)

first_lines() {
  for file in $tree; do
    name=${file##*/}
    case $(sed -n '1{/^#!/n;};p;q' "$file") in
      *"$name -- "*) ;;
      *) echo "$file" ;;
    esac
  done
}
first_lines | rule "the first line says the file's name and its one idea"
for file in $tree; do
  head -n 25 "$file" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' || echo "$file"
done | rule "each file names its licence"
for file in $tree; do
  [ "$(wc -l < "$file")" -le 400 ] || echo "$file: $(wc -l < "$file") lines"
done | rule "no file is longer than 400 lines"
# shellcheck disable=SC2086
grep -nE '(;|//|#|--).*\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b' $tree < /dev/null | rule "nothing is left half done"

echo "$(grep -c passed "$results") passed, $(grep -c failed "$results") failed"
! grep -q failed "$results"
