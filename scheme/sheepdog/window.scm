;;; window.scm -- parts of the week, such as office hours
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  A window begins at a clock time of each day that fits and ends at another, which is outside;
;; one that ends before it begins goes over midnight and is of the day it begins.  All times are
;; epoch milliseconds.

(define-module (sheepdog window)
  #:use-module (sheepdog zone)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (window window? inside? next-boundary))

(define %minute 60000)
(define %most-days 400)                           ;exceptions may fill a year

(define-record-type <window>
  (make-window weekdays from until zone except)
  window?
  (weekdays window-weekdays)                      ;list of numbers from 0, Sunday | #f: every day
  (from window-from)                              ;minutes after midnight
  (until window-until)                            ;the same; not more than FROM: of the next day
  (zone window-zone)
  (except window-except))                         ;list of days from 1970-01-01

(define* (window #:key weekdays (span '(0 . 1440)) (zone (local-zone)) (except '()))
  "Return the window that opens on WEEKDAYS (numbers from 0, Sunday; #f: every day) for SPAN, minutes
after midnight (FROM . UNTIL), in ZONE, but not on the days EXCEPT, counted from 1970-01-01."
  (make-window weekdays (car span) (cdr span) zone except))

(define (opens-on? window day)
  (and (or (not (window-weekdays window))
           (memv (weekday-of day) (window-weekdays window)))
       (not (memv day (window-except window)))))

(define (opening window day)
  "Return (FROM . UNTIL), when WINDOW is open that begins on the local DAY, or #f."
  (define (at day minutes)
    (local->instant (window-zone window) (+ (* %day day) (* %minute minutes))))
  (and (opens-on? window day)
       (let ((from (window-from window)) (until (window-until window)))
         (cons (at day from)
               (at (if (<= until from) (+ day 1) day) until)))))

(define (local-day window ms)
  (floor-quotient (instant->local (window-zone window) ms) %day))

(define (inside? window ms)
  "Is WINDOW open at MS?"
  (let ((day (local-day window ms)))
    (any (lambda (day)
           (let ((open (opening window day)))
             (and open (<= (car open) ms) (< ms (cdr open)))))
         (list day (- day 1)))))

(define (next-boundary window ms)
  "Return when WINDOW next opens or closes after MS, or #f: not within the next year."
  (define (boundaries day)
    (let ((open (opening window day)))
      (if open
          (filter (lambda (at) (> at ms)) (list (car open) (cdr open)))
          '())))
  (let ((today (local-day window ms)))
    (let loop ((day (- today 1)))
      (and (< day (+ today %most-days))
           (let ((found (append (boundaries day) (boundaries (+ day 1)))))
             (if (pair? found)
                 (apply min found)
                 (loop (+ day 1))))))))
