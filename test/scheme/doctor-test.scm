;;; doctor-test.scm -- what the doctor says
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog test)
             (sheepdog view findings))

(run-tests "doctor"
  (test-equal "a line each, hints behind"
    '("  ok    configuration  /home/ibackup/.sheepdog.conf, 6 keys"
      "  warn  spool          /s: 1 message waits since 2 h"
      "hint: 'sheepdog queue flush' sends them now"
      "  FAIL  mail           sendmail: exit status 75 (temporary failure)")
    (finding-lines
     (list (configuration-finding "/home/ibackup/.sheepdog.conf" 6 0 0)
           (spool-finding "/s" #(1 0 0 5 0) "1 message waits since 2 h")
           (finding 'fail "mail" "sendmail: exit status 75 (temporary failure)"))))
  (test-equal "text of others is escaped"
    '("  ok  x  \\x1b;c")
    (finding-lines (list (finding 'ok "x" "\x1bc"))))
  (test-equal "the exit status: good, warnings only, failures"
    '(0 1 2)
    (map (lambda (states)
           (findings-exit (map (lambda (state) (finding state "x" "")) states)))
         '((ok ok) (ok warn) (warn fail ok))))
  (test-equal "a configuration: none, good, with warnings, with errors"
    '((ok "configuration" "none: this machine is on its own" #f)
      (ok "configuration" "f, 1 key" #f)
      (warn "configuration" "f: 2 warnings" "'sheepdog config check' lists them")
      (fail "configuration" "f: 1 error" "'sheepdog config check' lists them"))
    (list (configuration-finding #f 0 0 0)
          (configuration-finding "f" 1 0 0)
          (configuration-finding "f" 1 0 2)
          (configuration-finding "f" 1 1 2)))
  (test-equal "machines of the herd: none, all heard, one not"
    '((ok "machines" "none with a heartbeat: sheepdog-daemon on each sends one" #f)
      (ok "machines" "1 machine with a heartbeat, all heard" #f)
      (fail "machines" "2 machines with a heartbeat, not heard: m2"
            "'sheepdog status HOST' tells since when"))
    (list (machines-finding '() '())
          (machines-finding '("m1") '())
          (machines-finding '("m1" "m2") '("m2"))))
  (test-equal "names that several machines may have"
    '(ok warn warn)
    (map (lambda (name) (car (name-finding name))) '("web1" "localhost" "unknown")))
  (test-equal "a spool: empty, waiting, damaged"
    '((ok "spool" "/s" #f)
      (warn "spool" "/s: 3 messages wait" "'sheepdog queue flush' sends them now")
      (warn "spool" "/s: 1 message damaged" "look into /s/bad"))
    (list (spool-finding "/s" #(0 5 0 0 #f) #f)
          (spool-finding "/s" #(3 0 0 0 #f) "3 messages wait")
          (spool-finding "/s" #(3 0 1 0 #f) "3 messages wait"))))
