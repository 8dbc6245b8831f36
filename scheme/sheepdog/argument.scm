;;; argument.scm -- an argument of a fact, made fit for its column or refused
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  JSON's true and false are text, so is a number where text is wanted.  Text that reads wholly as
;; a number is converted where the column wants one, "4GiB" where it counts sizes, "90s" where it is a
;; duration, RFC 3339 where it is a time; nothing else is.  Where units do not fit exactly the nearest
;; whole number counts.

(define-module (sheepdog argument)
  #:use-module (sheepdog datum)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (unfit? unfit-reason fit-arguments plain-arguments unit-bytes))

(define-record-type <unfit>
  (unfit reason)
  unfit?
  (reason unfit-reason))                          ;string

(define (number-fits? number)
  (if (exact-integer? number)
      (<= -9223372036854775808 number 9223372036854775807)
      (and (real? number)
           (not (nan? number))
           (not (inf? number)))))

(define (plain argument)
  "Return ARGUMENT as it may be stored anywhere, text or a number, or <unfit>."
  (match argument
    ('null (unfit "null is no value"))
    ((? vector?) (unfit "an array is no value"))
    ((or () ((_ . _) . _)) (unfit "an object is no value"))
    ((? number?)
     (cond ((not (number-fits? argument)) (unfit "a number that is too large"))
           ((exact-integer? argument) argument)
           (else (exact->inexact argument))))
    ((? string?) argument)
    ((? symbol?) (symbol->string argument))
    (#t "true")
    (#f "false")
    (_ (unfit "neither text nor a number"))))


;;; Text that is a number.

(define %digits (string->char-set "0123456789"))

(define (decimal? text)
  "Is TEXT a decimal number of at most 30 characters, such as -12.5 or 1e9?  `string->number' reads far
more, as \"#e1e999999999\", which takes all memory."
  (let* ((end (string-length text))
         (digits (lambda (from) (or (string-skip text %digits (min from end)) end)))
         (start (if (string-prefix? "-" text) 1 0))
         (whole (digits start))
         (fraction (if (and (< whole end) (char=? #\. (string-ref text whole)))
                       (let ((last (digits (+ whole 1))))
                         (if (= last (+ whole 1)) 0 last))
                       whole))
         (exponent (if (and (< fraction end) (memv (string-ref text fraction) '(#\e #\E)))
                       (let* ((from (if (and (< (+ fraction 1) end)
                                             (memv (string-ref text (+ fraction 1)) '(#\+ #\-)))
                                        (+ fraction 2)
                                        (+ fraction 1)))
                              (last (digits from)))
                         (if (<= 1 (- last from) 3) last 0))
                       fraction)))
    (and (<= end 30)
         (> whole start)
         (= exponent end))))

(define (text->number text)
  (and (decimal? text)
       (let ((number (string->number text 10)))
         (and (number-fits? number) number))))

(define (numeric argument)
  "Return the number that ARGUMENT is or reads as, or #f."
  (cond ((number? argument) argument)
        ((string? argument) (text->number argument))
        (else #f)))

(define (whole number)
  "Return NUMBER as an exact integer that fits, or #f."
  (and number
       (integer? number)
       (let ((exact (inexact->exact number)))
         (and (number-fits? exact) exact))))

(define (rounded number)
  (whole (and number (round number))))

(define (seconds->ms number)
  (rounded (and number (* 1000 (inexact->exact number)))))

(define (unit-bytes unit)
  "Return how many bytes UNIT, a symbol such as MiB, has."
  (parse-size (string-append "1" (symbol->string unit))))

(define (size argument unit)
  "Return how many UNITs ARGUMENT is, or #f."
  (or (rounded (numeric argument))
      (let ((bytes (and (string? argument) (parse-size argument))))
        (and bytes (rounded (/ bytes (unit-bytes unit)))))))


;;; Columns.

(define (convert type argument seconds?)
  "Return ARGUMENT, text or a number, as a column of TYPE keeps it, or #f."
  (define (ms parse)
    (cond ((number? argument) (if seconds? (seconds->ms argument) (rounded argument)))
          ((numeric argument) => (if seconds? seconds->ms rounded))
          (else (parse argument))))
  (match type
    ((or 'text 'version)
     (if (number? argument) (number->string argument) argument))
    ('any argument)
    ('integer (whole (numeric argument)))
    ('number (and=> (numeric argument) exact->inexact))
    ('time (ms rfc3339->ms))
    ('duration (ms parse-duration))
    (('size unit) (size argument unit))))

(define (wanted type)
  (match type
    ('integer "a whole number")
    ('number "a number")
    ('time "a time")
    ('duration "a duration")
    (('size unit) (string-append "a number of " (symbol->string unit)
                                 " or a size such as \"4GiB\""))))

(define (fit-argument column argument seconds?)
  (match (plain argument)
    ((? unfit? no) no)
    (value
     (or (convert (column-type column) value seconds?)
         (unfit (string-append "'" (symbol->string (column-name column)) "' wants "
                               (wanted (column-type column)) ", got " (datum->text value)))))))

(define (all-or-unfit values)
  (or (find unfit? values) values))

(define (find fits? list)
  (match list
    (() #f)
    ((item . rest) (if (fits? item) item (find fits? rest)))))

(define (plain-arguments arguments)
  "Return ARGUMENTS, of a relation that nobody declared, as they are stored, or <unfit>."
  (all-or-unfit (map plain arguments)))

(define (count-words n)
  (if (= n 1) "1 argument" (string-append (number->string n) " arguments")))

(define* (fit-arguments relation arguments #:key seconds?)
  "Return ARGUMENTS, those behind the host, as the columns of RELATION keep them, or <unfit>.  With
SECONDS? numbers are seconds where a time or duration is wanted, else milliseconds."
  (let ((wanted (- (relation-arity relation) 1))
        (given (length arguments)))
    (if (= wanted given)
        (all-or-unfit (map (lambda (column argument) (fit-argument column argument seconds?))
                           (cdr (relation-columns relation))
                           arguments))
        (unfit (string-append (symbol->string (relation-name relation)) " wants "
                              (count-words wanted) " behind the host, got "
                              (number->string given))))))
