;;; call.scm -- rules that stay: those with aggregates, and those that call themselves, as tables of WITH
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; SQLite pushes nothing into a recursive table, so one is made for each call: an argument that is
;; handed on unchanged and known as a constant is put into its goals, one that other goals give
;; becomes the seed it begins with.  R(x,y) <- E(x,y) or E(x,z), R(z,y) hands on y; it is the same
;; as E(x,y) or R(x,z), E(z,y), which hands on x: so it is turned as the call wants it.

(define-module (sheepdog logic call)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic group)
  #:use-module (sheepdog logic infer)
  #:use-module ((sheepdog logic relation) #:select (make-column))
  #:use-module (sheepdog logic rows)
  #:use-module (sheepdog logic sql)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-11)
  #:export (call-rule))

(define (call-rule arm statement datum rule terms context groups)
  "Add to ARM, in STATEMENT, the call of RULE with TERMS that is written as DATUM and stands in
CONTEXT and GROUPS."
  (unless (null? (context-variables context))
    ((statement-complain statement)
     datum "a rule with aggregates, or one that calls itself, wants a fixed time"
     "one without variables"))
  (if (any datum-list? (rule-arguments rule))
      (call-aggregate arm statement datum rule terms context groups)
      (call-recursive arm statement datum rule terms context groups)))

(define (own-context context)
  "Return CONTEXT as one of its own."
  (match context
    (('during _ from to) (list 'during (new-variable 'frame) from to))
    (_ context)))

(define (column-name n)
  (string-append "c" (number->string n)))

(define (columns positions) (map column-name positions))

(define (expanded goals statement)
  "Return GOALS with rules replaced and constants resolved, and STATEMENT with their types."
  (let* ((complain (statement-complain statement))
         (world (statement-world statement))
         (goals (expand-goals goals world complain))
         (types (infer-types goals world complain)))
    (values (resolve-goals goals types complain) (with-types statement types))))

(define (constants terms)
  "Return the positions of TERMS that are constants."
  (filter (lambda (i) (constant? (list-ref terms i))) (iota (length terms))))

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


;;; Aggregates

(define (call-aggregate arm statement datum rule terms context groups)
  (let*-values (((arguments goals) (rule-parts (statement-world statement) rule
                                               (statement-complain statement)))
                ((known) (filter-map (lambda (argument term)
                                       (and (variable-term? argument) (constant? term)
                                            (cons argument term)))
                                     arguments terms))
                ((goals inner) (expanded (append (map (match-lambda
                                                        ((argument . term)
                                                         (list 'compare datum '= argument term)))
                                                      known)
                                                 goals)
                                         statement)))
    (let* ((types (statement-types inner))
           (arguments (map (lambda (term)
                             (resolve-term term #f types (statement-complain statement)))
                           arguments))
           (arms (goals->arms goals inner #:context (own-context context)
                              #:used (append-map term-variables arguments)))
           (table (new-alias! statement (rule-name rule)))
           (all (iota (length arguments))))
      (add-table! statement
                  (string-append table "(" (commas (columns all)) ") AS MATERIALIZED ("
                                 (group-arms arms arguments inner) ")"))
      (join! arm statement table all terms
             (map (lambda (argument) (term-type argument types)) arguments))
      (for-each (lambda (group) (place-group! arm group "0" %open)) groups))))


;;; Recursion

(define (self-call rule goals)
  (find (match-lambda (('rule _ called _) (eq? called rule)) (_ #f)) goals))

(define (self-calls rule goals)
  "Return how often RULE is called in GOALS, however deep."
  (fold (lambda (goal n)
          (+ n (match goal
                 (('rule _ called _) (if (eq? called rule) 1 0))
                 (('or _ . branches) (apply + (map (lambda (g) (self-calls rule g)) branches)))
                 (((or 'not 'known-not) _ goals) (self-calls rule goals))
                 (((or 'during 'at 'lasting) _ _ goals) (self-calls rule goals))
                 (('span _ _ _ goals) (self-calls rule goals))
                 (('latest _ _ goals . _) (self-calls rule goals))
                 (_ 0))))
        0 goals))

(define (handed-on rule arguments clauses)
  "Return the positions of ARGUMENTS that each call of RULE by itself in CLAUSES hands on unchanged."
  (filter (lambda (i)
            (every (lambda (goals)
                     (match (self-call rule goals)
                       (#f #t)
                       ((_ _ _ terms) (eq? (list-ref terms i) (list-ref arguments i)))))
                   clauses))
          (iota (length arguments))))

(define (same-goals? a b)
  (and (= (length a) (length b))
       (every (lambda (a b)
                (match (list a b)
                  ((('relation _ r terms) ('relation _ s others))
                   (and (eq? r s) (every eq? terms others)))
                  (_ #f)))
              a b)))

(define (replaced goals from to)
  "Return GOALS with the variables TO instead of FROM."
  (map (lambda (goal)
         (map-terms (lambda (term)
                      (let ((i (list-index (lambda (v) (eq? v term)) from)))
                        (if i (list-ref to i) term)))
                    goal))
       goals))

(define (turned rule arguments clauses)
  "Return CLAUSES, one without and one with a call of RULE, so that the other arguments are handed
on; #f where that would be another rule."
  (let ((on (handed-on rule arguments clauses)))
    (match (call-with-values
               (lambda () (partition (lambda (goals) (self-call rule goals)) clauses))
             list)
      (((step) (base))
       (match (self-call rule step)
         ((and self ('rule datum _ terms))
          (let* ((off (lset-difference eqv? (iota (length arguments)) on))
                 (left (pick arguments off))
                 (right (pick arguments on))
                 (between (pick terms off))
                 (edges (delq self step)))
            (and (= (length off) (length on))
                 (every variable-term? between)
                 (null? (lset-difference eq? (goals-variables base) arguments))
                 (same-goals? edges (replaced base right between))
                 (list base
                       (cons (list 'rule datum rule
                                   (map (lambda (i)
                                          (if (memv i on)
                                              (list-ref between (list-index (lambda (j) (eqv? i j)) on))
                                              (list-ref arguments i)))
                                        (iota (length arguments))))
                             (replaced base left between))))))))
      (_ #f))))

(define (call-recursive arm statement datum rule terms context groups)
  (let*-values (((arguments goals) (rule-parts (statement-world statement) rule
                                               (statement-complain statement)))
                ((goals inner) (expanded goals statement)))
    (define complain (statement-complain statement))
    (define types (map (lambda (argument) (term-type argument (statement-types inner))) arguments))
    (define clauses
      (alternatives goals complain #:used arguments #:shared? #t))
    (define (resolved term i)
      (resolve-term term (list-ref types i) (statement-types statement) complain))
    (define given (map resolved terms (iota (length terms))))
    (define known
      ;; arguments of the call that are known: constants first, then what other goals give
      (let ((constant (constants given)))
        (if (pair? constant)
            constant
            (filter (lambda (i)
                      (and (not (arm-inside? arm))
                           (variable-term? (list-ref given i))
                           (env-ref (arm-env arm) (list-ref given i))))
                    (iota (length given))))))
    (define (pushed clauses)
      (lset-intersection eqv? known (handed-on rule arguments clauses)))
    (define chosen
      (let ((other (and (null? (pushed clauses)) (turned rule arguments clauses))))
        (if (and other (pair? (pushed other))) other clauses)))
    (define fixed
      (filter (lambda (i) (constant? (list-ref given i))) (pushed chosen)))
    (define seeded (lset-difference eqv? (pushed chosen) fixed))
    (if (any (lambda (clause)
               (> (self-calls rule clause) (if (self-call rule clause) 1 0)))
             chosen)
        (complain datum
                  (format #f "'~a' calls itself through 'not', or in a way that is not linear"
                          (rule-name rule))
                  #f)
        (let ((table (make-table! statement inner rule arguments chosen given
                                  #:fixed fixed #:seeded seeded #:arm arm #:context context
                                  #:carry? (or (eq? 'during (car context)) (pair? groups)))))
          (let ((alias (join! arm statement table
                              (lset-difference eqv? (iota (length given)) fixed) given types)))
            (define t0 (string-append alias ".t0"))
            (define t1 (string-append alias ".t1"))
            (match context
              (('during id from to)
               (add-span! arm
                          (frame id
                                 (and from (term->sql from (arm-env arm) statement))
                                 (and to (term->sql to (arm-env arm) statement)))
                          t0 t1 #f))
              (_ #t))
            (for-each (lambda (group) (place-group! arm group t0 t1)) groups))))))

(define* (make-table! statement inner rule arguments clauses given
                      #:key fixed seeded arm context carry?)
  "Add the recursive table of RULE to STATEMENT and return its name.  Of the arguments those FIXED
are constants of GIVEN, those SEEDED come from ARM."
  (let* ((name (new-alias! statement (rule-name rule)))
         (kept (lset-difference eqv? (iota (length arguments)) fixed))
         (all-columns (append (columns kept) (if carry? '("t0" "t1") '())))
         (seed (and (pair? seeded) (make-seed! statement arm given seeded))))
    (define (select goals)
      (let* ((self (self-call rule goals))
             (context (own-context context))
             (group (new-variable 'group))
             (goals (append (map (lambda (i)
                                   (list 'compare (constant-datum (list-ref given i)) '=
                                         (list-ref arguments i) (list-ref given i)))
                                 fixed)
                            (delq self goals)))
             (fresh (new-arm '())))
        (when seed
          (unless self
            (add-from! fresh (string-append seed " AS seed"))
            (for-each (lambda (i)
                        (bind! fresh (list-ref arguments i)
                               (place (string-append "seed." (column-name i)))))
                      seeded)))
        (when self
          (match self
            (('rule _ _ terms)
             (let ((alias (new-alias! inner 'self)))
               (add-from! fresh (string-append name " AS " alias))
               (for-each
                (lambda (i)
                  (let ((term (list-ref terms i)) (sql (string-append alias "." (column-name i))))
                    (if (and (variable-term? term) (not (env-ref (arm-env fresh) term)))
                        (bind! fresh term (place sql))
                        (add-where! fresh
                                    (string-append sql " = "
                                                   (term->sql term (arm-env fresh) inner))))))
                kept)
               (when carry?
                 (let ((t0 (string-append alias ".t0")) (t1 (string-append alias ".t1")))
                   (place-group! fresh group t0 t1)
                   (match context
                     (('during id from to)
                      (add-span! fresh
                                 (frame id (and from (term->sql from '() inner))
                                        (and to (term->sql to '() inner)))
                                 t0 t1 #f))
                     (_ #t))))))))
        (fill-arm! fresh (flatten goals context (if carry? (list group) '())) inner)
        (arm->select
         fresh
         (commas
          (append (map (lambda (i)
                         (place-sql (env-ref (arm-env fresh) (list-ref arguments i))))
                       kept)
                  (match (if (and carry? (eq? 'during (car context)))
                             (map cdr (frame-spans fresh (second context)))
                             (group-spans fresh group))
                    (() (if carry? (list "0" %open) '()))
                    (((t0 t1 . _) ...)
                     (if carry? (list (greatest t0) (least t1)) '()))))))))
    (let*-values (((steps bases) (partition (lambda (goals) (self-call rule goals)) clauses)))
      (let ((selects (map select (append bases steps))))
        (add-table! statement
                    (string-append name "(" (commas all-columns) ") AS ("
                                   (string-join selects " UNION ") ")"))
        name))))

(define (make-seed! statement arm given positions)
  "Add to STATEMENT the table of what ARM has for the POSITIONS of GIVEN; return its name."
  (let ((name (new-alias! statement 'seed)))
    (add-table! statement
                (string-append name "(" (commas (columns positions)) ") AS ("
                               (arm->select arm
                                            (commas (map (lambda (term)
                                                           (place-sql (env-ref (arm-env arm) term)))
                                                         (pick given positions)))
                                            #:distinct? #t)
                               ")"))
    name))
