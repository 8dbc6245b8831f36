;;; problem.scm -- what is wrong with a configuration, and where
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config problem)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (make-problem
            problem?
            problem-file
            problem-line
            problem-column
            problem-text
            problem-hint
            problem-warning?
            raw->problem
            problem-at
            problem<?
            problem->text))

(define-record-type <problem>
  (make-problem file line column text hint warning?)
  problem?
  (file problem-file)                             ;string
  (line problem-line)                             ;from 1; 0: of the whole file
  (column problem-column)                         ;characters, from 1
  (text problem-text)                             ;string: "unknown key 'prot'"
  (hint problem-hint)                             ;string | #f
  (warning? problem-warning?))                    ;boolean

(define (raw->problem raw)
  "Return the <problem> for RAW, a #(FILE LINE COLUMN TEXT HINT WARNING?) of the core."
  (match raw
    (#(file line column text hint warning?)
     (make-problem file line column text (and (not (string-null? hint)) hint) warning?))))

(define* (problem-at datum text #:optional hint #:key (warning? #f))
  "Return the <problem> of DATUM that TEXT and HINT (or #f) tell."
  (make-problem (datum-file datum) (datum-line datum) (datum-column datum)
                text hint warning?))

(define (problem<? a b)
  "Does A come before B, both of the same file?"
  (or (< (problem-line a) (problem-line b))
      (and (= (problem-line a) (problem-line b))
           (< (problem-column a) (problem-column b)))))

(define (problem->text problem)
  "Return PROBLEM as it is printed: FILE:LINE:COL: error: TEXT (without LINE and COL when it is
of the whole file), then perhaps a line `hint: HINT'; no final newline."
  (let ((place (if (zero? (problem-line problem))
                   (list (problem-file problem))
                   (list (problem-file problem)
                         (number->string (problem-line problem))
                         (number->string (problem-column problem)))))
        (kind (if (problem-warning? problem) "warning" "error")))
    (string-append (printable (string-join place ":")) ": " kind ": "
                   (printable (problem-text problem))
                   (if (problem-hint problem)
                       (string-append "\nhint: " (printable (problem-hint problem)))
                       ""))))
