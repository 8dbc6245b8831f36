;;; rows.scm -- the rows of a relation: found by which way, matched with terms, narrowed in time
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic rows)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic plan)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (%clock
            place-relation! place-live! match-columns! narrow!
            time->sql context-variables known-in unbound-variable? live?
            evidence-relation evidence-alias evidence-datum evidence-path evidence-rows))

(define %clock (make-parameter 0))                ;ms: now, for estimates

(define-record-type <evidence>
  (make-evidence relation alias datum path rows)
  evidence?
  (relation evidence-relation)                    ;<relation>
  (alias evidence-alias)                          ;its alias in the SELECT
  (datum evidence-datum)                          ;the goal as written
  (path evidence-path)                            ;<path>: by which way its rows are found
  (rows evidence-rows))                           ;number: about how many, each time

;;; Time

(define (time->sql term arm statement)
  (and term (term->sql term (arm-env arm) statement)))

(define (context-variables context)
  (match context
    (('at time) (term-variables time))
    (('during _ from to)
     (append (if from (term-variables from) '()) (if to (term-variables to) '())))
    (_ '())))

(define (narrow! arm statement relation alias context path)
  "Add to ARM what CONTEXT wants of the rows ALIAS of RELATION, found by PATH.  Return their span,
(T0 . T1), SQL."
  (define event? (eq? 'event (relation-kind relation)))
  (define planned? (relation-planned? relation))
  (define (column name)
    (string-append (if (eq? name (path-time path)) "" "+") alias "." (symbol->string name)))
  (define (where . parts) (add-where! arm (string-concatenate parts)))
  (define t0 (string-append alias (if event? ".t" ".t0")))
  (define t1 (if event? (string-append alias ".t + 1") (string-append alias ".t1")))
  (define (at time)
    (cond (event? (where (column 't) " = " time))
          (else (where (column 't1) " > " time)
                (where (column 't0) " <= " time))))
  (match context
    (('now)
     (cond ((and event? (statement-at? statement))
            (where (column 't) " <= " (statement-now statement)))
           (event? #t)
           ((or planned? (statement-at? statement)) (at (statement-now statement)))
           (else (where (column 't1) " = " %open))))
    (('at time) (at (time->sql time arm statement)))
    (('during id from to)
     (let ((from (time->sql from arm statement)) (to (time->sql to arm statement)))
       (when (and from (eq? (path-time path) (if event? 't 't1)))
         (where (column (if event? 't 't1)) (if event? " >= " " > ") from))
       (when (and to (eq? (path-time path) 't))
         (where (column 't) " < " to))
       (add-span! arm (frame id from to) t0 t1 planned?)))
    (('any) #t))
  ;; What happened lasts one millisecond where it is to meet something, and no time else.
  (cons t0 (if (and (statement-at? statement) (not event?) (not planned?)
                    (not (memq (car context) '(at any))))
               (let ((now (statement-now statement)))
                 (string-append "iif(" t1 " > " now ", " %open ", " t1 ")"))
               (if event? t0 t1))))

;;; Literals

(define (known-in arm)
  (lambda (term) (and (not (unbound-variable? term arm)) (term-bound? term (arm-env arm)))))

(define (unbound-variable? term arm)
  (and (variable-term? term) (not (env-ref (arm-env arm) term))))

(define (match-columns! arm statement alias columns terms used)
  "Add to ARM that the COLUMNS of the rows ALIAS are TERMS; a variable that is not known yet is
bound.  Of the columns USED, symbols, the way to the rows is made."
  (for-each
   (lambda (column term)
     (let ((sql (column->sql alias (column-name column))))
       (if (unbound-variable? term arm)
           (bind! arm term (place sql))
           (for-each (lambda (condition) (add-where! arm condition))
                     (equality->sql (if (memq (column-name column) used)
                                        sql
                                        (string-append "+" sql))
                                    (column-type column) term (arm-env arm) statement)))))
   columns terms))

(define (place-relation! arm statement goal context groups)
  "Add the rows of GOAL, of a stored relation, to ARM; it stands in CONTEXT and GROUPS."
  (match goal
    (('relation datum relation terms)
     (let* ((alias (new-alias! statement (relation-name relation)))
            (statistics (world-statistics (statement-world statement) relation))
            (path (choose-path relation statistics terms (known-in arm) context (%clock)))
            (evidence (make-evidence relation alias datum path
                                     (estimate-rows relation statistics terms (known-in arm)
                                                    context (%clock)))))
       (note-read! statement relation)
       (add-from! arm (string-append (relation-from relation) " AS " alias
                                     (if (and (path-index path) (not (relation-view? relation)))
                                         (string-append " INDEXED BY \"" (path-index path) "\"")
                                         "")))
       (match-columns! arm statement alias (relation-columns relation) terms (path-columns path))
       (note-evidence! arm evidence)
       (note-step! statement evidence)
       (match (narrow! arm statement relation alias context path)
         ((t0 . t1)
          (for-each (lambda (group) (place-group! arm group t0 t1)) groups)))))))

(define (live? goal)
  (match goal
    (('relation _ relation _) (eq? 'live (relation-kind relation)))
    (_ #f)))

(define (place-live! arm statement goal)
  "Add the rows of GOAL, of a live relation whose inputs are known, to ARM."
  (match goal
    (('relation datum relation terms)
     (let ((alias (new-alias! statement (relation-name relation)))
           (inputs (map column-name (key-columns relation))))
       (note-read! statement relation)
       (add-from! arm (string-append (relation-from relation) " AS " alias))
       (match-columns! arm statement alias (relation-columns relation) terms inputs)))))
