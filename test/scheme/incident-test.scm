;;; incident-test.scm -- the life of a subject, result by result
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog incident)
             (sheepdog terms)
             (sheepdog test)
             (ice-9 match)
             (ice-9 receive)
             (srfi srfi-1))

(define %now 100000000)
(define new (fresh-subject "h" "t" "error" 0))

(define* (result state at #:key (sender 1) (seq at) (received at) (event at) (summary ""))
  (make-result state at received sender seq event summary))

(define* (after subject results #:key (needed (terms)))
  "Return two values: SUBJECT after those of RESULTS that are in order, and all changes."
  (let loop ((results results) (subject subject) (changes '()))
    (match results
      (() (values subject changes))
      ((result . rest)
       (match (result-in-order subject result %now)
         (#f (loop rest subject (append changes '(older))))
         (result
          (receive (subject now) (subject-after subject result needed)
            (loop rest subject (append changes now)))))))))

(define* (changes results #:key (needed (terms)))
  (receive (subject changes) (after new results #:needed needed) changes))

(define* (look results #:key (needed (terms)))
  "Return what a subject looks like after RESULTS."
  (receive (s changes) (after new results #:needed needed)
    (list (subject-state s) (subject-hard s) (subject-since s) (subject-bad-since s)
          (subject-worst s) (subject-failures s) (subject-ok-event s))))

(define (lives-of subject results terms)
  "Return SUBJECT, and what it is after each of RESULTS."
  (reverse (fold (lambda (result lives) (cons (subject-after (car lives) result terms) lives))
                 (list subject) results)))

(define (lives results terms)
  "Return what a new subject is after each of RESULTS."
  (cdr (lives-of new results terms)))

(define (states results terms)
  (map (lambda (s) (list (subject-state s) (or (subject-hard s) 'ok))) (lives results terms)))

(run-tests "incident"
  (test-equal "states have ranks"
    '(-1 0 1 2 3 3)
    (map state-rank '(#f ok warn unknown late fail)))

  (test-equal "a new subject that is ok is ok"
    '(ok ok 5 #f #f 0 5)
    (look (list (result 'ok 5))))

  (test-equal "the first failure is hard at once"
    '(fail fail 5 5 fail 1 #f)
    (look (list (result 'fail 5))))

  (test-equal "failures are counted, and the state keeps its beginning"
    '(fail fail 5 5 fail 3 1)
    (look (list (result 'ok 1) (result 'fail 5) (result 'fail 6) (result 'fail 7))))

  (test-equal "another bad state begins anew, the row of failures goes on"
    '(warn warn 7 5 fail 3 #f)
    (look (list (result 'fail 5) (result 'fail 6) (result 'warn 7))))

  (test-equal "ok empties the counters"
    '(ok ok 8 #f #f 0 8)
    (look (list (result 'fail 5) (result 'fail 6) (result 'ok 8))))

  (test-equal "a span begins with the first failure and ends with the next ok"
    '((begin 5 fail "exit 2" 5 50 #f) (end 5 9 2 51 #f))
    (changes (list (result 'fail 5 #:event 50 #:summary "exit 2")
                   (result 'fail 7)
                   (result 'ok 9 #:event 51))))

  (test-equal "without a summary the state is the reason"
    '((begin 5 warn "warn" 5 5 #f))
    (changes (list (result 'warn 5))))

  (test-equal "a span remembers the worst state in it"
    '((begin 1 warn "warn" 1 1 #f) (change 1 fail #f) (end 1 4 3 4 #f))
    (changes (list (result 'warn 1) (result 'fail 2) (result 'warn 3) (result 'ok 4))))

  (test-equal "N2: soft states are counted and become hard at the third in a row"
    `((begin 1 fail "fail" ,%open-end 1 #f) (end 1 3 2 3 #f)
      (begin 4 fail "fail" ,%open-end 4 #f) (change 4 fail 6) (end 4 20 3 20 #f))
    (changes (map result '(fail fail ok fail fail fail ok) '(1 2 3 4 5 6 20))
             #:needed (terms #:after 3)))

  (test-assert "a soft state is told apart"
    (receive (s changes) (after new (list (result 'ok 1) (result 'fail 2)) #:needed (terms #:after 2))
      (and (soft? s) (eq? 'ok (subject-hard s)) (eq? 'fail (subject-state s)))))

  (test-equal "when hard, another bad state is hard at once"
    '(warn warn 3 1 fail 3 #f)
    (look (list (result 'fail 1) (result 'fail 2) (result 'warn 3)) #:needed (terms #:after 2)))

  (test-equal "N21: late, then fail: hard at once, and fail is the worse"
    '((fail fail 1 1 fail 1 #f) ((change 1 fail #f)))
    (let ((late (make-subject 1 "h" "t" "error" 0 #f 'late 'late 1 1 'late 0
                              0 0 1 0 0 "" #f 0)))
      (receive (s changes) (subject-after late (result 'fail 1) (terms #:after 3))
        (list (list (subject-state s) (subject-hard s) (subject-since s)
                    (subject-bad-since s) (subject-worst s) (subject-failures s)
                    (subject-ok-event s))
              changes))))

  (test-group "order"
    (test-equal "of one sender the greater number is newer, and its time is raised"
      '(ok ok 10 #f #f 0 2)
      (look (list (result 'fail 10 #:seq 1 #:event 1) (result 'ok 7 #:seq 2 #:event 2))))

    (test-equal "of one sender a lesser number is older, whatever its time says"
      '((begin 10 fail "fail" 10 10 #f) older)
      (changes (list (result 'fail 10 #:seq 2) (result 'ok 20 #:seq 1))))

    (test-equal "N25: of two senders the later time is newer"
      '(older)
      (changes (list (result 'ok 5 #:sender 1 #:received 6)
                     (result 'fail 0 #:sender 2 #:received 10))))

    (test-equal "at the same time the later receipt is newer"
      '((begin 5 fail "fail" 5 5 #f) (end 5 5 1 5 #f))
      (changes (list (result 'fail 5 #:sender 1 #:received 6)
                     (result 'ok 5 #:sender 2 #:received 7))))

    (test-equal "who has no sender of its own is ordered by time"
      '((begin 10 fail "fail" 10 10 #f) older)
      (changes (list (result 'fail 10 #:sender 0 #:seq 1)
                     (result 'ok 7 #:sender 0 #:seq 2))))

    (test-equal "a result of our future yields to any"
      '(ok ok 5 #f #f 0 5)
      (look (list (result 'fail (+ %now 70000) #:sender 1)
                  (result 'ok 5 #:sender 2)))))

  (test-group "patience"
    (test-equal "N3: three of the last five are hard, two good ones end it"
      `((fail ok) (ok ok) (fail ok) (ok ok) (fail fail) (ok fail) (ok ok))
      (states (map result '(fail ok fail ok fail ok ok) '(1 2 3 4 5 20 21))
              (terms #:after 3 #:of 5 #:ok-after 2)))

    (test-equal "a failure between the good ones begins another span of the same incident"
      `((begin 1 fail "fail" 1 1 #f) (end 1 2 1 2 #f)
        (begin 3 fail "fail" 3 3 #f) (end 3 5 2 5 #f))
      (changes (map result '(fail ok fail fail ok ok) '(1 2 3 4 5 6))
               #:needed (terms #:ok-after 2)))

    (test-equal "until its end an incident remembers its beginning and its failures"
      '((1 1) (1 1) (1 2) (1 3) (1 3) (#f 0))
      (map (lambda (s) (list (subject-bad-since s) (subject-failures s)))
           (lives (map result '(fail ok fail fail ok ok) '(1 2 3 4 5 6))
                  (terms #:ok-after 2))))

    (test-equal "after its end the counters are empty"
      '((ok ok) (fail ok) (fail fail))
      (take-right (states (map result '(fail fail ok fail fail) '(1 2 3 4 5)) (terms #:after 2 #:of 3))
                  3))

    (test-equal "N4: what lasts for ten minutes becomes hard by the clock, to the moment"
      `((begin 0 fail "fail" ,%open-end 0 #f) (end 0 8 2 8 #f)
        (begin 20 fail "fail" ,%open-end 20 #f) (change 20 fail 30))
      (changes (map result '(fail fail ok fail fail fail) '(0 5 8 20 25 32))
               #:needed (terms #:for 10)))

    (test-equal "the clock has a turn while it waits for that, and no other"
      '(10 10 #f 30 30 #f)
      (map (lambda (s) (subject-turn s (terms #:for 10)))
           (lives (map result '(fail fail ok fail fail fail) '(0 5 8 20 25 32))
                  (terms #:for 10))))

    (test-equal "whom the clock made hard is hard since then"
      '((fail fail 20 20) ((change 20 fail 30)))
      (receive (s changes) (subject-by (last (lives (list (result 'fail 20)) (terms #:for 10)))
                                       (terms #:for 10) 30)
        (list (list (subject-state s) (subject-hard s) (subject-since s) (subject-bad-since s))
              changes)))

    (test-equal "so many failures and for so long: both"
      '((fail ok) (fail ok) (fail ok) (fail fail))
      (states (map result '(fail fail fail fail) '(0 1 2 10)) (terms #:after 2 #:for 10)))

    (test-equal "how many of how many a soft state has"
      '((1 . 3) (1 . 3) (2 . 3) (1 . 2) (2 . 2))
      (append
       (map (lambda (s) (soft-count s (terms #:after 3 #:of 5)))
            (lives (map result '(fail ok fail) '(1 2 3)) (terms #:after 3 #:of 5)))
       (map (lambda (s) (soft-count s (terms #:after 2)))
            (lives (map result '(fail fail) '(1 2)) (terms #:after 3))))))

  (test-group "flapping"
    (define results (map result (list-tabulate 32 (lambda (i) (if (even? i) 'fail 'ok)))
                         (iota 32 600 2)))
    (define minutes (terms #:flap 5 #:within 60))
    (test-equal "N11: it begins with the fifth change, and its end is known"
      '((#f #f) (608 664) (608 718))
      (let ((lives (lives (cons (result 'ok 540) results) minutes)))
        (map (lambda (s) (list (subject-flapping s) (subject-turn s minutes)))
             (list (list-ref lives 4) (list-ref lives 5) (last lives)))))
    (test-equal "the clock ends it"
      '(608 #f)
      (let ((last (last (lives (cons (result 'ok 540) results) minutes))))
        (map (lambda (until) (subject-flapping (subject-by last minutes until))) '(717 718))))
    (test-equal "that the first state is ok is no change"
      '(() (2) (3 2))
      (map subject-changes (lives (map result '(ok fail ok) '(1 2 3)) minutes))))

  (test-group "late"
    (define ok (list (result 'ok 1)))
    (define (late-then deadline . results)
      "Return what a subject that was ok at 1 and late at DEADLINE is after RESULTS."
      (receive (late begun)
          (subject-late (last (lives ok (terms))) deadline "due 10")
        (receive (s changes) (after late results)
          (list (list (subject-state s) (subject-hard s) (subject-since s)
                      (subject-bad-since s) (subject-changes s))
                (append begun changes)))))
    (test-equal "a deadline that passed is hard at once"
      '((late late 20 20 (20)) ((begin 20 late "late: due 10" 20 0 #f)))
      (late-then 20))
    (test-equal "N21: deadline, fail, ok: one span"
      '((ok ok 40 #f (40 30 20))
        ((begin 20 late "late: due 10" 20 0 #f) (change 20 fail #f) (end 20 40 1 40 #f)))
      (late-then 20 (result 'fail 30) (result 'ok 40)))
    (test-equal "it counts for a soft one, too"
      '((late late 20 10) ((change 10 fail 20)))
      (receive (s changes)
          (subject-late (last (lives (list (result 'ok 1) (result 'fail 10)) (terms #:after 3)))
                        20 "due 10" (terms #:after 3))
        (list (list (subject-state s) (subject-hard s) (subject-since s) (subject-bad-since s))
              changes)))
    (test-equal "it takes as many good ones as any"
      '((ok late) (ok ok))
      (receive (late begun)
          (subject-late (last (lives (map result '(ok ok ok) '(1 2 3)) (terms #:ok-after 2)))
                        20 "due 10" (terms #:ok-after 2))
        (map (lambda (s) (list (subject-state s) (subject-hard s)))
             (cdr (lives-of late (map result '(ok ok) '(21 22)) (terms #:ok-after 2))))))
    (test-equal "what is late is not late again"
      '()
      (receive (late begun) (subject-late (last (lives ok (terms))) 20 "due 10")
        (receive (again changes) (subject-late late 30 "due 25")
          changes)))
    (test-equal "an ok from before the deadline: it never was"
      '((ok ok 15 #f ())
        ((begin 20 late "late: due 10" 20 0 #f) (drop 20) (undo 15)))
      (late-then 20 (result 'ok 15)))
    (test-equal "an ok from after it ends the span then"
      '((ok ok 25 #f (25 20))
        ((begin 20 late "late: due 10" 20 0 #f) (end 20 25 0 25 #f)))
      (late-then 20 (result 'ok 25)))
    (test-equal "a fail from before it: bad, and earlier than we knew"
      '((fail fail 15 15 (20 15))
        ((begin 20 late "late: due 10" 20 0 #f) (move 20 15) (undo 15) (change 15 fail #f)))
      (late-then 20 (result 'fail 15)))
    (test-equal "who failed before he was late failed only, if he was ok in time"
      '((ok ok 15 #f)
        ((undo 15) (end 10 15 1 15 #f)))
      (receive (late begun)
          (subject-late (last (lives (list (result 'fail 10)) (terms))) 20 "due 10")
        (receive (s changes) (after late (list (result 'ok 15)))
          (list (list (subject-state s) (subject-hard s) (subject-since s)
                      (subject-bad-since s))
                changes)))))

  (test-group "the end"
    (test-equal "nobody waits for it any more"
      '((#f #f #f 0) ((close 5 9)))
      (receive (s changes) (subject-closed (last (lives (list (result 'fail 5)) (terms))) 9)
        (list (list (subject-state s) (subject-hard s) (subject-bad-since s)
                    (subject-failures s))
              changes)))
    (test-equal "planned is what began and ended in planned work"
      '((begin 2 fail "fail" 2 2 #t) (end 2 3 1 3 #t) (begin 4 fail "fail" 4 4 #t) (end 4 9 1 9 #f))
      (let loop ((results (map result '(fail ok fail ok) '(2 3 4 9))) (s new) (changes '()))
        (match results
          (() changes)
          ((result . rest)
           (receive (s more) (subject-after s result (terms) (lambda (at) (< at 5)))
             (loop rest s (append changes more))))))))

  (test-equal "what ends before it began, since our clock was set back, lasted no time"
    `((begin ,(+ %now 70000) fail "fail" ,(+ %now 70000) 1 #f)
      (end ,(+ %now 70000) ,(+ %now 70000) 1 2 #f))
    (changes (list (result 'fail (+ %now 70000) #:sender 1 #:event 1)
                   (result 'ok 5 #:sender 2 #:event 2))))

  (test-equal "nor is the time raised to one of our future"
    '(ok ok 5 #f #f 0 2)
    (look (list (result 'fail (+ %now 70000) #:seq 1 #:event 1)
                (result 'ok 5 #:seq 2 #:event 2))))

  (test-group "hearing"
    (test-assert "a message that changes nothing leaves the same record"
      (let ((s (hear new "error" 10 #f)))
        (eq? s (hear s "error" 9 #f))))
    (test-equal "time, monitor and expectation are noted"
      '(10 "disk" 5000)
      (let ((s (hear (hear new "error" 10 5000) "disk" 7 #f)))
        (list (subject-heard s) (subject-monitor s) (subject-every s))))))
