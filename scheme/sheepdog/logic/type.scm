;;; type.scm -- what kinds of values there are, which may meet, and what a constant is among them
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A type is as a column's: text integer number version time duration any, (size UNIT); or #f,
;; which nobody knows yet.  Times and durations are milliseconds, sizes count their unit.

(define-module (sheepdog logic type)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:export (type-class
            type-meets?
            type-merge
            type->text
            unit-bytes
            constant->value
            instant-of
            moment?))

(define (type-class type)
  "Return what TYPE is kept and compared as: text number time duration size any, or #f."
  (match type
    ((or 'text 'version) 'text)
    ((or 'integer 'number) 'number)
    (('size _) 'size)
    (_ type)))

(define (type-meets? a b)
  "May values of the types A and B be equal, or ordered?"
  (or (not a) (not b)
      (eq? 'any (type-class a))
      (eq? 'any (type-class b))
      (eq? (type-class a) (type-class b))))

(define (type-merge a b)
  "Return the type of what is of A and of B, two that meet: the one that says more."
  (cond ((or (not a) (eq? a 'any)) (or b a))
        ((or (not b) (eq? b 'any)) a)
        ((and (eq? a 'text) (eq? b 'version)) b)
        ((and (eq? a 'integer) (eq? b 'number)) b)
        (else a)))

(define (type->text type)
  (match type
    ('text "text")
    ('version "a version")
    ((or 'integer 'number) "a number")
    ('time "a time")
    ('duration "a duration")
    (('size _) "a size")
    (_ "a value")))

(define (unit-bytes unit)
  "Return the bytes in one UNIT, a symbol such as MiB."
  (parse-size (string-append "1" (symbol->string unit))))

;;; Instants

(define %words '("now" "today" "yesterday"))

(define (moment? value)
  "Is VALUE a procedure from now (ms) to a time, what a constant such as `yesterday' is?"
  (procedure? value))

(define (instant-of datum)
  "Return the time that DATUM names: ms, or a procedure from now to ms; #f: none."
  (match (cons (datum-kind datum) (datum-value datum))
    (((or 'symbol 'string) . _)
     (let ((text (datum-word datum)))
       (cond ((string=? text "now") identity)
             ((member text %words) (lambda (now) (parse-time text now)))
             (else (parse-time text 0 #:relative? #f)))))
    (((or 'integer 'real) . n) (inexact->exact (round (* 1000 n))))
    (('list . _)
     (match (datum->plain datum)
       (('ago (? string? text))
        (let ((duration (parse-duration text)))
          (and duration (lambda (now) (- now duration)))))
       (_ #f)))
    (_ #f)))

;;; Constants

(define (whole n)
  (if (and (rational? n) (integer? n)) (inexact->exact n) n))

(define (size-of text unit)
  (let ((bytes (parse-size text)))
    (and bytes (whole (/ bytes (unit-bytes unit))))))

(define (guess datum)
  "Return what DATUM is where nobody knows what is wanted: its type and its value."
  (match (cons (datum-kind datum) (datum-value datum))
    (('integer . n) (values 'integer n))
    (('real . n) (values 'number n))
    (('list . _) (values 'time (instant-of datum)))
    (_ (values 'text (datum-word datum)))))

(define (constant->value datum type)
  "Return the type and the value of DATUM, a constant, where TYPE (#f: anything) is wanted.  The
value #f: it is none of that type."
  (define word (and (not (datum-list? datum)) (datum-word datum)))
  (define number (and (memq (datum-kind datum) '(integer real)) (datum-value datum)))
  (match type
    ((or #f 'any) (guess datum))
    ((or 'text 'version) (values type word))
    ((or 'integer 'number) (values type number))
    ('time (values type (instant-of datum)))
    ('duration (values type (cond (number (inexact->exact (round (* 1000 number))))
                                  (word (parse-duration word))
                                  (else #f))))
    (('size unit) (values type (cond (number)
                                     (word (let ((n (size-of word unit)))
                                             (and n (if (integer? n) n (exact->inexact n)))))
                                     (else #f))))))
