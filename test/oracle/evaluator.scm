;;; evaluator.scm -- answers to queries by trying everything: slow, obvious, and not the compiler
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A query is brought into alternatives without `or' (alternatives.scm); of each, all combinations
;; of facts are tried (solution.scm); these are grouped and sorted (grouping.scm).  Goals of one
;; context, a frame, share a time: inside of `during' the spans of their facts and the window must
;; have an instant in common.
;;
;; Where the grammar leaves room, this is what is taken to be meant:
;; - A rule means its body written out, so what is `not' in it is not so in the whole of the common
;;   span of the `during' that it stands in, other goals' facts included.  `or' likewise: each way
;;   of being true is a query of its own, and a combination of facts counts once.
;; - A rule that calls itself, or whose head has aggregates, is a relation of its own: what it gives
;;   is found first, in the context of the call, and each tuple and span counts as one fact.
;; - Inside of `during' a fact that is not planned ends now, even if it is open; `(at T)' does not
;;   look at now.  With --at, what happened after that time is not known.
;; - `lasting' outside of `during' counts from the fact's own begin, until now at most.
;; - `latest' looks at what its constants match in the context alone, whatever other goals bind, and
;;   keeps all that began at the newest time.
;; - A division is exact, and by zero it has no value: such an answer is none.  An end that is open
;;   counts as now in arithmetic, and as later than all in comparisons.
;; - An aggregate over nothing is no answer, but `(count)' is 0.  Of several that are greatest
;;   `argmax' takes the first in order.
;; - `order-by': what it leaves equal is sorted by columns.

(define-module (oracle evaluator)
  #:use-module (oracle alternatives)
  #:use-module (oracle grouping)
  #:use-module (oracle solution)
  #:use-module (oracle value)
  #:use-module (oracle world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (answers all-answers query-limit query-order))

(define (clause? datum)
  (match datum
    (((or 'order-by 'having 'limit) . _) #t)
    (_ #f)))

(define (head? datum)
  "Does DATUM, the first of a query, start with a variable or a list?"
  (match datum
    (((or (? unknown?) (_ . _)) . _) #t)
    (_ #f)))

(define (parts query)
  "Return the head of QUERY, its goals and its clauses."
  (let ((goals (remove clause? (if (head? (first query)) (cdr query) query))))
    (values (if (head? (first query)) (first query) (named-variables goals))
            goals
            (filter clause? query))))

(define (clause-arguments clauses word)
  (append-map cdr (filter (lambda (c) (eq? word (first c))) clauses)))

(define (query-limit query)
  "Return the most answers that QUERY wants, or #f."
  (match (clause-arguments (filter clause? query) 'limit)
    ((n) n)
    (() #f)))

(define (query-order query)
  (clause-arguments (filter clause? query) 'order-by))

(define (all-answers world query)
  "Return the rows of QUERY in WORLD in order, whatever its limit is: (VALUES . KEYS), as
`row-values' and `row-keys' have them."
  (call-with-values (lambda () (parts query))
    (lambda (head goals clauses)
      (rows head (solutions world goals) (world-now world)
            #:visible (variables (list head goals clauses))
            #:having (clause-arguments clauses 'having)
            #:order (clause-arguments clauses 'order-by)))))

(define (answers world query)
  "Return the answers of QUERY in WORLD in order: lists of strings and numbers."
  (let ((all (map (lambda (row) (map raw (row-values row))) (all-answers world query)))
        (limit (query-limit query)))
    (if (and limit (< limit (length all)))
        (take all limit)
        all)))
