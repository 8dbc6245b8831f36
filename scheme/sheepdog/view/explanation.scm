;;; explanation.scm -- how a question is answered: the order of its goals, its SQL, SQLite's plan
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view explanation)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic plan)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic rows)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (explanation-document
            explanation-lines))

(define (way evidence)
  "Return how the rows of EVIDENCE are found: \"package_1: name version t1\"."
  (let ((path (evidence-path evidence)))
    (match (append (path-columns path) (if (path-time path) (list (path-time path)) '()))
      (() "all rows")
      (columns (string-append (or (path-index path) "key") ": "
                              (string-join (map symbol->string columns)))))))

(define (rounded rows)
  "Return the estimate ROWS as text; of many only the first two digits say anything."
  (let ((n (inexact->exact (round rows))))
    (cond ((< rows 1) "<1")
          ((< n 100) (number->string n))
          (else (let ((unit (expt 10 (- (string-length (number->string n)) 2))))
                  (number->string (* unit (round (/ n unit)))))))))

(define (goal-text evidence)
  (datum->text (evidence-datum evidence)))

(define (value->text value)
  (if (string? value)
      (string-append "\"" (printable value) "\"")
      (number->string value)))

(define (explanation-lines explanation)
  "Return the lines that show EXPLANATION, of `explain-question'."
  (append
   (list "Order, about how many rows each time, and by which index:")
   (columns->lines (map (lambda (evidence)
                          (list (evidence-alias evidence) (printable (goal-text evidence))
                                (rounded (evidence-rows evidence)) (way evidence)))
                        (assq-ref explanation 'order))
                   #:margin "  " #:room 1000000)
   (list "SQL:" (string-append "  " (printable (assq-ref explanation 'sql)))
         "Values:"
         (string-append "  " (string-join (map value->text (assq-ref explanation 'values)) ", "))
         "Plan of SQLite:")
   (map (lambda (line) (string-append "  " (printable line)))
        (assq-ref explanation 'plan))))

(define (explanation-document explanation)
  "Return EXPLANATION as a document."
  `((version . 0)
    (order . ,(list->vector
               (map (lambda (evidence)
                      `((alias . ,(evidence-alias evidence))
                        (relation . ,(symbol->string (relation-name (evidence-relation evidence))))
                        (goal . ,(goal-text evidence))
                        (rows . ,(exact->inexact (evidence-rows evidence)))
                        (way . ,(way evidence))))
                    (assq-ref explanation 'order))))
    (sql . ,(assq-ref explanation 'sql))
    (values . ,(list->vector (assq-ref explanation 'values)))
    (plan . ,(list->vector (assq-ref explanation 'plan)))))
