;;; schedule.scm -- cron lines, hours of the day and windows, as people write them
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  Weekdays are numbers from 0, Sunday; hours of the day are minutes since midnight.

(define-module (sheepdog schedule)
  #:use-module (sheepdog text)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (parse-cron
            cron?
            cron-text
            cron-minutes
            cron-hours
            cron-days
            cron-months
            cron-weekdays
            weekday-names
            parse-days
            parse-clock
            parse-digest-time
            parse-span))

(define-record-type <cron>
  (make-cron text minutes hours days months weekdays)
  cron?
  (text cron-text)                                ;string, as written
  (minutes cron-minutes)                          ;sorted list of numbers | #f: any (*)
  (hours cron-hours)                              ;the same
  (days cron-days)                                ;the same, from 1
  (months cron-months)                            ;the same, from 1
  (weekdays cron-weekdays))                       ;the same

(define weekday-names '("sun" "mon" "tue" "wed" "thu" "fri" "sat"))

(define %month-names
  '("jan" "feb" "mar" "apr" "may" "jun" "jul" "aug" "sep" "oct" "nov" "dec"))

(define-record-type <field>
  (make-field name least most names)
  field?
  (name field-name)
  (least field-least)
  (most field-most)
  (names field-names))                            ;list of strings, for LEAST and on | ()

(define %fields                                   ;crontab(5)
  (list (make-field "minute" 0 59 '())
        (make-field "hour" 0 23 '())
        (make-field "day" 1 31 '())
        (make-field "month" 1 12 %month-names)
        (make-field "weekday" 0 7 weekday-names)))

(define (small-number text)
  "Return the number that the one or two digits TEXT say, or #f."
  (and (<= 1 (string-length text) 2)
       (string-every (lambda (c) (char<=? #\0 c #\9)) text)
       (string->number text)))

(define (field-value field text)
  "Return the number that TEXT, digits or a name, means in FIELD, or #f."
  (let ((n (or (small-number text)
               (let ((place (list-index (lambda (name) (string-ci=? name text))
                                        (field-names field))))
                 (and place (+ place (field-least field)))))))
    (and n (<= (field-least field) n (field-most field)) n)))

(define (parse-cron text)
  "Return the <cron> that TEXT, five fields as in crontab(5), describes, or a string that
says what is wrong with it."
  (define (complain template . arguments)
    (throw 'bad-cron (format #f "~? in ~s" template arguments text)))
  (define (wants field what item)
    (complain "~a wants ~a, got ~a" (field-name field) what
              (if (string-null? item) "nothing" item)))
  (define (value field word item)
    (or (field-value field word)
        (wants field (format #f "~a to ~a" (field-least field) (field-most field)) item)))
  (define (step field item word)
    (match (small-number word)
      ((? number? n) (if (zero? n) (wants field "a step from 1 on" item) n))
      (#f (wants field "a number as step" item))))
  (define (range field word item)
    (match (string-split word #\-)
      (("*") (cons (field-least field) (field-most field)))
      ((one) (let ((n (value field one item))) (cons n n)))
      ((one other)
       (let ((from (value field one one)) (until (value field other other)))
         (unless (<= from until)
           (wants field "a range that rises" item))
         (cons from until)))
      (_ (value field word item))))
  (define (item-values field item)
    (match (string-split item #\/)
      ((word) (match (range field word item)
                ((from . until) (iota (+ 1 (- until from)) from))))
      ((word every)
       (match (range field word item)
         ((from . until)
          (let ((by (step field item every))
                (until (if (string-any char-set:digit word)
                           (if (string-index word #\-) until (field-most field))
                           until)))
            (iota (+ 1 (quotient (- until from) by)) from by)))))
      (_ (value field item item))))
  (define (values-of field word)
    (and (not (string=? word "*"))
         (let ((numbers (append-map (lambda (item) (item-values field item))
                                    (string-split word #\,))))
           (sort (delete-duplicates
                  (if (string=? (field-name field) "weekday")
                      (map (lambda (n) (modulo n 7)) numbers)
                      numbers))
                 <))))
  (catch 'bad-cron
    (lambda ()
      (let ((words (string-tokenize text)))
        (unless (= (length words) (length %fields))
          (complain "cron wants five fields, got ~a" (length words)))
        (match (map values-of %fields words)
          ((minutes hours days months weekdays)
           (when (and days (not weekdays) (not (ever? days months)))
             (complain "there is never such a day"))
           (make-cron text minutes hours days months weekdays)))))
    (lambda (key problem) problem)))

(define %longest-months '(31 29 31 30 31 30 31 31 30 31 30 31))

(define (ever? days months)
  "Is there one of DAYS in one of MONTHS?"
  (any (lambda (month) (<= (first days) (list-ref %longest-months (- month 1))))
       (or months (iota 12 1))))

(define (parse-weekday text)
  (list-index (lambda (name) (string-ci=? name text)) weekday-names))

(define (parse-days text)
  "Return the weekdays of TEXT, \"mon\" or \"mon-fri\" (\"sat-mon\" goes over Sunday), or #f."
  (match (map parse-weekday (string-split text #\-))
    (((? number? day)) (list day))
    (((? number? from) (? number? until))
     (map (lambda (n) (modulo (+ from n) 7))
          (iota (+ 1 (modulo (- until from) 7)))))
    (_ #f)))

(define (parse-clock text)
  "Return the minutes since midnight of TEXT, \"07:00\" to \"24:00\", or #f."
  (match (map small-number (string-split text #\:))
    (((? number? hour) (? number? minute))
     (and (= (string-length text) 5)
          (< minute 60)
          (<= (+ (* 60 hour) minute) (* 24 60))
          (+ (* 60 hour) minute)))
    (_ #f)))

(define (parse-digest-time text)
  "Return (WEEKDAY . MINUTES) of TEXT, \"07:00\" (WEEKDAY #f: daily) or \"Mon 07:00\", or #f."
  (match (string-tokenize text)
    ((clock)
     (let ((minutes (parse-clock clock)))
       (and minutes (cons #f minutes))))
    ((day clock)
     (let ((weekday (parse-weekday day)) (minutes (parse-clock clock)))
       (and weekday minutes (cons weekday minutes))))
    (_ #f)))

(define (parse-span text)
  "Return (FROM . UNTIL) in minutes of TEXT, \"08:00-18:00\", or #f.  The end is outside;
\"22:00-06:00\", whose UNTIL is less, is of the day it begins."
  (match (map parse-clock (string-split text #\-))
    (((? number? from) (? number? until))
     (and (not (= from until)) (< from (* 24 60)) (cons from until)))
    (_ #f)))
