;;; clause.scm -- one way for a rule to be true, as a SELECT of its arguments
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic clause)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic infer)
  #:use-module ((sheepdog logic relation) #:select (make-column))
  #:use-module (sheepdog logic rows)
  #:use-module (sheepdog logic sql)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (own-context column-name columns table-columns expanded pick join! join-spans!
            clause->select))

(define (own-context context)
  "Return CONTEXT as one of its own."
  (match context
    (('during _ from to) (list 'during (new-variable 'frame) from to))
    (_ context)))

(define (column-name n)
  (string-append "c" (number->string n)))

(define (columns positions) (map column-name positions))

(define (table-columns positions carry?)
  "Return the columns of a table of the arguments POSITIONS; CARRY?: with the span in which they hold."
  (append (columns positions) (if carry? '("t0" "t1") '())))

(define (expanded goals statement)
  "Return GOALS with rules replaced and constants resolved, and STATEMENT with their types."
  (let* ((complain (statement-complain statement))
         (world (statement-world statement))
         (goals (expand-goals goals world complain))
         (types (infer-types goals world complain)))
    (values (resolve-goals goals types complain) (with-types statement types))))

(define (pick items positions)
  (map (lambda (i) (list-ref items i)) positions))

(define (join! arm statement table positions terms types)
  "Add to ARM the rows of TABLE, whose columns are the arguments POSITIONS of TERMS, of TYPES.
Return its alias."
  (let ((alias (new-alias! statement 'call)))
    (add-from! arm (string-append table " AS " alias))
    (match-columns! arm statement alias
                    (map (lambda (i) (make-column (string->symbol (column-name i))
                                                  (or (list-ref types i) 'any)))
                         positions)
                    (pick terms positions)
                    (map (lambda (i) (string->symbol (column-name i))) positions))
    alias))

(define (join-spans! arm statement alias context groups)
  "Note in ARM that rows of ALIAS, which stand in CONTEXT and GROUPS, hold in spans of their own."
  (define t0 (string-append alias ".t0"))
  (define t1 (string-append alias ".t1"))
  (define (limit term)
    (and term (term->sql term (arm-env arm) statement)))
  (match context
    (('during id from to) (add-span! arm (frame id (limit from) (limit to)) t0 t1 #f))
    (_ #t))
  (for-each (lambda (group) (place-group! arm group t0 t1)) groups))

(define* (clause->select statement goals arguments context carry? tables #:key (spans? #t))
  "Return the SELECT of ARGUMENTS by GOALS, in a context as CONTEXT, and of the span in which all
hold when CARRY?.  It begins with TABLES, a list of (TABLE POSITIONS TERMS), the first of which may
be a call of the rule itself; SPANS?: do they have spans?"
  (let* ((context (own-context context))
         (group (new-variable 'group))
         (groups (if carry? (list group) '()))
         (arm (new-arm '())))
    (for-each
     (match-lambda
       ((table positions terms)
        (let ((alias (new-alias! statement 'self)))
          (add-from! arm (string-append table " AS " alias))
          (for-each
           (lambda (i term)
             (let ((sql (string-append alias "." (column-name i))))
               (if (and (variable-term? term) (not (env-ref (arm-env arm) term)))
                   (bind! arm term (place sql))
                   (add-where! arm (string-append sql " = "
                                                  (term->sql term (arm-env arm) statement))))))
           positions terms)
          (when (and carry? spans?)
            (join-spans! arm statement alias context groups)))))
     tables)
    (fill-arm! arm (flatten goals context groups) statement)
    (arm->select
     arm
     (commas
      (append (map (lambda (argument) (term->sql argument (arm-env arm) statement)) arguments)
              (match (cond ((not carry?) '())
                           ((eq? 'during (car context))
                            (map cdr (frame-spans arm (second context))))
                           (else (group-spans arm group)))
                (() (if carry? (list "0" %open) '()))
                (((t0 t1 . _) ...) (list (greatest t0) (least t1)))))))))
