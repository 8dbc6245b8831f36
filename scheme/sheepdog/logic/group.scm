;;; group.scm -- answers that tell of groups: SELECT ... GROUP BY
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic group)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (group-arms goal-terms))

(define (test->sql goal env statement)
  "Return the SQL of GOAL, one of `having'."
  (define (all goals) (ands (map (lambda (goal) (test->sql goal env statement)) goals)))
  (match goal
    (('compare _ op . terms) (ands (comparison->sql op terms env statement)))
    (('or _ . branches) (string-append "(" (string-join (map all branches) " OR ") ")"))
    (('not _ goals) (string-append "NOT (" (all goals) ")"))))

(define* (group-arms arms terms statement #:optional (having '()))
  "Return the SELECT of TERMS, aggregates among them, by ARMS, for the groups that pass HAVING, a
list of goals."
  (match arms
    ((arm)
     (grouped terms (arm-env arm) statement having
              (string-drop (arm->select arm "") (string-length "SELECT "))))
    (_ (several arms terms statement having))))

(define (grouped terms env statement having from)
  (define (sql term) (term->sql term env statement))
  (define groups (map sql (remove aggregation? terms)))
  (define (counts? term)
    (match term (('count . _) #t) (_ #f)))
  (define tests
    ;; Without groups SQL has an answer even over nothing; only a count has one to give.
    (append (if (and (null? groups) (not (any counts? terms))) '("count(*) > 0") '())
            (map (lambda (goal) (test->sql goal env statement)) having)))
  (string-append "SELECT " (commas (map sql terms)) from
                 (if (null? groups) "" (string-append " GROUP BY " (commas groups)))
                 (if (null? tests) "" (string-append " HAVING " (ands tests)))))

(define (goal-terms goal)
  "Return the terms in GOAL, one of `having'."
  (match goal
    (('compare _ _ . terms) terms)
    (('or _ . branches) (append-map (lambda (goals) (append-map goal-terms goals)) branches))
    (('not _ goals) (append-map goal-terms goals))))

(define (several arms terms statement having)
  "Return the SELECT over all rows of ARMS, more than one."
  (let* ((variables (delete-duplicates
                     (append-map term-variables (append terms (append-map goal-terms having)))
                     eq?))
         (columns (map (lambda (i) (string-append "u" (number->string i)))
                       (iota (length variables)))))
    (define (what arm)
      (if (null? variables)
          "1"
          (commas (map (lambda (variable column)
                         (string-append (place-sql (env-ref (arm-env arm) variable))
                                        " AS " column))
                       variables columns))))
    (grouped terms
             (map (lambda (variable column)
                    (cons variable (place (string-append "u." column))))
                  variables columns)
             statement having
             (string-append " FROM ("
                            (string-join (map (lambda (arm) (arm->select arm (what arm))) arms)
                                         " UNION ALL ")
                            ") AS u"))))
