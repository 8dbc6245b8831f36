;;; rounds.scm -- recursion that SQL cannot say: round by round, over tables that last as long as the question
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; For rules that call themselves more than once in one way to be true, or each other.  What was new
;; in the last round is joined with all there is (semi-naive evaluation); the end is when nothing
;; is new.

(define-module (sheepdog logic rounds)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic clause)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic infer)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-11)
  #:export (call-in-rounds rounds? rounds-tables rounds-begin rounds-step))

(define-record-type <rounds>
  (make-rounds tables begin step)
  rounds?
  (tables rounds-tables)                          ;list of (TABLE COLUMN ...), strings
  (begin rounds-begin)                            ;list of (TABLE SELECT . PARAMETERS)
  (step rounds-step))                             ;the same; SELECTs read TABLE_all, TABLE_delta

(define-record-type <member>
  (make-member rule table arguments clauses statement)
  member?
  (rule member-rule)
  (table member-table)                            ;string
  (arguments member-arguments)                    ;list of variables
  (clauses member-clauses)                        ;list of lists of goals
  (statement member-statement))                   ;with the types of its variables

(define (read-member statement own rule)
  (let*-values (((arguments goals) (rule-parts (statement-world statement) rule
                                               (statement-complain statement)))
                ((goals inner) (expanded goals own)))
    (make-member rule (new-alias! statement (rule-name rule)) arguments
                 (alternatives goals (statement-complain statement)
                               #:used arguments #:shared? #t)
                 inner)))

(define (calls goals circle)
  "Return the goals of GOALS that call a rule of CIRCLE."
  (filter (match-lambda
            (('rule _ called _) (memq called circle))
            (_ #f))
          goals))

(define (call-in-rounds arm statement datum rule circle terms context groups)
  "Add to ARM, in STATEMENT, the call of RULE with TERMS; CIRCLE are the rules that call each other."
  (define own
    (new-statement (statement-world statement) (statement-types statement)
                   (statement-complain statement) (statement-at? statement)))
  (define carry? (or (eq? 'during (car context)) (pair? groups)))
  (define members (map (lambda (rule) (read-member statement own rule)) circle))
  (define (member-of rule)
    (find (lambda (member) (eq? rule (member-rule member))) members))
  (define (table member suffix)
    (string-append "temp." (member-table member) suffix))
  (define (select member goals newest)
    ;; NEWEST: of which call only what is new counts, or #f
    (let* ((all (calls goals circle))
           (ordered (if newest (cons newest (delq newest all)) all))
           (sql (clause->select
                 (member-statement member)
                 (lset-difference eq? goals all)
                 (member-arguments member) context carry?
                 (map (lambda (call)
                        (match call
                          (('rule _ called terms)
                           (list (table (member-of called) (if (eq? call newest) "_delta" "_all"))
                                 (iota (length terms)) terms))))
                      ordered))))
      (let-values (((sql parameters) (used-parameters own (with-tables own sql))))
        (cons* (member-table member) sql parameters))))
  (define (selects proc)
    (append-map (lambda (member)
                  (append-map (lambda (goals) (proc member goals)) (member-clauses member)))
                members))
  (note-prelude!
   statement
   (make-rounds (map (lambda (member)
                       (cons (member-table member)
                             (table-columns (iota (length (member-arguments member))) carry?)))
                     members)
                (selects (lambda (member goals)
                           (if (null? (calls goals circle))
                               (list (select member goals #f))
                               '())))
                (selects (lambda (member goals)
                           (map (lambda (call) (select member goals call))
                                (calls goals circle))))))
  (for-each (lambda (relation) (note-read! statement relation)) (statement-reads own))
  (for-each (lambda (step) (note-step! statement step)) (statement-steps own))
  (let* ((called (member-of rule))
         (alias (join! arm statement (table called "_all") (iota (length terms))
                       (map (lambda (term) (resolve-term term #f (statement-types statement)
                                                         (statement-complain statement)))
                            terms)
                       (map (lambda (argument)
                              (term-type argument (statement-types (member-statement called))))
                            (member-arguments called)))))
    (when carry?
      (join-spans! arm statement alias context groups))))
