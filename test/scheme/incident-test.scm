;;; incident-test.scm -- the life of a subject, result by result
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog incident)
             (sheepdog test)
             (ice-9 match)
             (ice-9 receive)
             (srfi srfi-1))

(define %now 100000000)
(define new (fresh-subject "h" "t" "error" 0))

(define* (result state at #:key (sender 1) (seq at) (received at) (event at) (summary ""))
  (make-result state at received sender seq event summary))

(define* (after subject results #:key (needed 1))
  "Return two values: SUBJECT after those of RESULTS that are in order, and all changes."
  (let loop ((results results) (subject subject) (changes '()))
    (match results
      (() (values subject changes))
      ((result . rest)
       (match (result-in-order subject result %now)
         (#f (loop rest subject (append changes '(older))))
         (result
          (receive (subject now) (subject-after subject result #:after needed)
            (loop rest subject (append changes now)))))))))

(define* (changes results #:key (needed 1))
  (receive (subject changes) (after new results #:needed needed) changes))

(define* (look results #:key (needed 1))
  "Return what a subject looks like after RESULTS."
  (receive (s changes) (after new results #:needed needed)
    (list (subject-state s) (subject-hard s) (subject-since s) (subject-bad-since s)
          (subject-worst s) (subject-failures s) (subject-ok-event s))))

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
    '((begin 5 fail "exit 2" 5 50) (end 5 9 2 51))
    (changes (list (result 'fail 5 #:event 50 #:summary "exit 2")
                   (result 'fail 7)
                   (result 'ok 9 #:event 51))))

  (test-equal "without a summary the state is the reason"
    '((begin 5 warn "warn" 5 5))
    (changes (list (result 'warn 5))))

  (test-equal "a span remembers the worst state in it"
    '((begin 1 warn "warn" 1 1) (change 1 fail #f) (end 1 4 3 4))
    (changes (list (result 'warn 1) (result 'fail 2) (result 'warn 3) (result 'ok 4))))

  (test-equal "N2: soft states are counted and become hard at the third in a row"
    `((begin 1 fail "fail" ,%open-end 1) (end 1 3 2 3)
      (begin 4 fail "fail" ,%open-end 4) (change 4 fail 6) (end 4 20 3 20))
    (changes (map result '(fail fail ok fail fail fail ok) '(1 2 3 4 5 6 20))
             #:needed 3))

  (test-assert "a soft state is told apart"
    (receive (s changes) (after new (list (result 'ok 1) (result 'fail 2)) #:needed 2)
      (and (soft? s) (eq? 'ok (subject-hard s)) (eq? 'fail (subject-state s)))))

  (test-equal "when hard, another bad state is hard at once"
    '(warn warn 3 1 fail 3 #f)
    (look (list (result 'fail 1) (result 'fail 2) (result 'warn 3)) #:needed 2))

  (test-equal "N21: late, then fail: hard at once, and fail is the worse"
    '((fail fail 1 1 fail 1 #f) ((change 1 fail #f)))
    (let ((late (make-subject 1 "h" "t" "error" 0 #f 'late 'late 1 1 'late 0
                              0 0 1 0 0 "" #f 0)))
      (receive (s changes) (subject-after late (result 'fail 1) #:after 3)
        (list (list (subject-state s) (subject-hard s) (subject-since s)
                    (subject-bad-since s) (subject-worst s) (subject-failures s)
                    (subject-ok-event s))
              changes))))

  (test-group "order"
    (test-equal "of one sender the greater number is newer, and its time is raised"
      '(ok ok 10 #f #f 0 2)
      (look (list (result 'fail 10 #:seq 1 #:event 1) (result 'ok 7 #:seq 2 #:event 2))))

    (test-equal "of one sender a lesser number is older, whatever its time says"
      '((begin 10 fail "fail" 10 10) older)
      (changes (list (result 'fail 10 #:seq 2) (result 'ok 20 #:seq 1))))

    (test-equal "N25: of two senders the later time is newer"
      '(older)
      (changes (list (result 'ok 5 #:sender 1 #:received 6)
                     (result 'fail 0 #:sender 2 #:received 10))))

    (test-equal "at the same time the later receipt is newer"
      '((begin 5 fail "fail" 5 5) (end 5 5 1 5))
      (changes (list (result 'fail 5 #:sender 1 #:received 6)
                     (result 'ok 5 #:sender 2 #:received 7))))

    (test-equal "who has no sender of its own is ordered by time"
      '((begin 10 fail "fail" 10 10) older)
      (changes (list (result 'fail 10 #:sender 0 #:seq 1)
                     (result 'ok 7 #:sender 0 #:seq 2))))

    (test-equal "a result of our future yields to any"
      '(ok ok 5 #f #f 0 5)
      (look (list (result 'fail (+ %now 70000) #:sender 1)
                  (result 'ok 5 #:sender 2)))))

  (test-group "hearing"
    (test-assert "a message that changes nothing leaves the same record"
      (let ((s (hear new "error" 10 #f)))
        (eq? s (hear s "error" 9 #f))))
    (test-equal "time, monitor and expectation are noted"
      '(10 "disk" 5000)
      (let ((s (hear (hear new "error" 10 5000) "disk" 7 #f)))
        (list (subject-heard s) (subject-monitor s) (subject-every s))))))
