;;; life-test.scm -- the life of a subject on a server: scenarios, and results in any order of arrival
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog batch)
             (sheepdog catch-up)
             (sheepdog life)
             (sheepdog policy))

(define (told text . messages)
  "Return what is left of MESSAGES under the configuration TEXT: (STATE SPANS)."
  (call-with-world text
    (lambda (world)
      (apply messages! world '("09:00" "ok") messages)
      (list (state world) (spans world)))))

(define (flip! world time deadline reason)
  "Let the subject h/t be found late at TIME, since DEADLINE."
  (until! world time)
  (call-with-batch (world-db world) (policy (world-config world)) (world-now world)
    (lambda (batch)
      (live-late! batch (known-matter batch "h" "t") (time->ms deadline) reason))))

(define (flapping world)
  (and=> (sql-value (world-db world) "SELECT flapping FROM subject") ms->time))

(define (catching-up world)
  (and=> (catching-up-until (world-db world) "h" (world-now world)) ms->time))

(define (bygones world)
  (map (lambda (span)
         (list (ms->time (bygone-from span)) (ms->time (bygone-until span))
               (bygone-worst span) (bygone-failures span)))
       (bygone-spans (world-db world)
                     (sql-value (world-db world) "SELECT id FROM subject WHERE tag = 't'"))))

(define (reasons world)
  (map (match-lambda (#(reason end planned) (list reason end planned)))
       (sql (world-db world) "SELECT reason, \"end\", planned FROM interruption ORDER BY t0")))


;;; Results in any order of arrival.

(define %ok-or-not '("ok" "ok" "fail" "warn"))

(define (random-messages random)
  "Return messages (WHEN STATE) a minute or more apart, in their order."
  (let loop ((count (+ 2 (random 12))) (minute 0) (messages '()))
    (if (zero? count)
        (reverse messages)
        (let ((minute (+ minute 1 (random 4))))
          (loop (- count 1) minute
                (cons (list (format #f "10:~a" minute) (list-ref %ok-or-not (random 4)))
                      messages))))))

(define (shuffle list random)
  (map cdr (sort (map (lambda (item) (cons (random 1000000) item)) list)
                 (lambda (a b) (< (car a) (car b))))))

(define (arrived text messages)
  "Return what is left of MESSAGES that arrive one by one from 10:50 on: (STATE SPANS)."
  (call-with-world text
    (lambda (world)
      (until! world "10:50")
      (for-each (match-lambda
                  ((when state)
                   (message! world (ms->time (+ 1000 (world-now world))) state #:time when)))
                messages)
      (list (car (state world)) (map (match-lambda ((from until worst hard) (list from until worst)))
                                     (spans world))))))

(define (first-difference text)
  "Return the first random messages that leave something else behind in another order, or #f."
  (any (lambda (seed)
         (let* ((source (seed->random-state seed))
                (random (lambda (n) (random n source)))
                (messages (random-messages random))
                (shuffled (shuffle messages random))
                (expected (arrived text messages))
                (found (arrived text shuffled)))
           (and (not (equal? expected found))
                (list seed messages shuffled expected found))))
       (iota 40)))

(run-tests "life"
  (test-equal "N2: two failures of three are soft, the third is hard"
    '((ok ok) (("10:01:00" "10:03:00" fail -) ("10:04:00" "10:20:00" fail "10:06:00")))
    (told "(config (notify (after 3)))"
          '("10:01" "fail") '("10:02" "fail") '("10:03" "ok") '("10:04" "fail") '("10:05" "fail")
          '("10:06" "fail") '("10:20" "ok")))

  (test-equal "N3: three of five are hard, two good ones end it"
    '((ok fail) (ok ok))
    (let ((begin '(("10:01" "fail") ("10:02" "ok") ("10:03" "fail") ("10:04" "ok") ("10:05" "fail")
                   ("10:20" "ok"))))
      (map (lambda (end)
             (first (apply told "(config (notify (after 3 5) (ok-after 2)))" (append begin end))))
           '(() (("10:21" "ok"))))))

  (test-equal "N4: ten minutes are hard by the clock, to the second"
    '((fail ok) (fail fail)
      (("10:00:00" "10:08:00" fail -) ("10:20:00" - fail "10:30:00")) (problem))
    (call-with-world "(config (notify (for \"10m\")))"
      (lambda (world)
        (messages! world '("10:00" "fail") '("10:05" "fail") '("10:08" "ok") '("10:20" "fail")
                   '("10:25" "fail"))
        (until! world "10:29:59")
        (let ((before (state world)))
          (until! world "10:30:30")
          (list before (state world) (spans world) (map third (mails world)))))))

  (test-equal "N4: a server that slept through it comes to the same"
    '((fail fail) (("10:20:00" - fail "10:30:00")))
    (told "(config (notify (for \"10m\")))" '("10:20" "fail") '("10:32" "fail")))

  (test-equal "N5: twenty seconds are a span"
    '((ok ok) (("10:00:00" "10:00:20" fail "10:00:00")))
    (told "(config)" '("10:00" "fail") '("10:00:20" "ok")))

  (test-equal "N11: flapping from the fifth change on, until two are left in an hour"
    '(#f "10:08:00" "10:08:00" "10:08:00" #f)
    (call-with-world "(config)"
      (lambda (world)
        (message! world "09:00" "ok")
        (let ((seen (map (lambda (minutes)
                           (message! world
                                     (format #f "~a:~2,'0d" (+ 10 (quotient minutes 60))
                                             (modulo minutes 60))
                                     (if (zero? (modulo minutes 4)) "fail" "ok"))
                           (flapping world))
                         (iota 32 0 2))))
          (until! world "11:57:59")
          (let ((before (flapping world)))
            (until! world "11:58")
            (list (list-ref seen 3) (list-ref seen 4) (last seen) before (flapping world)))))))

  (test-equal "N20: any other bad state is hard at once, and the worst is kept"
    '((ok ok) (("09:50:00" "11:30:00" fail "10:00:00")))
    (told "(config (notify (after 2)))"
          '("09:50" "warn") '("10:00" "warn") '("10:30" "fail") '("11:00" "warn") '("11:30" "ok")))

  (test-equal "N21: deadline, fail, deadline, ok: one span"
    '((late late) (fail fail) (late late) (ok ok)
      (("10:00:00" "13:00:00" fail "10:00:00"))
      (("late: not heard since 09:00" "ok" 0)))
    (call-with-world "(config)"
      (lambda (world)
        (message! world "09:00" "ok")
        (flip! world "10:00" "10:00" "not heard since 09:00")
        (let ((first (state world)))
          (message! world "11:00" "fail")
          (let ((second (state world)))
            (flip! world "12:00" "12:00" "not ok since 09:00")
            (let ((third (state world)))
              (message! world "13:00" "ok")
              (list first second third (state world) (spans world) (reasons world))))))))

  (test-equal "an ok from before the deadline, heard after it: the subject never was late"
    '((ok ok) () 0)
    (call-with-world "(config)"
      (lambda (world)
        (message! world "09:00" "ok")
        (flip! world "10:00" "10:00" "not heard since 09:00")
        (message! world "10:05" "ok" #:time "09:55")
        (list (state world) (spans world)
              (sql-value (world-db world) "SELECT count(*) FROM late")))))

  (test-equal "also when a later one was heard before"
    '((ok ok) ())
    (call-with-world "(config)"
      (lambda (world)
        (message! world "09:00" "ok")
        (flip! world "10:00" "10:00" "not heard since 09:00")
        (message! world "10:05" "ok")
        (message! world "10:06" "ok" #:time "09:55")
        (list (state world) (spans world)))))

  (test-equal "an older warn before a late: it was worse than that"
    '((ok ok) (("09:30:00" "10:05:00" late "09:30:00")))
    (call-with-world "(config)"
      (lambda (world)
        (message! world "09:00" "ok")
        (flip! world "10:00" "10:00" "not heard since 09:00")
        (message! world "10:05" "ok")
        (message! world "10:06" "warn" #:time "09:30")
        (list (state world) (spans world)))))

  (test-equal "a span of no length stays where others are made anew"
    '(("10:00:00" "10:00:00" fail "10:00:00") ("10:02:00" "10:05:00" warn "10:02:00"))
    (call-with-world "(config)"
      (lambda (world)
        (messages! world '("09:00" "ok") '("10:00" "fail") '("10:00" "ok") '("10:05" "ok")
                   '("10:06" "warn" #:time "10:02"))
        (spans world))))

  (test-equal "an older fail leaves a late as it was"
    '((ok ok) (("09:30:00" "10:05:00" fail "09:30:00")))
    (call-with-world "(config)"
      (lambda (world)
        (message! world "09:00" "ok")
        (flip! world "10:00" "10:00" "not heard since 09:00")
        (message! world "10:05" "ok")
        (message! world "10:06" "fail" #:time "09:30")
        (list (state world) (spans world)))))

  (test-equal "unheard and unexpected for thirty days: nobody waits for its end any more"
    '((fail fail) #f (("10:00:00" "d30 10:20:00" "closed")) (problem closed))
    (call-with-world "(config)"
      (lambda (world)
        (messages! world '("09:00" "ok") '("10:00" "fail") '("10:20" "fail"))
        (until! world "d30 10:19:59")
        (let ((before (state world)))
          (until! world "d30 10:20")
          (list before (sql-value (world-db world) "SELECT max(hard) FROM subject WHERE hard <> ''")
                (map (match-lambda
                       (#(from until end) (list (ms->time from) (ms->time until) end)))
                     (sql (world-db world) "SELECT t0, t1, \"end\" FROM interruption"))
                (begin
                  (until! world "d30 10:30")
                  (map third (mails world))))))))

  (test-equal "what came too late opens nothing that was closed"
    '(("10:00:00" "d30 10:20:00"))
    (call-with-world "(config)"
      (lambda (world)
        (messages! world '("09:00" "ok") '("10:00" "fail") '("10:20" "fail")
                   '("d30 10:20" "fail" #:time "10:10"))
        (map (match-lambda ((from until . _) (list from until))) (spans world)))))

  (test-equal "unless something is expected of it"
    '(fail fail)
    (call-with-world "(config)"
      (lambda (world)
        (messages! world '("09:00" "ok") '("10:00" "fail"))
        (sql (world-db world) "INSERT INTO expectation (subject, demand, joined, missed, before)
 SELECT id, 1, 0, 0, 0 FROM subject")
        (until! world "d31 10:00")
        (state world))))

  (test-equal "N24: a machine that was cut off catches up until a minute after its last old message"
    '("08:01:05" "08:01:06" "08:01:06" #f)
    (call-with-world "(config)"
      (lambda (world)
        (message! world "d-1 09:00" "ok")
        (message! world "08:00:05" "fail" #:time "02:00")
        (message! world "08:00:05" "ok" #:time "03:00")
        (let ((first (catching-up world)))
          (message! world "08:00:06" "fail" #:time "04:00")
          (message! world "08:00:06" "ok" #:time "05:00")
          (let ((second (catching-up world)))
            (until! world "08:01:05")
            (let ((third (catching-up world)))
              (until! world "08:01:06")
              (list first second third (catching-up world))))))))

  (test-equal "N24: what was over by then is bygone, what lasts is not"
    '((("02:00:00" "03:00:00" fail 1) ("04:00:00" "05:00:00" fail 1))
      (("02:00:00" "03:00:00" fail 1)))
    (map (lambda (last?)
           (call-with-world "(config)"
             (lambda (world)
               (message! world "d-1 09:00" "ok")
               (message! world "08:00:05" "fail" #:time "02:00")
               (message! world "08:00:05" "ok" #:time "03:00")
               (message! world "08:00:06" "fail" #:time "04:00")
               (when last?
                 (message! world "08:00:06" "ok" #:time "05:00"))
               (bygones world))))
         '(#t #f)))

  (test-equal "what was known while it lasted is not bygone, though its end is old"
    '()
    (call-with-world "(config)"
      (lambda (world)
        (messages! world '("02:00" "fail") '("08:00" "ok" #:time "03:00"))
        (bygones world))))

  (test-equal "an old failure between two good ones is bygone, too"
    '(("02:00:00" "03:00:00" fail 1) "08:01:00")
    (call-with-world "(config)"
      (lambda (world)
        (messages! world '("01:00" "ok") '("03:00" "ok") '("08:00" "fail" #:time "02:00"))
        (append (bygones world) (list (catching-up world))))))

  (test-equal "it lasts ten minutes at most, and comes once an hour"
    '("08:10:00" #f #f "09:01:00")
    (call-with-world "(config)"
      (lambda (world)
        (define (old! when) (message! world when "ok" #:time "02:00") (catching-up world))
        (for-each (lambda (seconds) (old! (ms->time (+ (time->ms "08:00") (* 1000 seconds)))))
                  (iota 20 0 30))
        (list (catching-up world) (old! "08:10") (old! "08:59:59") (old! "09:00")))))

  (test-equal "N25: an older result of another sender changes no state, only the past"
    '((ok ok) (("10:00:00" "10:00:05" fail "10:00:00")) (no "older-result" 1))
    (call-with-world "(config)"
      (lambda (world)
        (messages! world '("09:00" "ok") '("10:00:06" "ok" #:time "10:00:05")
                   '("10:00:10" "fail" #:time "10:00:00"))
        (list (state world) (spans world) (last (verdicts world))))))

  (test-equal "an older failure is the beginning of what lasts, an older ok divides it"
    '((fail fail)
      (("10:00:00" "10:08:00" fail "10:00:00") ("10:10:00" "10:30:00" fail "10:10:00")))
    (call-with-world "(config)"
      (lambda (world)
        (messages! world '("09:00" "ok") '("10:05" "fail") '("10:10" "fail")
                   '("10:11" "fail" #:time "10:00") '("10:12" "ok" #:time "10:08"))
        (let ((now (state world)))
          (message! world "10:30" "ok")
          (list now (spans world))))))

  (test-equal "any order of arrival leaves the same state and the same spans"
    #f
    (first-difference "(config)"))
  (test-equal "also where it takes more than one result"
    #f
    (first-difference "(config (notify (after 2 3) (ok-after 2)))")))
