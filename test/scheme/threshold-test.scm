;;; threshold-test.scm -- numbers and Nagios ranges as limits, and states that do not flutter
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog memory)
             (sheepdog test)
             (sheepdog threshold)
             (srfi srfi-1))

(define (grades warn fail . values)
  (map (lambda (value) (grade value warn fail)) values))

(define (settled slack warn fail . values)
  "Return the states of VALUES, sampled one after the other."
  (reverse
   (car (fold (lambda (value so-far)
                (call-with-values
                    (lambda ()
                      (call-with-memory (cdr so-far) 0
                        (lambda () (grade value warn fail #:slack slack #:as 'x))))
                  (lambda (state memory) (cons (cons state (car so-far)) memory))))
              '(())
              values))))

(run-tests "threshold"
  (test-group "limits"
    (test-equal "a number and each form of a range is one" '(#t #t #t #t #t #t #t #t)
      (map limit? (list 5 -0.5 "10" "10:" "~:10" "5:10" "@5:10" "~:")))
    (test-equal "anything else is none" '(#f #f #f #f #f #f #f)
      (map limit? (list "" "a" "10:5" "1:2:3" "10 %" 'ten "@")))
    (test-equal "percents end at 100" '(#t #t #f #t)
      (map percent-limit? (list 0 100 101 "20:80"))))

  (test-group "grade"
    (test-equal "above numbers" '(ok ok warn warn fail) (grades 80 90 0 80 81 90 91))
    (test-equal "below them where less is worse" '(fail warn warn ok) (grades 20 10 9 10 19 20))
    (test-equal "a number as text is a range from 0" '(fail ok ok fail)
      (grades #f "10" -1 0 10 11))
    (test-equal "outside of a range, inside of one with @" '(warn ok fail)
      (grades "10:20" "@30:40" 9 15 30))
    (test-equal "open ends" '(fail ok ok) (grades "~:7" "~:9" 10 -1000 7))
    (test-equal "no limit" '(ok warn) (list (grade 1000 #f #f) (grade 1000 1 #f))))

  (test-group "slack"
    (test-equal "what wobbles around a limit stays worse" '(ok warn warn warn ok)
      (settled 5 80 90 80 81 79 76 74))
    (test-equal "getting worse needs none" '(ok warn fail fail warn ok)
      (settled 5 80 90 10 81 91 86 84 74))
    (test-equal "where less is worse, too" '(warn warn ok) (settled 5 20 10 19 22 25))
    (test-equal "and around both ends of a range" '(warn warn ok warn warn ok)
      (settled 2 "10:20" #f 9 11 12 21 19 18)))

  (test-equal "the worst of some" '(ok unknown warn fail)
    (list (worst) (worst 'ok 'unknown) (worst 'unknown 'warn 'ok) (worst 'warn 'fail)))

  (test-equal "rounding leaves no dust behind" '(0.3 0.02 2.5 50 35 -3)
    (list (round-to 0.1 0.31) (round-to 0.01 1/64) (round-to 0.5 2.4) (round-to 5 51.2)
          (round-to 5 33) (round-to 1 -3.4))))
