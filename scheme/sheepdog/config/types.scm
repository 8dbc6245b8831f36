;;; types.scm -- what a value of the configuration may be, and what is said when it is not
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A type makes a value of a datum, or a <misfit>.  This file has the kinds of types; the words of
;; the configuration, such as `duration' and `host', are in (sheepdog config vocabulary).

(define-module (sheepdog config types)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (wants
            wrong
            misfit?
            misfit-text
            misfit-hint
            nothing
            nothing?
            make-type
            type?
            type-form
            type-convert
            type-nested?
            text-type
            number-type
            word-type
            either-type))

(define-record-type <misfit>
  (make-misfit phrase text hint)
  misfit?
  (phrase misfit-phrase)                          ;string: "a duration" | #f
  (text misfit-whole-text)                        ;string | (label) -> string | #f
  (hint misfit-hint))                             ;string | #f

(define* (wants phrase #:optional hint)
  "Return the misfit told as \"'KEY' wants PHRASE, got DATUM\"."
  (make-misfit phrase #f hint))

(define* (wrong text #:optional hint)
  "Return the misfit told as TEXT, a string or (label) -> string; LABEL is as \"'port'\"."
  (make-misfit #f text hint))

(define (misfit-text misfit label datum)
  "Return what is said of DATUM, a value of LABEL such as \"'port'\"."
  (match (misfit-whole-text misfit)
    (#f (string-append label " wants " (misfit-phrase misfit) ", got " (datum->text datum)))
    ((? string? text) text)
    (tell (tell label))))

(define nothing (list 'nothing))                  ;a value that counts as not written

(define (nothing? value)
  (eq? value nothing))

(define-record-type <type>
  (%make-type form convert nested?)
  type?
  (form type-form)                                ;string: how it is written in `config keys'
  (convert type-convert)                          ;(datum key context) -> value | <misfit>
  (nested? type-nested?))                         ;may it be a list?

(define* (make-type form convert #:key (nested? #f))
  "Return the type written as FORM.  CONVERT, (datum key context) -> value or <misfit>, gets the
key (a symbol) for its hints, and the <context>."
  (%make-type form convert nested?))

(define (written key text)
  (string-append "(" (symbol->string key) " " text ")"))

(define (plain-text datum)
  "Return the characters of DATUM, a symbol or number, as they were written."
  (match (datum-value datum)
    ((? symbol? symbol) (symbol->string symbol))
    ((? number? number) (number->string number))
    (_ #f)))

(define (without-context parse)
  (lambda (text context) (parse text)))

(define* (text-type form phrase parse #:key (hint #f) (with-context? #f))
  "Return the type of strings that PARSE makes a value of: (text) or, WITH-CONTEXT?, (text
context) -> value, #f or <misfit>.  PHRASE (\"a duration\") tells what is wanted.  HINT, a string
or (text) -> string or #f, helps him who wrote something else."
  (define parse-text (if with-context? parse (without-context parse)))
  (define (hint-for text)
    (if (procedure? hint) (hint text) hint))
  (define (fits? text context)
    (let ((value (parse-text text context)))
      (and value (not (misfit? value)))))
  (make-type form
             (lambda (datum key context)
               (match (datum-kind datum)
                 ('string
                  (or (parse-text (datum-value datum) context)
                      (wants phrase (hint-for (datum-value datum)))))
                 ((or 'symbol 'integer 'real)
                  (let ((text (plain-text datum)))
                    (wants (if (eq? 'symbol (datum-kind datum)) "a string" phrase)
                           (if (fits? text context)
                               (string-append "write it in quotes: "
                                              (written key (string-append "\"" text "\"")))
                               (hint-for text)))))
                 (_ (wants phrase (hint-for "")))))))

(define (without-quotes datum key)
  "Return the hint to write the string DATUM of KEY without its quotes."
  (string-append "write it without quotes: " (written key (datum-value datum))))

(define* (number-type least most #:optional (noun "a number"))
  "Return the type of the whole numbers from LEAST to MOST (#f: any)."
  (define (fits? n)
    (and (exact-integer? n) (<= least n) (or (not most) (<= n most))))
  (define phrase
    (string-append noun " from " (number->string least)
                   (if most (string-append " to " (number->string most)) " on")))
  (make-type "N"
             (lambda (datum key context)
               (let ((value (datum-value datum)))
                 (cond ((and (eq? 'integer (datum-kind datum)) (fits? value)) value)
                       ((and (string? value) (fits? (parse-whole value)))
                        (wants phrase (without-quotes datum key)))
                       (else (wants phrase)))))))

(define (word-type . words)
  "Return the type of the symbols WORDS, which may also be written as strings."
  (define names (map symbol->string words))
  (make-type (string-join names "|")
             (lambda (datum key context)
               (let ((word (datum-word datum)))
                 (if (and word (member word names))
                     (string->symbol word)
                     (wants (enumeration names)
                            (and word (did-you-mean word names))))))))

(define (either-type phrase hint . types)
  "Return the type of what fits one of TYPES; PHRASE and HINT, a string or (datum) -> string or
#f, are for what fits none."
  (make-type (string-join (delete-duplicates (map type-form types)) "|")
             (lambda (datum key context)
               (let try ((types types))
                 (match types
                   (() (wants phrase (if (procedure? hint) (hint datum) hint)))
                   ((type . rest)
                    (let ((value ((type-convert type) datum key context)))
                      (if (misfit? value) (try rest) value))))))
             #:nested? (any type-nested? types)))
