;;; annals-test.scm -- what the clock said, and days whose messages have gone, are lines of the log
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog annals)
             (sheepdog history)
             (sheepdog pattern)
             (sheepdog rollup)
             (sheepdog view log))

(define %config "(config (name \"boss\") (mailto \"a@x\") (expect \"*/t\" (every \"1h\") (grace \"10m\"))
 (silence \"k/*\" (until \"2026-12-01\")))")

(define (lived world)
  (until! world "00:00")
  (message! world "10:00" "ok")
  (message! world "10:00" "ok" #:subject "k/t")
  (message! world "12:00" "fail")
  (until! world "12:30"))

(define* (late-lines world #:key pattern (since "00:00") (until "d1 00:00"))
  (log-lines (lateness-between (world-db world) (and pattern (make-pattern pattern))
                               (time->ms since) (time->ms until))
             #:wide? #t))

(define make-pattern (@ (sheepdog pattern) pattern))

(run-tests "annals"
  (test-equal "what became late, when, why, and whether somebody was told"
    '(("2026-11-22 11:10:00  h  t  ok -> LATE  not heard since Sun 22 Nov 10:00; due Sun 22 Nov 11:00, grace 10 min"
       "2026-11-22 11:10:00  k  t  ok -> LATE  not heard since Sun 22 Nov 10:00; due Sun 22 Nov 11:00, grace 10 min (not yet)")
      ("2026-11-22 11:10:00  h  t  ok -> LATE  not heard since Sun 22 Nov 10:00; due Sun 22 Nov 11:00, grace 10 min")
      () ())
    (call-with-world %config
      (lambda (world)
        (lived world)
        (list (late-lines world)
              (late-lines world #:pattern "h/*")
              (late-lines world #:since "11:10:01")
              (late-lines world #:until "11:10")))))
  (test-equal "a program gets it as a message without a number"
    '(null late late "not heard since Sun 22 Nov 10:00; due Sun 22 Nov 11:00, grace 10 min" ok #("a@x"))
    (call-with-world %config
      (lambda (world)
        (lived world)
        (let ((json (log-message (first (lateness-between (world-db world) #f 0 (time->ms "12:30")))
                                 #f)))
          (map (lambda (key) (assq-ref json key)) '(id kind state summary was notified))))))
  (test-equal "a day of which the messages have gone is a line for each state"
    '("2026-11-22  h  t  ok    2 times, 01:00 to 03:00, took 2 s to 4 s, 3 s on average"
      "2026-11-22  h  t  FAIL  1 time, 02:00")
    (call-with-world "(config (name \"boss\") (mailto \"\"))"
      (lambda (world)
        (define (took seconds)
          `((outcome . ((status . 0) (elapsed . ,seconds)))))
        (message! world "01:00" #f #:more (took 2))
        (message! world "02:00" "fail")
        (message! world "03:00" #f #:more (took 4))
        (message! world "d1 03:00" "ok")
        (with-transaction (world-db world)
          (roll-up! (world-db world) '(1 2 3)))
        (log-lines (sort-entries (days-between (world-db world) #f (time->ms "00:00")
                                               (time->ms "d9 00:00")))
                   #:wide? #t)))))
