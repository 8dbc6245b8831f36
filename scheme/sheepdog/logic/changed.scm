;;; changed.scm -- the relation `changed': where a span of any state relation begins
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; (changed HOST RELATION KEY OLD NEW TIME), over all relations of states that begin with a host: one
;; SELECT each, by the index over host and begin, in a table of WITH.  It begins with what the
;; goals before it give, the seed, so that each SELECT looks at a host and a stretch of time only.
;; KEY and values are joined by blanks where they are several; OLD is "" where no span ends then.

(define-module (sheepdog logic changed)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (place-changed!))

(define (host-state? relation)
  (and (eq? 'state (relation-kind relation))
       (eq? 'host (column-name (first (relation-columns relation))))
       (not (relation-planned? relation))))

(define (joined alias columns)
  "Return the SQL of the values of COLUMNS of ALIAS as one."
  (match (map (lambda (column) (column->sql alias (column-name column))) columns)
    (() "''")
    ((one) one)
    (several (string-join several " || ' ' || "))))

(define (columns-of alias relation statement)
  "Return the SQL of the six columns, of the rows ALIAS of RELATION."
  (define (same column)
    (string-append (column->sql "b" (column-name column)) " = "
                   (column->sql alias (column-name column))))
  (list (column->sql alias 'host)
        (parameter! statement (symbol->string (relation-name relation)))
        (joined alias (cdr (key-columns relation)))
        (string-append "coalesce((SELECT " (joined "b" (value-columns relation))
                       " FROM " (relation-from relation) " AS b WHERE "
                       (ands (map same (key-columns relation)))
                       " AND b.t1 = " alias ".t0), '')")
        (joined alias (value-columns relation))
        (string-append alias ".t0")))

(define (by-begin relation)
  "Return INDEXED BY the index of RELATION over host and begin, or the empty string."
  (match (find (match-lambda ((name 'host 't0 . _) #t) (_ #f)) (relation-indexes relation))
    (((? string? name) . _)
     (if (relation-view? relation) "" (string-append " INDEXED BY \"" name "\"")))
    (_ "")))

(define %turned '((< . ">") (<= . ">=") (> . "<") (>= . "<=") (= . "=")))

(define (time-bounds time tests env)
  "Return what TESTS, goals, say of the variable TIME by terms that ENV knows, (OPERATOR . TERM)
each."
  (append-map
   (match-lambda
     (('compare _ op . terms)
      (append-map (lambda (a b)
                    (cond ((and (eq? a time) (assq op %turned) (term-bound? b env))
                           (list (cons (symbol->string op) b)))
                          ((and (eq? b time) (assq op %turned) (term-bound? a env))
                           (list (cons (assq-ref %turned op) a)))
                          (else '())))
                  (drop-right terms 1) (cdr terms)))
     (_ '()))
   tests))

(define (place-changed! arm statement terms tests)
  "Add to ARM, in STATEMENT, the goal of `changed' with TERMS.  TESTS are goals that are still to
come; what they say of the time narrows the search."
  (define env (arm-env arm))
  (define (known? term) (term-bound? term env))
  (define time (sixth terms))
  (define bounds
    (if (and (variable-term? time) (not (known? time))) (time-bounds time tests env) '()))
  (define wanted                                  ;variables that the seed has
    (if (arm-inside? arm)
        '()
        (delete-duplicates (append-map term-variables
                                       (append (filter known? terms) (map cdr bounds)))
                           eq?)))
  (define seed-columns
    (map (lambda (i) (string-append "v" (number->string i))) (iota (length wanted))))
  (define inner
    (map (lambda (variable column) (cons variable (place (string-append "seed." column))))
         wanted seed-columns))
  (define (usable? term)
    (term-bound? term inner))
  (define name (new-alias! statement 'changed))
  (define seed
    (and (pair? wanted)
         (let ((seed (new-alias! statement 'seed)))
           (add-table! statement
                       (string-append seed "(" (commas seed-columns) ") AS ("
                                      (arm->select arm
                                                   (commas (map (lambda (variable)
                                                                  (place-sql (env-ref env variable)))
                                                                wanted))
                                                   #:distinct? #t)
                                      ")"))
           seed)))
  (define (select relation)
    (let* ((alias "c") (columns (columns-of alias relation statement)))
      (string-append
       "SELECT " (commas (append (map (lambda (column) (string-append "seed." column)) seed-columns)
                                 columns))
       " FROM " (if seed (string-append seed " AS seed CROSS JOIN ") "")
       (relation-from relation) " AS " alias
       (if (and (known? (first terms)) (usable? (first terms))) (by-begin relation) "")
       " WHERE "
       (ands
        (append
         (filter-map (lambda (column term)
                       (and (known? term) (usable? term)
                            (string-append column " = " (term->sql term inner statement))))
                     columns terms)
         (filter-map (match-lambda
                       ((op . term)
                        (and (usable? term)
                             (string-append alias ".t0 " op " "
                                            (term->sql term inner statement)))))
                     bounds))))))
  (define named
    (match (second terms)
      ((? constant? constant)
       (lambda (relation)
         (equal? (constant-value constant) (symbol->string (relation-name relation)))))
      (_ (const #t))))
  (define all
    (map (lambda (i) (string-append "c" (number->string i))) (iota 6)))
  (add-table! statement
              (string-append
               name "(" (commas (append seed-columns all)) ") AS ("
               (match (map select
                           (filter (lambda (relation) (and (host-state? relation) (named relation)))
                                   (all-relations (statement-world statement))))
                 (() (string-append "SELECT " (commas (map (const "NULL") (append seed-columns all)))
                                    " WHERE 0"))
                 (selects (string-join selects " UNION ALL ")))
               ")"))
  (let ((alias (new-alias! statement 'changed)))
    (add-from! arm (string-append name " AS " alias))
    (for-each (lambda (variable column)
                (add-where! arm (string-append alias "." column " = "
                                               (place-sql (env-ref env variable)))))
              wanted seed-columns)
    (for-each (lambda (term column)
                (let ((sql (string-append alias "." column)))
                  (if (and (variable-term? term) (not (env-ref (arm-env arm) term)))
                      (bind! arm term (place sql))
                      (add-where! arm (string-append sql " = "
                                                     (term->sql term (arm-env arm) statement))))))
              terms all)))
