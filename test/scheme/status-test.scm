;;; status-test.scm -- how the herd stands, whole answers
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog history)
             (sheepdog outlook)
             (sheepdog quantity)
             (sheepdog test)
             (sheepdog view)
             (sheepdog view document)
             (sheepdog view status)
             (ice-9 match)
             (srfi srfi-1))

(setenv "TZ" "UTC")
(tzset)

(define (at text)
  "The epoch ms of TEXT, \"2026-11-22 09:15\"."
  (or (parse-time text 0) (error "no time" text)))

(define %now (at "2026-11-22 09:15"))

(define* (subject host tag state heard
                  #:key (summary "") bad-since (failures 0) ok-at elapsed every
                  (since heard) (hard state) (event 1841) (monitor "error"))
  (standing 1 host tag monitor state hard since bad-since failures heard event
            ok-at #f summary elapsed every))

(define %minute 60000)

(define %herd
  (list (subject "octopus01" "load" 'ok (- %now 12000))
        (subject "octopus01" "memory" 'ok (- %now 12000))
        (subject "penguin2" "BORG-ETC" 'fail (at "2026-11-22 06:00")
                 #:since (at "2026-11-20 06:00") #:bad-since (at "2026-11-20 06:00")
                 #:failures 3 #:elapsed 400 #:every (* 24 60 %minute)
                 #:summary "borg exited with status 2 after 0.4 s"
                 #:ok-at (at "2026-11-19 06:14"))
        (subject "penguin2" "BORG-IPFS" 'ok (at "2026-11-22 06:14")
                 #:elapsed (* 14 %minute) #:every (* 24 60 %minute))
        (subject "penguin2" "fstrim" 'ok (at "2026-11-22 05:00"))
        (subject "penguin2" "sheepdog spool" 'ok (- %now 12000))
        (subject "tux01" "disk /export" 'warn (- %now 12000) #:summary "91 %"
                 #:bad-since (- %now 12000) #:failures 1)
        (subject "tux01" "mariabackup" 'ok (at "2026-11-22 05:41")
                 #:elapsed (* 41 %minute) #:every (* 24 60 %minute))
        (subject "tux01" "nginx" 'warn (- %now 12000) #:summary "restarted twice"
                 #:bad-since (- %now 12000) #:failures 1)
        (subject "tux02" "PING" 'late (at "2026-11-21 22:04") #:every (* 15 %minute)
                 #:summary "none for 30 min")
        (subject "tux04" "load" 'ok (- %now 12000))
        (subject "tux04" "memory" 'ok (- %now 12000))))

(define (times standing)
  (if (standing-elapsed standing)
      (list 200 100 300 (standing-elapsed standing))
      '()))

(define (outcome standing)
  (and (eq? 'fail (standing-state standing)) '((status . 2))))

(define (look standing)
  "Return what is expected of STANDING."
  (and (standing-every standing)
       (outlook (string-append "every " (duration->text (standing-every standing)) ", grace 15 min")
                (+ (standing-heard standing) (standing-every standing))
                (+ (standing-heard standing) (standing-every standing) (* 15 %minute))
                1 '())))

(define* (lines herd #:rest rest)
  (apply status-lines (wanted herd 'usual) %now
         #:run-times times #:outcome outcome #:outlook look rest))

(run-tests "status"
  (test-equal "without a summary only the row is told"
    "^ tux01  raid  warn  12 s ago  2nd time"
    (let ((lines (status-lines (list (subject "tux01" "raid" 'warn (- %now 12000)
                                              #:bad-since (- %now 12000) #:failures 2))
                               %now #:run-times (const '()) #:outcome (const #f))))
      (string-trim-right (second lines))))

  (test-equal "what is bad or expected has a line, the rest is folded"
    '("Sun 22 Nov 09:15  5 machines, 11 watched: 1 FAIL, 1 LATE, 2 warn, 7 ok"
      "! penguin2  BORG-ETC      FAIL  today 06:00      exit 2, 3rd day   ▄▂▆█"
      "+           BORG-IPFS     ok    today 06:14      14 min            ▁▁▁█"
      "^ tux01     disk /export  warn  12 s ago         91 %"
      "+           mariabackup   ok    today 05:41      41 min            ▁▁▁█"
      "^           nginx         warn  12 s ago         restarted twice"
      "- tux02     PING          LATE  yesterday 22:04  due every 15 min"
      "Quiet: octopus01 (2), penguin2/fstrim, tux04 (2).  'sheepdog show NAME' tells.")
    (lines %herd))

  (test-equal "--all folds nothing"
    '("Sun 22 Nov 09:15  1 machine, 2 watched: 2 ok"
      "+ tux04  load    ok  12 s ago"
      "+        memory  ok  12 s ago")
    (lines (filter (lambda (s) (string=? "tux04" (standing-host s))) %herd)
           #:all? #t))

  (test-equal "nothing heard is said so"
    '("Sun 22 Nov 09:15  nothing heard yet")
    (lines '()))

  (test-equal "a long summary is cut to 79 columns"
    (list "Sun 22 Nov 09:15  1 machine, 1 watched: 1 FAIL"
          (string-append "! a  b  FAIL  12 s ago  " (make-string 54 #\x) "…"))
    (lines (list (subject "a" "b" 'fail (- %now 12000)
                          #:summary (make-string 100 #\x)))
           #:outcome (const #f)))

  (test-equal "unless it is to be wide"
    (string-append "! a  b  FAIL  12 s ago  " (make-string 100 #\x))
    (second (lines (list (subject "a" "b" 'fail (- %now 12000)
                                  #:summary (make-string 100 #\x)))
                   #:outcome (const #f) #:wide? #t)))

  (test-equal "that nobody is told stands where it is not cut, nor of what is ok"
    (list (string-append "! a  b  FAIL  12 s ago  silenced, acked, " (make-string 37 #\x) "…")
          "+    c  ok    12 s ago")
    (let ((both (list (quiet 'silenced "#3" #f "" "") (quiet 'acked "#4" #f "" ""))))
      (cdr (lines (list (quieten (subject "a" "b" 'fail (- %now 12000)
                                          #:summary (make-string 100 #\x))
                                 both)
                        (quieten (subject "a" "c" 'ok (- %now 12000)) both))
                  #:outcome (const #f) #:all? #t))))

  (test-equal "text of others cannot play with the terminal"
    "? a  t\\x1b;c\\x202e;  unknown  12 s ago  \\x0a;x"
    (second (lines (list (subject "a" "t\x1bc\u202e" 'unknown (- %now 12000)
                                  #:summary "\nx")))))

  (test-equal "many quiet names are wrapped, and then counted"
    '("Sun 22 Nov 09:15  60 machines, 60 watched: 60 ok"
      "Quiet: host-10/load, host-11/load, host-12/load, host-13/load, host-14/load,"
      "       host-15/load, host-16/load, host-17/load, host-18/load, host-19/load,"
      "       host-20/load, host-21/load, host-22/load, host-23/load, host-24/load,"
      "       host-25/load, host-26/load, host-27/load, host-28/load, host-29/load,"
      "       host-30/load, host-31/load, host-32/load, host-33/load, host-34/load,"
      "       host-35/load, host-36/load, host-37/load, host-38/load, host-39/load,"
      "       host-40/load, host-41/load, host-42/load, host-43/load, host-44/load,"
      "       host-45/load, host-46/load, host-47/load, host-48/load, host-49/load,"
      "       and 20 more.  'sheepdog show NAME' tells.")
    (lines (map (lambda (n)
                  (subject (string-append "host-" (number->string n)) "load" 'ok
                           (- %now 12000)))
                (iota 60 10))))

  (test-equal "a row within a day is counted in times"
    "! a  b  FAIL  12 s ago  exit 2, 2nd time"
    (second (lines (list (subject "a" "b" 'fail (- %now 12000) #:failures 2
                                  #:bad-since (- %now 72000))))))

  (test-equal "sheepdog's own tags are shown when they are not ok"
    '("sheepdog mail")
    (map standing-tag
         (wanted (list (subject "a" "sheepdog mail" 'fail %now)
                       (subject "a" "sheepdog spool" 'ok %now))
                 'usual)))

  (test-equal "--bad leaves out what is ok"
    '("BORG-ETC" "disk /export" "nginx" "PING")
    (map standing-tag (wanted %herd 'bad)))

  (test-equal "the exit status: fail, late and unknown are bad, warn is not"
    '(0 0 1 1 1)
    (map (lambda (state) (status-exit (list (subject "a" "b" state %now))))
         '(ok warn fail late unknown)))

  (test-equal "JSON has each subject with all its keys"
    '((sheepdog . status) (version . 0)
      (time . "2026-11-22T09:15:00Z") (time_epoch . 1795338900)
      (subjects . #(((host . "penguin2") (tag . "BORG-ETC") (monitor . "error")
                     (state . fail)
                     (since . "2026-11-20T06:00:00Z") (since_epoch . 1795154400)
                     (last . "2026-11-22T06:00:00Z") (last_epoch . 1795327200)
                     (last_ok . "2026-11-19T06:14:00Z") (last_ok_epoch . 1795068840)
                     (due . "2026-11-23T06:00:00Z") (due_epoch . 1795413600)
                     (late_after . "2026-11-23T06:15:00Z") (late_after_epoch . 1795414500)
                     (expected . "every 24 h, grace 15 min") (missed . 1)
                     (summary . "borg exited with status 2 after 0.4 s")
                     (message . 1841) (elapsed . 0.4) (failures . 3)
                     (silenced . #f) (acked . #f) (held . #f)))))
    (document->json (status-document (list (third %herd)) %now look)))

  (test-equal "an S-expression leaves out what is not known"
    '(sheepdog-status
      (version 0) (time 1795338900)
      (subject (host "tux02") (tag "PING") (monitor "error") (state late)
               (since 1795298640) (last 1795298640) (summary "none for 30 min")
               (message 1841) (failures 0) (silenced no) (acked no) (held no)))
    (document->sexp 'sheepdog-status
                    (status-document (list (list-ref %herd 9)) %now)))

  (test-equal "Org has a heading a subject"
    '("* DONE [ok] tux04/load"
      ":PROPERTIES:"
      ":HOST: tux04"
      ":TAG: load"
      ":MONITOR: error"
      ":STATE: ok"
      ":SINCE: [2026-11-22 Sun 09:14]"
      ":LAST: [2026-11-22 Sun 09:14]"
      ":MESSAGE: 1841"
      ":FAILURES: 0"
      ":SILENCED: no"
      ":ACKED: no" ":HELD: no"
      ":END:")
    (status-org (list (list-ref %herd 10)))))
