;;; datum.scm -- any value in a few words, whatever it is
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; `write' of foreign data can crash (a list nested 30 000 deep) or never end (a circular one);
;; this cannot.

(define-module (sheepdog datum)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:use-module ((srfi srfi-9 gnu) #:select (set-record-type-printer!))
  #:export (datum->text escape-text tame))

(define %most-depth 4)
(define %most-items 8)
(define %most-characters 60)

(define (escape-character c)
  "Return C as it may be shown, everything but printable ASCII escaped."
  (let ((code (char->integer c)))
    (cond ((eqv? c #\") "\\\"")
          ((eqv? c #\\) "\\\\")
          ((<= 32 code 126) (string c))
          ((< code 256) (string-append "\\x" (number->string code 16) ";"))
          (else (string-append "\\u{" (number->string code 16) "}")))))

(define (escape-text text)
  "Return the string TEXT in quotes, escaped, and cut when it is long: so that no two names
that differ look alike."
  (let* ((long? (> (string-length text) %most-characters))
         (text (if long? (substring text 0 %most-characters) text)))
    (string-append "\""
                   (string-concatenate
                    (map escape-character (string->list text)))
                   (if long? "…" "")
                   "\"")))

(define (escape-symbol symbol)
  (let ((quoted (escape-text (symbol->string symbol))))
    (substring quoted 1 (- (string-length quoted) 1))))

(define (number->short-text number)
  (if (and (exact-integer? number) (> (integer-length number) 256))
      "a number of many digits"
      (number->string number)))

(define* (datum->text datum #:optional (depth 0))
  "Return DATUM, which may be anything, as a short text on one line: strings are escaped and
cut, lists are cut and never followed deep, other objects are named by their type.  JSON's
null, objects and arrays (the symbol null, alists, vectors) are shown as what they are in
Scheme."
  (match datum
    ((? string?) (escape-text datum))
    ((? symbol?) (escape-symbol datum))
    ((? keyword?) (string-append "#:" (escape-symbol (keyword->symbol datum))))
    ((? number?) (number->short-text datum))
    (#t "#t")
    (#f "#f")
    (() "()")
    ((? char?) (string-append "the character " (escape-text (string datum))))
    ((? pair?) (if (>= depth %most-depth)
                   "(…)"
                   (string-append "(" (items->text datum (+ depth 1)) ")")))
    ((? vector?) (if (>= depth %most-depth)
                     "#(…)"
                     (string-append "#(" (vector->text datum (+ depth 1)) ")")))
    ((? procedure?) (string-append "a procedure"
                                   (match (procedure-name datum)
                                     ((? symbol? name)
                                      (string-append " " (escape-symbol name)))
                                     (_ ""))))
    ((? unspecified?) "nothing")
    ((? eof-object?) "the end of a file")
    ((? struct?) (string-append "a record "
                                (escape-symbol (record-name datum))))
    (_ "an object of another kind")))

(define (record-name record)
  (if (record? record)
      (record-type-name (record-type-descriptor record))
      'unknown))

(define (items->text pair depth)
  "Return the first items of PAIR, a list, a dotted or a circular one."
  (let loop ((rest pair) (count 0) (texts '()))
    (match rest
      (() (string-join (reverse texts) " "))
      ((item . rest)
       (if (= count %most-items)
           (string-join (reverse (cons "…" texts)) " ")
           (loop rest (+ count 1) (cons (datum->text item depth) texts))))
      (end
       (string-join (reverse (cons* (datum->text end depth) "." texts)) " ")))))

(define (vector->text vector depth)
  (let* ((count (vector-length vector))
         (shown (min count %most-items)))
    (string-join (append (map (lambda (i) (datum->text (vector-ref vector i) depth))
                              (iota shown))
                         (if (< shown count) '("…") '()))
                 " ")))

;;; For others' printers.

(define-record-type <shown>
  (shown text)
  shown?
  (text shown-text))

(set-record-type-printer! <shown>
  (lambda (shown port) (display (shown-text shown) port)))

(define (tame-one value)
  "Return VALUE, or where it could be endless an object that prints as few words."
  (if (or (pair? value) (vector? value) (struct? value))
      (shown (datum->text value))
      value))

(define (tame arguments)
  "Return ARGUMENTS, those of an exception, such that any printer comes to an end."
  (map (lambda (argument)
         (if (list? argument)
             (map tame-one argument)
             (tame-one argument)))
       arguments))
