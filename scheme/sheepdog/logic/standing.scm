;;; standing.scm -- which rows a question depends on, and which of its answers each of them touches
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic standing)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic infer)
  #:use-module (sheepdog logic query)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (question-items-of find-watches watch-relation watch-constants watch-shared
            find-expiries))

;; A row of RELATION with the values CONSTANTS changes at most those answers that have its values in
;; the columns SHARED.
(define-record-type <watch>
  (make-watch relation constants shared)
  watch?
  (relation watch-relation)                       ;<relation>
  (constants watch-constants)                     ;list of (COLUMN . VALUE), names of columns
  (shared watch-shared))                          ;list of (COLUMN . VARIABLE), symbols

(define (plain? type)
  "Does a value of TYPE, as a row has it, mean the same when it is written in a question?"
  (and (memq type '(text version integer number)) #t))

(define (row->watch relation terms variables)
  (define columns (relation-columns relation))
  (make-watch relation
              (filter-map (lambda (column term)
                            (and (constant? term)
                                 (not (procedure? (constant-value term)))
                                 (cons (column-name column) (constant-value term))))
                          columns terms)
              (delete-duplicates
               (filter-map (lambda (column term)
                             (and (variable-term? term)
                                  (memq term variables)
                                  (plain? (column-type column))
                                  (cons (column-name column) term)))
                           columns terms)
               (lambda (a b) (eq? (cdr a) (cdr b))))))

(define (silence-and-whole world goals)
  "Return the goals that say of whom GOALS, which are known not to hold, are known."
  (define (about name count . terms)
    (list 'relation (literal->datum '()) (find-relation world name count) terms))
  (append-map (match-lambda
                (('relation _ relation (host . _))
                 (if (eq? 'host (column-name (first (relation-columns relation))))
                     (list (about 'silent 1 host)
                           (about 'complete 2 host
                                  (make-constant (literal->datum '()) 'text
                                                 (symbol->string (relation-name relation)))))
                     '()))
                (_ '()))
              goals))

(define (find-watches data world complain)
  "Return the <watch>es of the question DATA, a list of <datum>; what no standing question may ask is
told by COMPLAIN, (datum text hint)."
  (define (resolved goals)
    (let ((goals (expand-goals goals world (const #f))))
      (resolve-goals goals (infer-types goals world (const #f)) (const #f))))
  (define (walk goals variables seen)
    (append-map (lambda (goal) (one goal variables seen)) goals))
  (define (one goal variables seen)
    (match goal
      (('relation datum relation terms)
       (if (eq? 'live (relation-kind relation))
           (begin
             (complain datum "a standing question cannot ask machines" "what they tell, only")
             '())
           (list (row->watch relation terms variables))))
      (('changed datum _)
       (complain datum "a standing question cannot ask for 'changed'" "name the relations")
       '())
      (('rule _ rule _)
       (if (memq rule seen)
           '()
           (call-with-values (lambda () (rule-parts world rule (const #f)))
             (lambda (terms goals) (walk (resolved goals) '() (cons rule seen))))))
      (('not _ goals) (walk goals variables seen))
      (('known-not _ goals)
       (walk (append goals (silence-and-whole world goals)) variables seen))
      (('or _ . branches)
       (append-map (lambda (goals) (walk goals variables seen)) branches))
      (('latest _ keys goals . _) (walk goals (lset-intersection eq? variables keys) seen))
      (((or 'during 'at 'lasting) _ _ goals) (walk goals variables seen))
      (('span _ _ _ goals) (walk goals variables seen))
      (_ '())))
  (let ((query (read-query data world complain)))
    (when (query-limit query)
      (complain (first data) "a standing question has no 'limit'" "it tells what came and went"))
    (delete-duplicates
     (walk (resolved (query-goals query))
           (filter variable-term? (map item-term (query-items query)))
           '()))))


(define (question-items-of data world)
  "Return what the question DATA tells, a list of (NAME . VARIABLE), #f for what is no variable."
  (map (lambda (item)
         (cons (item-name item) (and (variable-term? (item-term item)) (item-term item))))
       (query-items (read-query data world (const #f)))))


;;; What becomes true, or false, because time passes

(define (find-expiries data world)
  "Return the list of (DURATION . QUESTION) of the question DATA: DURATION (a string) after an answer to
QUESTION, data, an answer of DATA may come or go though nothing is heard."
  (define (within goals duration)
    (map (lambda (goal)
           (cons duration
                 (map literal->datum
                      `(((min ?end-of-it))
                        (during (last ,duration) (span _ ?end-of-it ,(datum->plain goal)))
                        (< ?end-of-it now)))))
         goals))
  (define (walk data seen)
    (append-map
     (lambda (datum)
       (if (datum-list? datum)
           (append
            (match (cons (datum-head datum) (datum-items datum))
              (('during _ window . goals)
               (match (datum->plain window)
                 (('last (? string? duration)) (within goals duration))
                 (_ '())))
              (_ '()))
            (match (and (datum-head datum) (find-rule world (datum-head datum)))
              ((? rule? (? (lambda (rule) (not (memq rule seen))) rule))
               (walk (rule-goals rule) (cons rule seen)))
              (_ '()))
            (walk (datum-items datum) seen))
           '()))
     data))
  (walk data '()))
