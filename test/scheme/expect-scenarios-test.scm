;;; expect-scenarios-test.scm -- stories of what is expected, to the second
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog expectation)
             (sheepdog outage)
             (sheepdog policy))

(define nightly "(expect \"h/t\" (cron \"0 5 * * *\") (grace \"2h\"))")

(define (play text result . acts)
  "Return RESULT of the world of a server that expects TEXT after ACTS: lists of the arguments of
`message!', times until which nothing comes, or procedures of the world."
  (call-with-world (string-append "(config (name \"server\") (mailto \"a@x\") " text ")")
    (lambda (world)
      (for-each (match-lambda
                  ((? procedure? act) (act world))
                  ((? string? time) (until! world time))
                  (message (apply message! world message)))
                acts)
      (result world))))

(define* (stands world #:optional (subject "h/t"))
  "Return (HARD SPANS NEXT): the hard state of SUBJECT, its spans, (FROM UNTIL WORST), and when it is
looked at next."
  (list (match (state world #:subject subject)
          ((state hard) hard)
          (#f #f))
        (map (match-lambda ((from until worst hard) (list from until worst)))
             (spans world #:subject subject))
        (and=> (sql-value (world-db world) "SELECT d.at FROM due d JOIN subject s ON s.id = d.key
 WHERE d.kind = 'deadline' AND s.host || '/' || s.tag = " subject)
               ms->time)))

(define (said world)
  "Return the titles of what was told, and the first lines of what was told of late subjects."
  (map (match-lambda
         (#(title text) (if (string-prefix? "The server" text)
                            (list title (substring text 0 (string-index text #\newline)))
                            title)))
       (sql (world-db world) "SELECT json_extract(action, '$[1].title'),
 json_extract(action, '$[1].text') FROM outbox ORDER BY id")))

(define (looking . results)
  "Return the procedure of a world that returns what each of RESULTS, the same, does."
  (lambda (world) (map (lambda (result) (result world)) results)))

(define (mail-times world)
  (map (match-lambda ((time to kind) (list time kind))) (mails world)))

(define* (reason world #:optional (subject "h/t"))
  "Return the reason of the newest span of SUBJECT."
  (sql-value (world-db world) "SELECT reason FROM interruption WHERE host || '/' || tag = " subject
             " ORDER BY t0 DESC LIMIT 1"))

(define (missed since)
  (lambda (world)
    (misses (world-db world) 1 (time->ms since))))

(define (overdue world)
  "Return the open runs: lists (ID FROM OVERDUE)."
  (map (match-lambda (#(id t0 overdue) (list id (ms->time t0) overdue)))
       (sql (world-db world) "SELECT id, t0, overdue FROM run WHERE t1 = 9223372036854775807")))

(define (summary world)
  (sql-value (world-db world) "SELECT summary FROM subject WHERE tag = 't'"))

(define (start when run)
  (list when #f #:more `((kind . "start") (run . ,run))))
(define* (end when run #:optional (state "ok"))
  (list when state #:more `((run . ,run))))
(define (took when state started)
  "Return the end at WHEN of a run that began at STARTED."
  (list when state #:more `((outcome . ((status . 0) (started . ,(/ (time->ms started) 1000)))))))

(define (chicago text)
  "Return TEXT, a time in Chicago in November, as `time->ms' reads it."
  (ms->time (+ (* 6 3600000) (time->ms text))))


;;; The server away, its queue going on.

(define (away world from)
  "Let WORLD's server die at FROM."
  (until! world from)
  (leave-sign! (world-db world) (time->ms from)))

(define (meanwhile when . message)
  "Return the act that a message comes into the queue at WHEN, and nobody takes it."
  (lambda (world)
    (set-world-now! world (time->ms when))
    (apply queue! world message)))

(define* (back world when drained #:key trouble)
  "Let WORLD's server work again at WHEN, and have drained its queue at DRAINED."
  (define (hear! time idle?)
    (let ((ms (time->ms time)))
      (set-world-now! world ms)
      (heed! (make-hearing) (world-db world) (policy (world-config world)) ms ms #:idle? idle?)))
  (hear! when #f)
  (settle-round! world)
  (leave-sign! (world-db world) (time->ms drained))
  (hear! drained #t)
  (settle-round! world))

(define early #f)                                 ;how tux07 stood shortly before
(define herd
  (map (lambda (n) (format #f "tux~2,'0d/PING" n)) (iota 20 1)))

(run-tests "expect-scenarios"
  (test-equal "scenario E1: late at the deadline, over with the next ok; a long round changes no time"
    '((late (("10:20:00" - late)) "10:35:00")
      (ok (("10:20:00" "10:47:00" late)) "11:07:00")
      (late (("10:20:00" - late)) "10:35:00"))
    (let ((text "(expect \"h/t\" (every \"15m\") (grace \"5m\"))"))
      (list (play text stands '("10:00" "ok") "10:20:00")
            (play text stands '("10:00" "ok") '("10:47" "ok"))
            (play text stands '("10:00" "ok")
                  (lambda (world)
                    (set-world-now! world (time->ms "10:21"))
                    (settle-round! world))))))
  (test-equal "scenario E2: failed and heard stays fail, silent is late, both are missed; (b) by any"
    '(((fail (("d1 05:10:00" - fail)) "d2 07:00:00") 1)
      ((late (("d1 05:10:00" - fail)) "d3 07:00:00") 2)
      ((ok (("d1 05:10:00" "d3 05:40:00" fail)) "d4 07:00:00") 2)
      ((fail (("d1 05:10:00" - fail)) "d2 07:00:00") 0))
    (let ((first '("09:00" "ok")) (bad '("d1 05:10" "fail"))
          (result (looking stands (missed "d1 00:00"))))
      (list (play nightly result first bad "d1 07:00")
            (play nightly result first bad "d2 07:00")
            (play nightly result first bad '("d3 05:40" "ok"))
            (play "(expect \"h/t\" (cron \"0 5 * * *\") (grace \"2h\") (by any))" result
                  first bad "d1 07:00"))))
  (test-equal "scenario E3: a run that began in time has its time; (b) not started; (c) still running"
    '((ok () "d2 11:30:00")
      ((late (("d1 11:30:00" - late)) "d2 11:30:00") "late: not started, due Mon 23 Nov 11:00")
      ((late (("d1 17:02:00" - late)) "d2 11:30:00")
       "late: still running since Mon 23 Nov 11:02, run R")
      (ok (("d1 17:02:00" "d1 18:00:00" late)) "d2 11:30:00"))
    (let ((text "(expect \"h/t\" (cron \"0 5 * * *\") (zone \"America/Chicago\")
                   (start-within \"30m\") (finish-within \"6h\"))")
          (first '("12:00" "ok"))
          (begun (start (chicago "d1 05:02") "R")))
      (list (play text stands first begun (end (chicago "d1 10:30") "R"))
            (play text (looking stands reason) first (chicago "d1 05:30"))
            (play text (looking stands reason) first begun (chicago "d1 11:02"))
            (play text stands first begun (end (chicago "d1 12:00") "R")))))
  (test-equal "scenario E4: one run hangs, others end: one flip, and it stays listed"
    '((ok () "03:00:00")
      ((late (("03:00:00" - late)) "d1 03:10:00") "late: still running since Sun 22 Nov 01:00, run A")
      ((ok (("03:00:00" "03:10:00" late)) "d1 04:10:00") (("A" "01:00:00" 1)))
      ((ok (("03:00:00" "03:10:00" late)) "d1 06:00:00") ()))
    (let ((text "(expect \"h/t\" (every \"1d\") (finish-within \"2h\"))")
          (before (list (start "01:00" "A") (start "02:00" "B") (end "02:10" "B")))
          (after (list (start "03:05" "C") (end "03:10" "C"))))
      (list (apply play text stands before)
            (apply play text (looking stands reason) (append before '("03:00")))
            (apply play text (looking stands overdue) (append before after))
            (apply play text (looking stands overdue)
                   (append before after (list (end "05:00" "A")))))))
  (test-equal "a run that was open when its machine was started again was cut off, as of then"
    '((fail (("02:00:00" - fail)) "cut off by a reboot" ())
      (ok () #f (("B" "02:10:00" 0))))
    (let ((text "(expect \"h/t\" (every \"1d\") (finish-within \"2h\"))"))
      (define (ping when uptime)
        (list when #f #:subject "h/PING" #:more `((kind . "ping") (fields . ((uptime . ,uptime))))))
      (define (result world)
        (match (stands world)
          ((hard spans next) (list hard spans (reason world) (overdue world)))))
      (list (play text result (start "01:00" "A") (ping "02:05" 300))
            (play text result '("01:00" "ok") (start "02:10" "B") (ping "02:15" 600)))))
  (test-equal "scenario E5: what is due where the clock changes"
    '("2026-03-29 01:30" "2026-03-30 01:00" "2026-10-25 01:00" "2026-10-26 02:00"
      "2026-10-25 00:30" "2026-10-25 01:30" "2026-10-25 02:30")
    (let ((daily "(expect \"h/t\" (cron \"30 2 * * *\") (zone \"Europe/Berlin\") (grace \"30m\"))")
          (hourly "(expect \"h/t\" (cron \"0 * * * *\") (zone \"Europe/Berlin\") (grace \"30m\"))"))
      (map (match-lambda
             ((text time)
              (call-with-world (string-append "(config " text ")")
                (lambda (world)
                  (message! world time "ok")
                  (strftime "%F %H:%M"
                            (gmtime (quotient (time->ms (third (stands world))) 1000))))
                #:start time)))
           `((,daily "2026-03-28 12:00") (,daily "2026-03-29 01:05")
             (,daily "2026-10-24 12:00") (,daily "2026-10-25 00:31")
             (,hourly "2026-10-24 23:30") (,hourly "2026-10-25 00:05")
             (,hourly "2026-10-25 01:05")))))
  (test-equal "scenario E6: a pattern's members are all that were ever heard; (b) a plain name is one unheard"
    '(((("tux01" "d1 13:00:00") ("tux02" "d1 14:00:00")))
      ((#f () "d2 09:00:00"))
      ((late (("d2 09:00:00" - late)) "d3 09:00:00")
       "late: never heard; due Tue 24 Nov 08:00, grace 1 h"))
    (let ((members (lambda (world)
                     (map (match-lambda (#(host at) (list host (ms->time at))))
                          (sql (world-db world) "SELECT s.host, d.at FROM due d
 JOIN subject s ON s.id = d.key WHERE d.kind = 'deadline' ORDER BY s.host")))))
      (define (plain world)
        (stands world "tux03/borg"))
      (list (play "(expect \"*/borg\" (every \"1d\"))" (looking members)
                  '("12:00" "ok" #:subject "tux01/borg") '("12:30" "ok" #:subject "tux01/x")
                  '("13:00" "fail" #:subject "tux02/borg"))
            (play "(expect \"TUX03/borg\" (every \"1d\"))" (looking plain) "d1 08:00")
            (play "(expect \"tux03/borg\" (every \"1d\"))"
                  (looking plain (lambda (world) (reason world "tux03/borg")))
                  "d1 08:00" "d2 09:00"))))
  (test-equal "scenario E7: after an outage of ours one is late, stamped with its old deadline, told once"
    '(((ok () "02:25:00") (ok () "08:15:20"))
      (late (("03:30:00" - late)) "08:30:00") 1
      "The server heard nothing from Sun 22 Nov 02:00 to Sun 22 Nov 08:00: it did not run."
      (ok (("02:00:00" "08:00:20" fail)) #f)
      ("a@x"))
    (play "(expect \"*/PING\" (every \"15m\") (grace \"15m\"))"
          (lambda (world)
            (until! world "08:20")
            (list early
                  (stands world "tux07/PING")
                  (length (filter (lambda (name) (eq? 'late (first (stands world name)))) herd))
                  (outage-words (world-db world) (time->ms "03:30"))
                  (stands world "server/sheepdog expect")
                  (filter-map (match-lambda
                                ((time to kind) (and (string>? time "08:15") to)))
                              (mails world))))
          (lambda (world)
            (for-each (lambda (name) (message! world "01:55" "ok" #:subject name)) herd)
            (away world "02:00"))
          (meanwhile "03:00" "ok" #:subject "tux07/PING")
          (lambda (world)
            (for-each (lambda (name)
                        (unless (string=? name "tux07/PING")
                          ((meanwhile "07:56" "ok" #:subject name) world)))
                      herd)
            (let ((before (stands world "tux07/PING")))
              (back world "08:00" "08:00:20")
              (until! world "08:15:19")
              (set! early (list before (stands world "tux07/PING")))))))
  (test-equal "scenario E8: while the queue cannot be read nobody is late, nor before a grace more"
    '((ok () "02:42:00")
      (ok () "02:41:00")
      (ok () "02:43:05")
      (late (("02:03:00" - late)) "02:45:00"))
    (let ((text "(expect \"h/t\" (every \"2m\") (grace \"3m\"))"))
      (define (deaf world)
        (let* ((hearing (make-hearing))
               (round (lambda (time trouble idle?)
                        (go-to! world (time->ms time))
                        (heed! hearing (world-db world) (policy (world-config world))
                               (time->ms time) (time->ms time)
                               #:trouble (and trouble (cons (time->ms "02:00") "refused"))
                               #:idle? idle?)
                        (settle-round! world))))
          (let loop ((minute 0))
            (when (< minute 40)
              (round (format #f "02:~2,'0d" minute) #t #f)
              (loop (+ minute 1))))
          round))
      (list (play text stands '("01:58" "ok") deaf)
            ;; Its deadline is before the trouble counts as an outage.
            (play text stands '("01:56" "ok") deaf)
            (play text stands '("01:58" "ok")
                  (lambda (world)
                    (let ((round (deaf world)))
                      (round "02:40" #f #f)
                      (round "02:40:05" #f #t)))
                  "02:43:04")
            (play text stands '("01:58" "ok")
                  (lambda (world)
                    (let ((round (deaf world)))
                      (round "02:40:05" #f #t)))
                  "02:43:05"))))
  (test-equal "scenario E9: one that raises stands in nobody's way; (b) two clocks flip once"
    '((late ok late) "10:30:00" warn
      ((late (("10:20:00" - late)) "10:35:00") 1))
    (let* ((text "(expect \"h/*\" (every \"15m\") (grace \"5m\"))")
           (pass! (assq-ref (%works) 'deadline))
           (works (acons 'deadline
                         (lambda (batch at id)
                           (when (= id 2) (error "no luck"))
                           (pass! batch at id))
                         (%works))))
      (append
       (play text
             (lambda (world)
               (list (map (lambda (name) (first (stands world name))) '("h/a" "h/b" "h/c"))
                     (third (stands world "h/b"))
                     (first (stands world "server/sheepdog expect"))))
             '("10:00" "ok" #:subject "h/a") '("10:00" "ok" #:subject "h/b")
             '("10:00" "ok" #:subject "h/c")
             (lambda (world)
               (parameterize ((%works works))
                 (until! world "10:20"))))
       (list
        (play text
              (looking stands (missed "00:00"))
              '("10:00" "ok")
              (lambda (world)
                (let* ((file (vector-ref (first (sql (world-db world) "PRAGMA database_list")) 2))
                       (other (open-store file 'read-write)))
                  (set-world-now! world (time->ms "10:20"))
                  (run-due! other (world-config world) (time->ms "10:20"))
                  (settle-round! world)
                  (%db-close! other)
                  (until! world "10:20:30"))))))))
  (test-equal "scenario E10: what ran in time was never late; (b) ran later; (c) failed"
    '(((ok () "d2 07:00:00"))
      ((ok (("d1 07:00:00" "d1 07:30:00" late)) "d2 07:00:00"))
      ((fail (("d1 05:41:00" - fail)) "d2 07:00:00")))
    (let ((first '("09:00" "ok")))
      (define (heard state time)
        (play nightly (looking stands) first "d1 08:00"
              (list "d1 09:00:05" state #:time time)
              "d1 12:00"))
      (list (heard "ok" "d1 05:41") (heard "ok" "d1 07:30") (heard "fail" "d1 05:41"))))
  (test-equal "scenario E10: its mail says that it ran in time; (b) how long it took"
    '(("d1 09:01:35" "[sheepdog] ok h/t, ran in time, heard 3 h 19 min late")
      ("d1 09:01:35" "[sheepdog] ok h/t after 30 min, 1 missed"))
    (map (lambda (time)
           (play nightly
                 (lambda (world)
                   (last (map (match-lambda (#(at title) (list (ms->time at) title)))
                              (sql (world-db world) "SELECT at, json_extract(action, '$[1].title')
 FROM outbox ORDER BY id"))))
                 '("09:00" "ok") "d1 08:00" (list "d1 09:00:05" "ok" #:time time) "d1 12:00"))
         '("d1 05:41" "d1 07:30")))
  (test-equal "scenario E11: too often is a warning; (b) too quick is one, and satisfies nothing"
    '(((warn (("06:00:00" - warn)) "07:00:00") "too often: 2 in 20 h")
      ((ok () "d1 07:00:00") "fine")
      ((warn (("d1 05:00:02" - warn)) "d1 07:00:00") "too quick: 2 s; done")
      ((late (("d1 05:00:02" - late)) "d2 07:00:00") "too quick: 2 s; done"))
    (let ((often "(expect \"h/t\" (every \"1d\") (grace \"1h\") (at-most 1 \"20h\"))")
          (quick "(expect \"h/t\" (cron \"0 5 * * *\") (grace \"2h\") (not-quicker \"10s\"))")
          (result (looking stands summary))
          (short '("d1 05:00:02" "ok" #:more ((summary . "done")
                                              (outcome . ((status . 0) (elapsed . 2)))))))
      (list (play often (looking (lambda (world)
                                   (match (stands world)
                                     ((hard spans next) (list hard spans "07:00:00"))))
                                 summary)
                  '("05:00" "ok") '("06:00" "ok"))
            (play often (lambda (world) (list (list (first (stands world)) '() "d1 07:00:00") (summary world)))
                  '("05:00" "ok") '("d1 05:00" "ok" #:more ((summary . "fine"))))
            (play quick result '("09:00" "ok") short)
            (play quick result '("09:00" "ok") short "d1 07:00"))))
  (test-equal "scenario E12: with a clock that is slow it counts as of when it came"
    '((ok () "10:45:00") (warn (("10:00:00" - warn)) #f))
    (play "(expect \"h/t\" (every \"15m\") (grace \"30m\"))"
          (lambda (world) (list (stands world) (stands world "h/sheepdog clock")))
          '("10:00" "ok" #:time "07:00" #:sent "07:00")))
  (test-equal "scenario E13: two servers expect each other: the other is late ten minutes after its last ping"
    '(late (("03:10:00" - late)) "03:15:00")
    (play "(expect \"b/PING\" (every \"5m\") (grace \"5m\"))"
          (lambda (world) (stands world "b/PING"))
          '("02:55" #f #:subject "b/PING" #:more ((kind . "ping")))
          '("03:00" #f #:subject "b/PING" #:more ((kind . "ping")))
          "03:10"))
  (test-equal "scenario E14: a run counts for the occurrence that it began for, whenever it ends"
    '((ok () "d2 07:00:00")
      (late (("d1 07:00:00" "d2 07:30:00" late) ("d2 07:30:00" - late)) "d3 07:00:00"))
    (list (play nightly stands '("09:00" "ok") (took "d1 05:20" "ok" "d1 04:59:40"))
          (play nightly stands '("09:00" "ok") (took "d2 07:30" "ok" "d1 05:00") "d2 07:31")))
  (test-equal "the end of what was late names how often that was missed"
    '("[sheepdog] FAIL h/t" "[sheepdog] LATE h/t: not heard since Mon 23 Nov 05:10; due Tue 24 Nov 05:00, grace 2 h"
      "[sheepdog] ok h/t after 2 days, 1 failure, 2 missed")
    (play nightly said '("05:10" "ok") '("d1 05:10" "fail") "d2 08:00" '("d3 05:40" "ok") "d3 06:00"))
  (test-equal "what was missed while the server was away is told with that in its first line"
    '(("[sheepdog] LATE h/t: not heard since Sun 22 Nov 01:55; due Sun 22 Nov 02:10, grace 15 min"
       "The server heard nothing from Sun 22 Nov 02:00 to Sun 22 Nov 08:00: it did not run."))
    (play "(expect \"h/t\" (every \"15m\") (grace \"15m\"))" said
          (lambda (world)
            (message! world "01:55" "ok")
            (away world "02:00")
            (back world "08:00" "08:00:20")
            (until! world "08:16")))))
