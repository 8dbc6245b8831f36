;;; denial.scm -- `not', `known-not', and an `or' that only tests, as conditions of a SELECT
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic denial)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (add-denial!))

;; GOALS->ARMS is that of (sheepdog logic sql), which stands above.

(define (spans-around arm context)
  "Return the spans in ARM that goals in CONTEXT have to share an instant with."
  (match context
    (('during id . _) (frame-spans arm id))
    (_ '())))

(define (exists arms)
  "Return the SQL of whether one of ARMS has a row."
  (string-append "("
                 (string-join (map (lambda (arm)
                                     (string-append "EXISTS (" (arm->select arm "1") ")"))
                                   arms)
                              " OR ")
                 ")"))

(define (add-denial! arm statement goal context goals->arms)
  "Add GOAL, which is denied or only tested and stands in CONTEXT, to ARM."
  (define (inner goals)
    (goals->arms goals statement #:context context #:env (arm-env arm)
                 #:outer (spans-around arm context)))
  (match goal
    (('or datum . branches) (add-where! arm (exists (append-map inner branches))))
    (('not datum goals) (deny! arm statement goals context goals->arms))
    (('known-not datum goals)
     (deny! arm statement goals context goals->arms)
     (be-sure! arm statement datum goals context goals->arms))))

(define (deny! arm statement goals context goals->arms)
  "Add to ARM that GOALS do not hold.  One pass through all that is denied, NOT IN, is much
cheaper than a look for each row, where only one variable is shared and no time."
  (define shared
    (filter (lambda (variable) (env-ref (arm-env arm) variable)) (goals-variables goals)))
  (define (term-free? context)
    (match context
      (('at time) (null? (term-variables time)))
      (('during _ from to) (null? (append (if from (term-variables from) '())
                                          (if to (term-variables to) '()))))
      (_ #t)))
  (define (alone variable)
    ;; the arms of GOALS with nothing known, when each gives VARIABLE
    (and (bound-alone? goals variable)
         (goals->arms goals statement #:context context #:used (list variable))))
  (match (and (null? (spans-around arm context))
              (term-free? context)
              shared)
    ((and (variable) (= (match-lambda ((variable) (alone variable))) (? pair? arms)))
     (let ((variable (first shared)))
       (add-where! arm
                   (string-append (place-sql (env-ref (arm-env arm) variable)) " NOT IN ("
                                  (string-join
                                   (map (lambda (inner)
                                          (arm->select inner
                                                       (place-sql (env-ref (arm-env inner) variable))))
                                        arms)
                                   " UNION ALL ")
                                  ")"))))
    (_ (add-where! arm
                   (string-append "NOT "
                                  (exists (goals->arms goals statement #:context context
                                                       #:env (arm-env arm)
                                                       #:outer (spans-around arm context))))))))

(define (bound-alone? goals variable)
  "Do GOALS, stored relations among them, give VARIABLE by themselves?"
  (any (match-lambda
         (('relation _ relation terms)
          (and (not (eq? 'live (relation-kind relation)))
               (memq variable terms)))
         (('rule _ _ terms) (memq variable terms))
         (((or 'during 'at 'lasting) _ _ goals) (bound-alone? goals variable))
         (('span _ _ _ goals) (bound-alone? goals variable))
         (('latest _ _ goals . _) (bound-alone? goals variable))
         (_ #f))
       goals))


;;; What is known not to hold

(define (spoken-of goals)
  "Return the (RELATION . HOST) of all goals in GOALS that speak of a host, a term."
  (append-map (match-lambda
                (('relation _ relation (first . _))
                 (if (eq? 'host (column-name (first-column relation)))
                     (list (cons relation first))
                     '()))
                (('or _ . branches) (append-map spoken-of branches))
                (((or 'not 'known-not) _ goals) (spoken-of goals))
                (((or 'during 'at 'lasting) _ _ goals) (spoken-of goals))
                (('span _ _ _ goals) (spoken-of goals))
                (('latest _ _ goals . _) (spoken-of goals))
                (_ '()))
              goals))

(define (first-column relation)
  (car (relation-columns relation)))

(define (be-sure! arm statement datum goals context goals->arms)
  "Add to ARM that the hosts of GOALS were heard, and told all there is to tell, all the time."
  (define world (statement-world statement))
  (define types (statement-types statement))
  (define (relation name arity) (find-relation world name arity))
  (define (text value) (make-constant datum 'text value))
  (define (complain host)
    ((statement-complain statement) datum
     "'known-not' wants a known host: no other goal gives it" "such as (host ?host)")
    host)
  (for-each
   (match-lambda
     ((of . host)
      (cond ((not (term-bound? host (arm-env arm))) (complain host))
            (else
             (deny! arm statement (list (list 'relation datum (relation 'silent 1) (list host)))
                    context goals->arms)
             (when (told? world of)
               (be-complete! arm statement
                             (list (list 'relation datum (relation 'complete 2)
                                         (list host (text (symbol->string
                                                           (relation-name of))))))
                             context goals->arms))))))
   (delete-duplicates (spoken-of goals))))

(define (be-complete! arm statement goals context goals->arms)
  "Add to ARM that GOALS, a relation, hold: at its instant, or through its whole span in CONTEXT."
  (define from-to
    (match context
      (('during id from to)
       (let ((spans (frame-spans arm id))
             (sql (lambda (term) (if term (list (term->sql term (arm-env arm) statement)) '()))))
         (cons (append (map second spans) (sql from))
               (append (map third spans) (sql to) (list (statement-now statement))))))
      (_ #f)))
  (match from-to
    (#f (add-where! arm (exists (goals->arms goals statement #:context context
                                             #:env (arm-env arm)))))
    ((begins . ends)
     (let* ((group (new-variable 'group))
            (inner (first (goals->arms goals statement #:context '(any) #:groups (list group)
                                       #:env (arm-env arm)))))
       (match (group-spans inner group)
         (((t0 t1))
          (add-where! inner
                      (string-append t0 " <= " (greatest (if (null? begins) '("0") begins)))
                      (string-append t1 " >= " (least ends)))
          (add-where! arm (exists (list inner)))))))))
