;;; field.scm -- the fields of a stranger's object: each is what its name says, or refused
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Each check takes a pair of key and value out of an object as %json-read gives it, or the #f of
;; assq where the key is missing.  It returns the value, #f when it is missing or null, and raises
;; `bad-message' with the key and what it wants: `'state' wants ok, warn, fail or unknown, got
;; "bad"'.  Seconds become milliseconds.  They are meant to be imported with the prefix `field:'.

(define-module (sheepdog field)
  #:use-module (sheepdog datum)
  #:use-module (sheepdog error)
  #:autoload (sheepdog mail) (address?)
  #:use-module (sheepdog name)
  #:use-module (sheepdog quantity)
  #:export (given? complain json->text object?
            text truth count sequence-number signal seconds duration time
            host monitor tag kind state object strings facts addresses))

(define (complain key wants datum)
  "Raise `bad-message': the field KEY is not what it WANTS to be."
  (raise-error 'bad-message
               (string-append "'" (symbol->string key) "' wants " wants ", got "
                              (json->text datum))))

(define (json->text datum)
  (cond ((eq? datum #t) "true")
        ((eq? datum #f) "false")
        ((vector? datum) "an array")
        ((or (pair? datum) (null? datum)) "an object")
        (else (datum->text datum))))

(define (given? pair)
  "Is PAIR there, and does it hold more than null?"
  (and pair (not (eq? 'null (cdr pair)))))

(define-syntax-rule (define-check (name value) test wants)
  "Define NAME: (pair or #f) -> its VALUE, #f if there is none; `bad-message' if it fails
TEST, naming the key and what it WANTS."
  (define (name pair)
    (and (given? pair)
         (let ((value (cdr pair)))
           (if test value (complain (car pair) wants value))))))

(define (object? value)
  (or (null? value) (pair? value)))

(define (all? test vector)
  (let loop ((i 0))
    (or (= i (vector-length vector))
        (and (test (vector-ref vector i)) (loop (+ i 1))))))

(define (fact? value)
  (and (vector? value)
       (positive? (vector-length value))
       (string? (vector-ref value 0))
       (all? (lambda (argument)
               (not (or (vector? argument) (object? argument))))
             value)))

(define-check (text value) (string? value) "text")
(define-check (truth value) (boolean? value) "true or false")
(define-check (count value)
  (and (exact-integer? value) (<= 0 value #xffffffffffff)) "a whole number from 0")
(define-check (sequence-number value)
  (and (exact-integer? value) (<= 1 value #x7fffffffffffffff))
  "a whole number from 1 to 2^63-1")
(define-check (tag value) (and (string? value) (tag? value))
  "1 to 256 printable characters")
(define-check (monitor value) (and (string? value) (name? (short-name value))) "a name")
(define-check (object value) (object? value) "an object")
(define-check (strings value) (and (vector? value) (all? string? value)) "an array of text")
(define-check (facts value) (and (vector? value) (all? fact? value))
  "an array of [\"relation\", argument...]")
(define-check (signal value) (and (exact-integer? value) (<= 1 value 127))
  "a number from 1 to 127")

;;; Times.

(define %end-of-time 253402300800000)             ;ms, the year 10000

(define (seconds->milliseconds seconds)
  "Return the real number SECONDS, finite, as an exact number of milliseconds."
  (if (exact-integer? seconds)
      (* 1000 seconds)
      (inexact->exact (round (* 1000.0 seconds)))))

(define-check (number-of-seconds value) (and (real? value) (<= 0 value 1e12))
  "seconds from 0")
(define-check (instant value) (or (string? value) (real? value))
  "RFC 3339 text or epoch seconds")

(define (seconds pair)
  "Return the milliseconds of PAIR, a number of seconds."
  (let ((value (number-of-seconds pair)))
    (and value (seconds->milliseconds value))))

(define (time pair)
  "Return the instant that PAIR names as ms, #f if there is none or none to be believed."
  (let ((value (instant pair)))
    (cond ((not value) #f)
          ((string? value) (rfc3339->ms value))
          ((<= 0 value 1e12)
           (let ((ms (seconds->milliseconds value)))
             (and (< ms %end-of-time) ms)))
          (else #f))))

(define (duration pair)
  (let ((value (text pair)))
    (and value
         (or (parse-duration value)
             (complain (car pair) "a duration" value)))))


;;; Words and names.

(define (word pair words)
  "Return the symbol that the value of PAIR stands for in WORDS, an alist from texts."
  (let ((value (text pair)))
    (and value
         (or (assoc-ref words value)
             (complain (car pair) (choice (map car words)) value)))))

(define (choice words)
  "Return the list WORDS as \"a, b or c\"."
  (let ((words (reverse words)))
    (string-append (string-join (reverse (cdr words)) ", ") " or " (car words))))

(define (kind pair)
  (word pair '(("bark" . bark) ("start" . start) ("ping" . ping) ("log" . log)
               ("result" . result))))

(define (state pair)
  (word pair '(("ok" . ok) ("warn" . warn) ("fail" . fail) ("unknown" . unknown))))

(define (host pair)
  (let ((value (text pair)))
    (and value
         (or (host-name value)
             (complain (car pair) "a name" value)))))

(define (addresses pair)
  "Return the addresses of PAIR, text with commas between them."
  (let ((value (text pair)))
    (if value
        (let ((words (map string-trim-both (string-split value #\,))))
          (cond ((equal? words '("")) '())
                ((and-map address? words) words)
                (else (complain (car pair) "mail addresses" value))))
        '())))
