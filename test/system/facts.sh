#!/bin/sh
# facts.sh -- facts told by programs, kept in relations that a configuration and a monitor declare, shown
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"
mkdir monitors
cat > conf <<END
(config (name "tux01") (mailto "") (monitor-path "$work/monitors")
        (logic (define-state (raid host disk -> status) "State of an md array.")
               (define-relation (worn ?host) (raid ?host _ "degraded"))))
END
cat > monitors/lamp.scm <<'END'
(define-module (monitors lamp)
  #:use-module (sheepdog plugin)
  #:declarative? #f)
(define-state (lamp host name -> (watts integer)) "A lamp and its power.")
(define-event (flash host name))
(define-monitor lamp
  "Keep what lamps tell."
  (fields (name string? "The lamp.") (watts number? "Its power."))
  (receive (message)
    `((store (lamp ,(message-host message) ,name ,watts))
      (store (flash ,(message-host message) ,name)))))
END
dog() { action=$1; shift; sheepdog "$action" -c "$work/conf" "$@"; }

runs "where nothing is stored" 2 dog facts
dog bark -t inventory -s ok --fact="package nginx 1.22.1" --fact="package bash 5.20" --fact="ram 4GiB" \
  --fact="raid md0 degraded" --fact="shoe left 43" 2> bark.err
dog bark -t hall -m lamp -s ok name=hall watts=60 2>> bark.err
runs "facts of a relation" 0 dog facts package
has "in columns" 'host   name   version  since' out
has "with what was told" 'tux01  nginx  1.22.1   20' out
has "a version is text" 'tux01  bash   5.20     20' out
has "and how many they are" '2 facts.' out
runs "facts of a host, whatever they tell" 0 dog facts --host tux01
has "by relation" 'raid' out
has "sizes have their unit" 'tux01  4096 MiB' out
has "what nobody declared has columns without names" 'host   k1    value  since' out
runs "of a host that nobody knows there are none" 1 dog facts --host tux99
has "which is said" 'No fact.' out
runs "a relation that there is not" 2 dog facts pakage
has "is named" "no relation 'pakage'" err
has "with the nearest" "did you mean 'package'?" err
runs "a relation of the configuration" 0 dog facts raid
has "has its rows" 'tux01  md0   degraded' out
runs "one of a monitor's file" 0 dog facts lamp
has "has what its receiver stored" 'tux01  hall  60' out
runs "events are shown with their time" 0 dog facts flash
has "and no end" 'host   name  at' out
runs "the schema" 0 dog facts --schema
has "has the columns" '(package host name -> (version version))  2' out
has "and the sentence" '  An installed package.' out
has "says who declared it" "(raid host disk -> status)  1, $work/conf:2" out
has "and what nobody did, to be copied" '  (define-state (shoe host k1 -> (value integer)))  ; 1' out
runs "programs have it as JSON" 0 sh -c 'sheepdog facts -c conf package -f json > json &&
  jq -e ".version == 0 and .count == 2 and .facts[1].version == \"1.22.1\" and .facts[1].host == \"tux01\"
         and (.facts[1].since_epoch | type) == \"number\"" json'
runs "Emacs has it as a list" 0 dog facts ram -f sexp
has "a line each" ' (fact ram "tux01" 4096 (since ' out
runs "Org has tables" 0 dog facts ram -f org
has "of them" '| tux01 | 4096 MiB |' out
runs "what the configuration calls worn can be asked for" 0 dog ask '(?host) (worn ?host)'
has "as any relation" 'tux01' out

# --- what cannot be is told, and costs nothing else
sed -i 's/(raid host disk -> status)/(raid host disk -> status spare)/' conf
dog bark -t inventory -s ok --fact="raid md1 ok" 2> bark.err
check "a declaration with other columns is a warning of the server" sql_is 1 "SELECT count(*) FROM event
  WHERE tag = 'sheepdog relations' AND state = 'warn'
    AND summary LIKE '%relation ''raid'' has other columns: (raid host disk -> status)'"
runs "the facts stay, and go on as they are" 0 dog facts raid
has "with the old columns" 'tux01  md1   ok' out
sed -i 's/(raid host disk -> status spare)/(raid host disk -> statsu txt)/; s/txt)/(x txt))/' conf
runs "a wrong declaration" 2 dog config check
has "is told at its place" "conf:2:" out
has "with the nearest word" "did you mean 'text'?" out
finish
