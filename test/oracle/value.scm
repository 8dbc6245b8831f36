;;; value.scm -- the oracle's values: types, order, arithmetic, instants and windows, each done the obvious way
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A value is (TYPE . RAW): TYPE is text, integer, number, version, time, duration, any or (size
;; UNIT), RAW a string or a number; times and durations are milliseconds.  What a query writes has
;; the type `constant' until it meets something that has one.  Nothing here is the compiler's.

(define-module (oracle value)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-11)
  #:use-module (srfi srfi-19)
  #:export (%open value-of type-of raw same? test-holds? version<? glob-fits? of-version?
            instant window-of apply-operator operator?))

(define %open 9223372036854775807)

(define (value-of type raw) (cons type raw))
(define type-of car)
(define raw cdr)

(define %second 1000)
(define %day (* 86400 %second))


;;; Words that mean numbers.

(define %durations `(("s" . 1000) ("m" . 60000) ("h" . 3600000) ("d" . ,%day) ("w" . ,(* 7 %day))))
(define %sizes '(("" . 1) ("B" . 1) ("kB" . 1000) ("KB" . 1000) ("MB" . 1000000) ("GB" . 1000000000)
                 ("KiB" . 1024) ("MiB" . 1048576) ("GiB" . 1073741824)))

(define (quantity text units)
  "Return TEXT, as \"1.5GiB\", in the measure of UNITS, an exact number, or #f."
  (let ((found (and (string? text) (string-match "^([0-9.]+)([a-zA-Z]*)$" text))))
    (and found
         (assoc-ref units (match:substring found 2))
         (* (string->number (string-append "#e" (match:substring found 1)))
            (assoc-ref units (match:substring found 2))))))

(define (local->ms year month day hour minute)
  "Return the instant at which clocks of the local zone show this."
  (let ((tm (localtime 0)))
    (set-tm:year tm (- year 1900))
    (set-tm:mon tm (- month 1))
    (set-tm:mday tm day)
    (set-tm:hour tm hour)
    (set-tm:min tm minute)
    (set-tm:sec tm 0)
    (set-tm:isdst tm -1)
    (* %second (car (mktime tm)))))

(define (numbers text pattern)
  "Return the numbers that the groups of PATTERN, a regular expression, match in TEXT, or #f."
  (let ((found (and (string? text) (string-match pattern text))))
    (and found
         (map (lambda (i) (string->number (match:substring found i)))
              (iota (- (match:count found) 1) 1)))))

(define (date-of ms)
  "Return (YEAR MONTH DAY) of the local calendar."
  (let ((tm (localtime (floor-quotient ms %second))))
    (list (+ 1900 (tm:year tm)) (+ 1 (tm:mon tm)) (tm:mday tm))))

(define (local-day ms shift)
  "Return the midnight that begins the local day of MS, SHIFT days on."
  (match (date-of ms)
    ((year month day) (local->ms year month (+ day shift) 0 0))))

(define (instant datum now)
  "Return the instant DATUM in ms, or #f."
  (match datum
    ((? number?) (* %second datum))
    ((or 'now "now") now)
    ((or 'open "open") %open)
    ((or 'today "today") (local-day now 0))
    ((or 'yesterday "yesterday") (local-day now -1))
    (('ago duration) (- now (quantity duration %durations)))
    ((? string?)
     (cond ((numbers datum "^([0-9]{4})-([0-9]{2})-([0-9]{2})$")
            => (match-lambda ((y m d) (local->ms y m d 0 0))))
           ((numbers datum "^([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2})$")
            => (lambda (all) (apply local->ms all)))
           ((numbers datum "^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$")
            => (match-lambda
                 ((y m d h min s)
                  (* %second (time-second
                              (date->time-utc (make-date 0 s min h d m y 0)))))))
           (else #f)))
    (_ #f)))

(define (window-of datum now)
  "Return the window DATUM as (FROM . TO), half-open; its end may lie ahead of NOW."
  (match datum
    (('last duration) (cons (- now (quantity duration %durations)) now))
    (('since from) (cons (instant from now) %open))
    (('between from to) (cons (instant from now) (instant to now)))
    ((or 'always "always") (cons (- %open) %open))
    (('on (or 'today "today")) (cons (local-day now 0) (local-day now 1)))
    (('on (or 'yesterday "yesterday")) (cons (local-day now -1) (local-day now 0)))
    (('on (or 'last-month "last-month"))
     (match (date-of now)
       ((year month _) (cons (local->ms year (- month 1) 1 0 0) (local->ms year month 1 0 0)))))
    (('on text)
     (or (match (numbers text "^([0-9]{4})-([0-9]{2})-([0-9]{2})$")
           ((y m d) (cons (local->ms y m d 0 0) (local->ms y m (+ d 1) 0 0)))
           (#f #f))
         (match (numbers text "^([0-9]{4})-([0-9]{2})$")
           ((y m) (cons (local->ms y m 1 0 0) (local->ms y (+ m 1) 1 0 0)))
           (#f #f))
         (match (numbers text "^([0-9]{4})$")
           ((y) (cons (local->ms y 1 1 0 0) (local->ms (+ y 1) 1 1 0 0))))))))


;;; A constant becomes what it meets.

(define (plain datum)
  "Return DATUM as text or a number."
  (match datum
    (('quote word) (plain word))
    ((? symbol?) (symbol->string datum))
    (_ datum)))

(define (typed type datum now)
  "Return the constant DATUM as a value of TYPE."
  (value-of type
            (match type
              ('time (or (instant datum now) (plain datum)))
              ('duration (or (quantity datum %durations) (plain datum)))
              (('size unit)
               (let ((bytes (quantity datum %sizes)))
                 (if bytes
                     (/ bytes (assoc-ref %sizes (symbol->string unit)))
                     (plain datum))))
              (_ (plain datum)))))

(define (alike a b now)
  "Return A and B as a list, a constant with the type of the other."
  (match (list (type-of a) (type-of b))
    (('constant 'constant)
     (map (lambda (v)
            (let ((p (plain (raw v))))
              (value-of (if (number? p) 'number 'text) p)))
          (list a b)))
    (('constant type) (list (typed type (raw a) now) b))
    ((type 'constant) (list a (typed type (raw b) now)))
    (_ (list a b))))


;;; Order.

(define (version-order c)
  "Return the rank of C, a character that is no digit or #f: the end, as deb-version(7) has it."
  (cond ((not c) 0)
        ((char=? c #\~) -1)
        ((char-alphabetic? c) (char->integer c))
        (else (+ 256 (char->integer c)))))

(define (compare-parts a b)
  "Compare lists of characters: letters by `version-order', rows of digits as numbers; -1, 0 or 1."
  (define (number-of digits)
    (if (null? digits) 0 (string->number (list->string digits))))
  (let loop ((a a) (b b))
    (let*-values (((letters-a a) (break char-numeric? a))
                  ((letters-b b) (break char-numeric? b))
                  ((digits-a a) (span char-numeric? a))
                  ((digits-b b) (span char-numeric? b)))
      (let* ((longest (max (length letters-a) (length letters-b)))
             (pad (lambda (letters)
                    (map version-order
                         (append letters (make-list (- longest (length letters)) #f)))))
             (different (find (match-lambda ((x y) (not (= x y))))
                              (zip (pad letters-a) (pad letters-b)))))
        (cond (different (if (< (first different) (second different)) -1 1))
              ((< (number-of digits-a) (number-of digits-b)) -1)
              ((> (number-of digits-a) (number-of digits-b)) 1)
              ((and (null? a) (null? b)) 0)
              (else (loop a b)))))))

(define (version-parts text)
  "Return the parts of TEXT, EPOCH:UPSTREAM-REVISION, as three lists of characters."
  (let* ((colon (string-index text #\:))
         (rest (if colon (string-drop text (+ colon 1)) text))
         (hyphen (string-rindex rest #\-)))
    (map string->list
         (list (if colon (string-take text colon) "0")
               (if hyphen (string-take rest hyphen) rest)
               (if hyphen (string-drop rest (+ hyphen 1)) "")))))

(define (version-compare a b)
  (or (find (negate zero?) (map compare-parts (version-parts a) (version-parts b))) 0))

(define (version<? a b) (= -1 (version-compare a b)))

(define (compare a b)
  "Return -1, 0 or 1: A is below, at or above B, values of alike types; #f: they have no order."
  (let ((x (raw a)) (y (raw b)))
    (cond ((and (number? x) (number? y)) (cond ((< x y) -1) ((> x y) 1) (else 0)))
          ((not (and (string? x) (string? y))) #f)
          ((or (eq? 'version (type-of a)) (eq? 'version (type-of b))) (version-compare x y))
          ((string<? x y) -1)
          ((string=? x y) 0)
          (else 1))))

(define (same? a b now)
  "Are the values A and B equal?  Text exactly, versions too; text and number never."
  (match (alike a b now)
    ((a b) (let ((x (raw a)) (y (raw b)))
             (cond ((and (number? x) (number? y)) (= x y))
                   ((and (string? x) (string? y)) (string=? x y))
                   (else #f))))))

(define (test-holds? operator values now)
  "Is the comparison OPERATOR true of VALUES, two or more, each with the next?"
  (define (holds? a b)
    (match operator
      ((or '= '==) (same? a b now))
      ((or '/= '=/=) (not (same? a b now)))
      (_ (let ((sign (apply compare (alike a b now))))
           (and sign
                (match operator
                  ('< (= sign -1))
                  ('<= (<= sign 0))
                  ('> (= sign 1))
                  ('>= (>= sign 0))))))))
  (every holds? values (cdr values)))

(define (glob-fits? glob text)
  "Does TEXT fit GLOB with its wildcards * ? [a-z] [!a-z]?"
  (let fits? ((g (string->list glob)) (t (string->list text)))
    (match g
      (() (null? t))
      ((#\* . rest) (or (fits? rest t) (and (pair? t) (fits? g (cdr t)))))
      ((#\? . rest) (and (pair? t) (fits? rest (cdr t))))
      ((#\[ . _)
       (let* ((found (string-match "^\\[(!?)(.[^]]*)\\]" (list->string g)))
              (set (string-append "[" (if (string-null? (match:substring found 1)) "" "^")
                                  (match:substring found 2) "]")))
         (and (pair? t)
              (string-match set (string (car t)))
              (fits? (list-tail g (match:end found)) (cdr t)))))
      ((c . rest) (and (pair? t) (char=? c (car t)) (fits? rest (cdr t)))))))

(define (of-version? version wanted)
  "Is VERSION the string WANTED, or does it go on behind it with something that is no digit?"
  (and (string-prefix? wanted version)
       (let ((n (string-length wanted)))
         (or (= n (string-length version))
             (not (char-numeric? (string-ref version n)))))))


;;; Arithmetic.

(define (operator? word)
  (memq word '(+ - * / min max abs round subject)))

(define (half-up x)
  "Round X as people do: a half goes away from zero."
  (if (negative? x) (- (half-up (- x))) (inexact->exact (floor (+ x 1/2)))))

(define (no-end value now)
  "Return VALUE for arithmetic: an end that is open counts as NOW."
  (if (and (eq? 'time (type-of value)) (eqv? %open (raw value)))
      (value-of 'time now)
      value))

(define (with-units operator a b now)
  "Return A and B, of which a constant has got the type that OPERATOR wants beside the other."
  (define (beside value other)
    (match (cons (type-of value) (type-of other))
      (('constant . 'time)
       (if (and (memq operator '(+ -)) (quantity (plain (raw value)) %durations))
           (typed 'duration (raw value) now)
           (typed 'time (raw value) now)))
      (('constant . _)
       (if (number? (raw value))
           (value-of 'number (raw value))
           (typed (type-of other) (raw value) now)))
      (_ value)))
  (list (beside a b) (beside b a)))

(define (result-type operator a b)
  (match (list operator (type-of a) (type-of b))
    (('- 'time 'time) 'duration)
    (((or '+ '-) 'time _) 'time)
    (('+ _ 'time) 'time)
    (('/ 'duration 'duration) 'number)
    (('/ ('size _) ('size _)) 'number)
    ((_ 'constant type) type)
    ((_ (or 'integer 'number 'constant) type) type)
    ((_ type _) type)))

(define (apply-operator operator values now)
  "Return the value of OPERATOR applied to VALUES, or #f: it has none."
  (define (two a b)
    (match (map (lambda (v) (no-end v now)) (with-units operator a b now))
      ((a b)
       (let ((x (raw a)) (y (raw b)))
         (and (number? x) (number? y)
              (not (and (eq? operator '/) (zero? y)))
              (value-of (result-type operator a b)
                        ((match operator ('+ +) ('- -) ('* *) ('/ /)) x y)))))))
  (define (extreme wanted a b)
    (match (alike a b now)
      ((a b) (if (memv (compare a b) (list wanted 0)) a b))))
  (match (cons operator values)
    (('subject host tag)
     (value-of 'text (string-append (plain (raw host)) "/" (plain (raw tag)))))
    (('abs a) (value-of (type-of a) (abs (raw a))))
    (('round a) (value-of (type-of a) (half-up (raw a))))
    (('- a) (value-of (type-of a) (- (raw a))))
    (('min . all) (reduce (lambda (b a) (extreme -1 a b)) #f all))
    (('max . all) (reduce (lambda (b a) (extreme 1 a b)) #f all))
    ((_ a b . more)
     (fold (lambda (next sum) (and sum (two sum next))) a (cons b more)))))
