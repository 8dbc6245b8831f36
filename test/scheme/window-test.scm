;;; window-test.scm -- parts of the week
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog test)
             (sheepdog window)
             (sheepdog zone))

(define (utc year month day hour minute)
  (+ (* %day (date->days year month day)) (* 3600000 hour) (* 60000 minute)))

(define berlin (find-zone "Europe/Berlin"))
(define office (window #:weekdays '(1 2 3 4 5) #:span '(480 . 1080) #:zone berlin
                       #:except (list (date->days 2026 12 25))))
(define night (window #:weekdays '(6) #:span '(1320 . 360) #:zone (find-zone "UTC")))

(define (open window . dates)
  (map (lambda (date) (inside? window (apply utc date))) dates))

(run-tests "window"
  (test-equal "office hours: from the minute they begin to the one before their end"
    '(#f #t #t #f)
    (open office '(2026 11 23 6 59) '(2026 11 23 7 0) '(2026 11 23 16 59) '(2026 11 23 17 0)))
  (test-equal "not on a Sunday, not on an exception; in summer an hour earlier by UTC"
    '(#f #f #t #f)
    (open office '(2026 11 22 10 0) '(2026 12 25 10 0) '(2026 7 1 6 0) '(2026 7 1 16 0)))
  (test-equal "a night is of the day it begins"
    '(#t #t #f #f)
    (open night '(2026 11 28 22 0) '(2026 11 29 5 59) '(2026 11 29 6 0) '(2026 11 28 5 0)))
  (test-equal "the next boundary: opening, closing, over a weekend, past an exception"
    (list (utc 2026 11 23 7 0) (utc 2026 11 23 17 0) (utc 2026 11 30 7 0) (utc 2026 12 28 7 0))
    (map (lambda (date) (next-boundary office (apply utc date)))
         '((2026 11 22 10 0) (2026 11 23 7 0) (2026 11 27 17 0) (2026 12 24 17 0))))
  (test-equal "the end of a night that began yesterday"
    (utc 2026 11 29 6 0)
    (next-boundary night (utc 2026 11 29 3 0)))
  (test-equal "an hour that the clock skips is no part of it; one shown twice belongs once"
    (list (utc 2026 3 29 1 0) (utc 2026 3 29 1 0) (utc 2026 10 25 0 0))
    (let ((small (window #:span '(120 . 180) #:zone berlin)))
      (list (next-boundary small (utc 2026 3 28 12 0))
            (next-boundary small (utc 2026 3 29 0 59))
            (next-boundary small (utc 2026 10 24 12 0)))))
  (test-equal "always open, and never"
    '(#t #f)
    (list (inside? (window) 0)
          (inside? (window #:weekdays '()) 0))))
