;;; window.scm -- the times that a question speaks of: instants and windows as terms
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic window)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic type)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (read-window read-instant))

(define %instants
  "such as now, (ago \"10d\"), today, \"2026-11-01 14:00\"")
(define %windows
  "(last \"30d\"), (since T), (between T T), (on \"2026-10\") or always")

(define (read-instant datum expression complain)
  "Return the term of the time that DATUM names.  EXPRESSION reads what is none: datum -> term."
  (define (expression?)
    (match (datum-kind datum)
      ('symbol (named? (datum-value datum)))
      ('list (and (datum-head datum) (operator? (datum-head datum))))
      (_ #f)))
  (if (expression?)
      (expression datum)
      (let ((value (instant-of datum)))
        (unless value
          (complain datum (string-append "no time can be read from " (datum->text datum))
                    %instants))
        (make-constant datum 'time (or value 0)))))

(define (calendar-span text)
  "Return (YEAR MONTH DAY SPAN) of TEXT, a year, month or day, where SPAN is one of these."
  (define (number from to)
    (parse-whole (substring text from to)))
  (match (string-length text)
    (4 (let ((year (number 0 4))) (and year (list year 1 1 'year))))
    (7 (match (parse-date (string-append text "-01"))
         ((year month _) (list year month 1 'month))
         (#f #f)))
    (10 (match (parse-date text)
          ((year month day) (list year month day 'day))
          (#f #f)))
    (_ #f)))

(define (midnight year month day)
  "Return when the day begins on our clocks; MONTH may lie outside of the year."
  (let ((year (+ year (floor-quotient (- month 1) 12)))
        (month (+ 1 (floor-remainder (- month 1) 12))))
    (local->instant (local-zone) (* %day (date->days year month day)))))

(define (today now days)
  (match (local-date now)
    ((year month day) (midnight year month (+ day days)))))

(define (local-date now)
  (days->date (floor-quotient (instant->local (local-zone) now) %day)))

(define (month now months)
  (match (local-date now)
    ((year month _) (midnight year (+ month months) 1))))

(define (on-window datum)
  "Return (FROM . TO), times or procedures from now to times, of X in (on X), or #f."
  (match (if (eq? 'integer (datum-kind datum))
             (number->string (datum-value datum))
             (datum-word datum))
    ("today" (cons (lambda (now) (today now 0)) (lambda (now) (today now 1))))
    ("yesterday" (cons (lambda (now) (today now -1)) (lambda (now) (today now 0))))
    ("last-month" (cons (lambda (now) (month now -1)) (lambda (now) (month now 0))))
    ((? string? text)
     (match (calendar-span text)
       ((year month day 'year) (cons (midnight year 1 1) (midnight (+ year 1) 1 1)))
       ((year month day 'month) (cons (midnight year month 1) (midnight year (+ month 1) 1)))
       ((year month day 'day) (cons (midnight year month day) (midnight year month (+ day 1))))
       (#f #f)))
    (_ #f)))

(define (read-window datum expression complain)
  "Return (FROM . TO) of the window that DATUM names, terms; #f is no limit.  TO may lie ahead of
now."
  (define (time value) (make-constant datum 'time value))
  (define (instant datum) (read-instant datum expression complain))
  (define (wrong datum text hint)
    (complain datum text hint)
    (cons #f #f))
  (match (cons (datum-word datum) (datum-items datum))
    (("always") (cons #f #f))
    ((_ head . arguments)
     (match (cons (datum-value head) arguments)
       (('last (= datum-word (? string? text)))
        (match (parse-duration text)
          (#f (wrong (first arguments)
                     (string-append "no duration can be read from "
                                    (datum->text (first arguments)))
                     "such as \"90s\" \"15m\" \"2h\" \"30d\" \"1w\""))
          (duration (cons (time (lambda (now) (- now duration))) (time identity)))))
       (('since from) (cons (instant from) (time identity)))
       (('between from to) (cons (instant from) (instant to)))
       (('on what)
        (match (on-window what)
          ((from . to) (cons (time from) (time to)))
          (#f (wrong what (string-append "no day, month or year can be read from "
                                         (datum->text what))
                     "today, yesterday, last-month, \"2026-10-05\", \"2026-10\" or \"2026\""))))
       (_ (wrong datum (string-append "no window can be read from " (datum->text datum))
                 %windows))))
    (_ (wrong datum (string-append "no window can be read from " (datum->text datum))
              %windows))))
