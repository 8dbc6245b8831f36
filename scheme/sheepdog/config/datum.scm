;;; datum.scm -- what stands where in a configuration
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config datum)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (raw->datum
            literal->datum
            datum?
            datum-kind
            datum-value
            datum-file
            datum-line
            datum-column
            datum-items
            datum-list?
            datum-head
            datum-name
            datum-word
            datum-place
            datum-position
            datum->plain
            datum->string
            datum->text))

(define-record-type <datum>
  (make-datum kind value file line column)
  datum?
  (kind datum-kind)                               ;list symbol string integer real boolean
  (value datum-value)                             ;list: of <datum>; else the plain value
  (file datum-file)                               ;string, as it was named
  (line datum-line)                               ;from 1; 0: a default of ours
  (column datum-column))                          ;characters, from 1

(define (raw->datum raw file)
  "Return the <datum> for RAW, a #(KIND LINE COLUMN VALUE) of `%read-data-file', in FILE.
A dotted pair is taken for a list of two."
  (match raw
    (#((or 'list 'dotted) line column items)
     (make-datum 'list (map (lambda (item) (raw->datum item file)) items) file line column))
    (#(kind line column value)
     (make-datum kind value file line column))))

(define (literal->datum value)
  "Return VALUE, plain data of our own such as a default, as a <datum> without a place."
  (make-datum (cond ((string? value) 'string)
                    ((symbol? value) 'symbol)
                    ((boolean? value) 'boolean)
                    ((exact-integer? value) 'integer)
                    ((number? value) 'real)
                    (else 'list))
              (if (list? value) (map literal->datum value) value)
              "" 0 0))

(define (datum-list? datum)
  (eq? 'list (datum-kind datum)))

(define (datum-items datum)
  "Return the items of DATUM, a list of data; () for what is no list."
  (if (datum-list? datum) (datum-value datum) '()))

(define (datum-head datum)
  "Return the symbol that the list DATUM begins with, or #f."
  (match (datum-items datum)
    ((head . _) (and (eq? 'symbol (datum-kind head)) (datum-value head)))
    (() #f)))

(define (datum-name datum)
  "Return the <datum> of the key of DATUM, a list that begins with one."
  (car (datum-items datum)))

(define (datum-word datum)
  "Return the string of DATUM when it is a symbol, a string or yes or no, else #f."
  (match (datum-value datum)
    ((? symbol? symbol) (symbol->string symbol))
    ((? string? text) text)
    (#t "yes")
    (#f (and (eq? 'boolean (datum-kind datum)) "no"))
    (_ #f)))

(define (datum-place datum)
  "Return \"FILE:LINE\" of DATUM."
  (string-append (datum-file datum) ":" (number->string (datum-line datum))))

(define (datum-position datum file)
  "Return where DATUM is for one who reads FILE: \"2:3\", or \"other.conf:2:3\"."
  (string-append (if (string=? file (datum-file datum))
                     ""
                     (string-append (datum-file datum) ":"))
                 (number->string (datum-line datum)) ":"
                 (number->string (datum-column datum))))

(define (datum->plain datum)
  "Return DATUM as lists, symbols, strings, numbers and booleans."
  (if (datum-list? datum)
      (map datum->plain (datum-items datum))
      (datum-value datum)))

(define (quoted text)
  (string-append "\""
                 (string-concatenate
                  (map (lambda (c)
                         (if (memv c '(#\" #\\)) (string #\\ c) (printable (string c))))
                       (string->list text)))
                 "\""))

(define* (datum->string datum #:optional (text quoted))
  "Return DATUM as its author would write it, on one line; strings are written by TEXT."
  (match (datum-kind datum)
    ('list (string-append "("
                          (string-join (map (lambda (item) (datum->string item text))
                                            (datum-items datum)))
                          ")"))
    ('string (text (datum-value datum)))
    ('symbol (printable (symbol->string (datum-value datum))))
    ('boolean (if (datum-value datum) "yes" "no"))
    (_ (number->string (datum-value datum)))))

(define %shown 40)                                ;characters

(define (datum->text datum)
  "Return DATUM shortened to about 40 characters, for the \"got ...\" of an error."
  (define (short text)
    (if (> (string-length text) %shown)
        (string-append (string-take text (- %shown 1)) "…")
        text))
  (define (quoted-short text)
    (quoted (short text)))
  (if (datum-list? datum)
      (short (datum->string datum quoted-short))
      (datum->string datum quoted-short)))
