;;; call.scm -- rules that stay: those with aggregates, and those that call themselves, as tables of WITH
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; SQLite pushes nothing into a recursive table, so one is made for each call: an argument that is
;; handed on unchanged and known as a constant is put into its goals, one that other goals give
;; becomes the seed it begins with.  R(x,y) <- E(x,y) or E(x,z), R(z,y) hands on y; it is the same
;; as E(x,y) or R(x,z), E(z,y), which hands on x: so it is turned as the call wants it.

(define-module (sheepdog logic call)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic clause)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic group)
  #:use-module (sheepdog logic infer)
  #:use-module (sheepdog logic rounds)
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
  (let ((circle (rule-circle (statement-world statement) rule)))
    (cond ((any (lambda (rule) (any datum-list? (rule-arguments rule))) circle)
           ((statement-complain statement)
            datum (format #f "'~a' reckons with what it is to tell itself" (rule-name rule))
            "an aggregate cannot go through recursion")
           (forget-call! arm terms))
          ((hidden-call? statement circle)
           ((statement-complain statement)
            datum
            (format #f "'~a' calls itself inside of 'not', or of another time" (rule-name rule))
            "nobody can say what it would mean")
           (forget-call! arm terms))
          ((any datum-list? (rule-arguments rule))
           (call-aggregate arm statement datum rule terms context groups))
          ((linear? statement rule circle)
           (call-recursive arm statement datum rule terms context groups))
          (else
           (call-in-rounds arm statement datum rule circle terms context groups)))))

(define (forget-call! arm terms)
  "Bind the variables of TERMS in ARM, so that nothing more is said of them."
  (for-each (lambda (variable)
              (unless (env-ref (arm-env arm) variable)
                (bind! arm variable (place "NULL"))))
            (append-map term-variables terms)))

(define (ways statement rule)
  "Return the lists of goals of which one must hold for RULE to hold."
  (call-with-values (lambda () (rule-parts (statement-world statement) rule (const #f)))
    (lambda (arguments goals)
      (alternatives (expand-goals goals (statement-world statement) (const #f))
                    (const #f) #:used arguments #:shared? #t))))

(define (hidden-call? statement circle)
  "Does a rule of CIRCLE call one of them inside of `not', or of another time?"
  (any (lambda (rule)
         (any (lambda (goals)
                (any (lambda (called)
                       (> (self-calls called goals)
                          (count (match-lambda
                                   (('rule _ rule _) (eq? rule called))
                                   (_ #f))
                                 goals)))
                     circle))
              (ways statement rule)))
       circle))

(define (linear? statement rule circle)
  "Does RULE, whose CIRCLE is that of `rule-circle', call itself only, and once in each way to be
true?"
  (and (= 1 (length circle))
       (every (lambda (goals) (<= (self-calls rule goals) 1)) (ways statement rule))))

(define (constants terms)
  "Return the positions of TERMS that are constants."
  (filter (lambda (i) (constant? (list-ref terms i))) (iota (length terms))))


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
    (let* ((table (make-table! statement inner rule arguments chosen given
                               #:fixed fixed #:seeded seeded #:arm arm #:context context
                               #:carry? (carries? context groups)))
           (alias (join! arm statement table
                         (lset-difference eqv? (iota (length given)) fixed) given types)))
      (when (carries? context groups)
        (join-spans! arm statement alias context groups)))))

(define (carries? context groups)
  "Does a rule called in CONTEXT and GROUPS tell in which span it holds?"
  (or (eq? 'during (car context)) (pair? groups)))

(define* (make-table! statement inner rule arguments clauses given
                      #:key fixed seeded arm context carry?)
  "Add the recursive table of RULE to STATEMENT and return its name.  Of the arguments those FIXED
are constants of GIVEN, those SEEDED come from ARM."
  (let* ((name (new-alias! statement (rule-name rule)))
         (kept (lset-difference eqv? (iota (length arguments)) fixed))
         (seed (and (pair? seeded) (make-seed! statement arm given seeded))))
    (define (select goals)
      (let ((self (self-call rule goals)))
        (clause->select inner
                        (append (map (lambda (i)
                                       (list 'compare (constant-datum (list-ref given i)) '=
                                             (list-ref arguments i) (list-ref given i)))
                                     fixed)
                                (delq self goals))
                        (pick arguments kept) context carry?
                        (match self
                          (('rule _ _ terms) (list (list name kept (pick terms kept))))
                          (#f (if seed
                                  (list (list seed seeded (pick arguments seeded)))
                                  '())))
                        #:spans? (and self #t))))
    (let-values (((steps bases) (partition (lambda (goals) (self-call rule goals)) clauses)))
      (let ((selects (map select (append bases steps))))
        (add-table! statement
                    (string-append name "(" (commas (table-columns kept carry?)) ") AS ("
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
