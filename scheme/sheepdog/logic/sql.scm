;;; sql.scm -- goals become SELECTs whose order and indexes are ours
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A conjunction is flattened into items, each with the context of time it stands in: (now),
;; (at TERM) or (during ID FROM TO).  The goal with the fewest rows comes next; what only tests
;; comes as soon as its variables are known, `not' when all else is.  CROSS JOIN keeps this order,
;; INDEXED BY and + the ways into the tables: SQLite's own planner, which cannot know that spans
;; overlap, took a hundred times longer.

(define-module (sheepdog logic sql)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic changed)
  #:use-module (sheepdog logic denial)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic infer)
  #:use-module (sheepdog logic plan)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic rows)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic type)
  #:use-module (sheepdog logic world)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (goals->arms flatten fill-arm! %call-rule))

;; (arm statement datum rule terms context groups): adds the call of a rule that stays
(define %call-rule (make-parameter #f))

(define-record-type <item>
  (make-item kind goal context groups)
  item?
  (kind item-kind)                                ;literal test deferred bind
  (goal item-goal)
  (context item-context)
  (groups item-groups))                           ;list: the spans and such around it

;;; Flattening

(define (flatten goals context groups)
  "Return the items of GOALS, which stand in CONTEXT and GROUPS."
  (define (item kind goal) (make-item kind goal context groups))
  (append-map
   (lambda (goal)
     (match goal
       (((or 'relation 'rule 'changed) . _) (list (item 'literal goal)))
       (((or 'compare 'glob 'of-version) . _) (list (item 'test goal)))
       (((or 'or 'not 'known-not) . _) (list (item 'deferred goal)))
       (('unknown . _) '())
       (('during datum (from . to) goals)
        (flatten goals (list 'during (new-variable 'frame) from to) groups))
       (('at datum time goals) (flatten goals (list 'at time) groups))
       (((or 'span 'lasting 'latest) . _)
        (let* ((group (new-variable 'group))
               (inner (flatten (form-goals goal) context (cons group groups))))
          (append inner
                  (list (make-item 'bind goal context (list group (count-literals inner group)))))))))
   goals))

(define (form-goals goal)
  (match goal
    (('span _ _ _ goals) goals)
    (('lasting _ _ goals) goals)
    (('latest _ _ goals . _) goals)))

(define (count-literals items group)
  (count (lambda (item)
           (and (eq? 'literal (item-kind item)) (memq group (item-groups item))))
         items))

;;; Literals

(define (place-literal! arm statement item tests)
  "Add the literal ITEM to ARM; TESTS are goals that are still to come."
  (match (item-goal item)
    ((? live? goal) (place-live! arm statement goal))
    ((and goal ('relation . _))
     (place-relation! arm statement goal (item-context item) (item-groups item)))
    (('changed datum terms)
     (place-changed! arm statement terms tests))
    (('rule datum rule terms)
     ((%call-rule) arm statement datum rule terms (item-context item) (item-groups item)))))

(define (item-ready? item arm)
  "Can the literal ITEM be placed now?"
  (and (every (lambda (variable) (env-ref (arm-env arm) variable))
              (context-variables (item-context item)))
       (or (not (live? (item-goal item)))
           (match (item-goal item)
             (('relation _ relation terms)
              (every (known-in arm) (take terms (relation-keys relation))))))))

(define %rule-rows 300)                           ;a rule that stays, and nothing is known of

(define (item-rows item arm statement)
  "Return about how many rows the literal ITEM gives each time."
  (match (item-goal item)
    ((? live?) +inf.0)
    (('changed . _) 1e18)                         ;what is before it narrows it
    (('relation _ relation terms)
     (estimate-rows relation (world-statistics (statement-world statement) relation) terms
                    (known-in arm) (item-context item) (%clock)))
    (('rule _ _ terms)
     (if (any (known-in arm) terms) %rule-rows (* 100 %rule-rows)))))

(define (connected? item arm)
  "Does the literal ITEM share a known variable, or is nothing known yet?"
  (or (not (arm-placed? arm))
      (any (lambda (variable) (env-ref (arm-env arm) variable))
           (goal-variables (item-goal item)))))

(define (next-literal items arm statement)
  "Return the literal of ITEMS that gives the fewest rows, of those that can be placed and hang
together with what is placed already; #f: none can."
  (define (rows item) (item-rows item arm statement))
  (define (fewest items)
    (match (map (lambda (item) (cons (rows item) item)) items)
      (() #f)
      ((first . rest)
       (cdr (fold (lambda (a b) (if (< (car a) (car b)) a b)) first rest)))))
  (let* ((ready (filter (lambda (item) (item-ready? item arm)) items))
         (near (filter (lambda (item) (or (connected? item arm) (<= (rows item) 1))) ready)))
    (or (fewest near) (fewest ready))))

;;; Tests

(define (test-ready? item arm)
  (define env (arm-env arm))
  (match (item-goal item)
    (('compare _ '= a b)
     (or (and (term-bound? a env) (or (variable-term? b) (term-bound? b env)))
         (and (variable-term? a) (term-bound? b env))))
    (goal (every (lambda (variable) (env-ref env variable)) (goal-variables goal)))))

(define (apply-test! arm statement goal)
  (define env (arm-env arm))
  (match goal
    (('compare _ '= (? variable-term? (? (lambda (v) (not (env-ref env v))) a)) b)
     (bind! arm a (if (variable-term? b) (env-ref env b) (place (term->sql b env statement)))))
    (('compare _ '= a (? variable-term? (? (lambda (v) (not (env-ref env v))) b)))
     (bind! arm b (if (variable-term? a) (env-ref env a) (place (term->sql a env statement)))))
    (('compare _ op . terms)
     (apply add-where! arm (comparison->sql op terms env statement)))
    (('glob _ value pattern) (add-where! arm (glob->sql value pattern env statement)))
    (('of-version _ value version) (add-where! arm (of-version->sql value version env statement)))))

;;; Spans

(define (bind-ready? item arm)
  (match (item-groups item)
    ((group count) (= count (length (group-spans arm group))))))

(define (bind-or-equal! arm statement term sql open?)
  (if (unbound-variable? term arm)
      (bind! arm term (place sql #:open? open?))
      (add-where! arm (string-append sql " = " (term->sql term (arm-env arm) statement)))))

(define (window context arm statement)
  "Return (FROM . TO), SQL or #f, of CONTEXT."
  (match context
    (('during _ from to) (cons (time->sql from arm statement) (time->sql to arm statement)))
    (_ (cons #f #f))))

(define (apply-bind! arm statement item)
  (define context (item-context item))
  (define spans (group-spans arm (first (item-groups item))))
  (define (complain text hint)
    ((statement-complain statement) (second (item-goal item)) text hint))
  (if (null? spans)
      (complain "nothing in it has a span" "a relation, or a rule over relations")
      (let ((begins (map first spans)) (ends (map second spans)))
        (match (item-goal item)
          (('span datum from to _)
           (bind-or-equal! arm statement from (greatest begins) #f)
           (bind-or-equal! arm statement to (least ends) #t))
          (('lasting datum term _)
           (match (window context arm statement)
             ((from . to)
              (bind-or-equal!
               arm statement term
               (string-append "(" (least (delete-duplicates
                                          (append ends (if to (list to) '())
                                                  (list (statement-now statement)))))
                              " - " (greatest (append begins (if from (list from) '()))) ")")
               #f))))
          (('latest datum keys _ all)
           (add-where! arm (string-append (greatest begins) " = "
                                          (newest statement keys all context arm))))))))

(define (newest statement keys goals context arm)
  "Return the SQL of the newest begin of what the constants of GOALS match, for the values that KEYS
have in ARM."
  (let* ((goals (rename-goals goals (map (lambda (key) (cons key key)) keys)))
         (group (new-variable 'group))
         (context (match context
                    (('during _ from to) (list 'during (new-variable 'frame) from to))
                    (_ context)))
         (env (filter (match-lambda
                        ((variable . _) (or (memq variable keys)
                                            (memq variable (context-variables context)))))
                      (arm-env arm)))
         (inner (goals->arms goals statement #:context context #:groups (list group) #:env env)))
    (define (begin-of arm) (greatest (map first (group-spans arm group))))
    (match inner
      ((arm) (string-append "(" (arm->select arm (string-append "max(" (begin-of arm) ")")) ")"))
      (arms
       (string-append "(SELECT max(b) FROM ("
                      (string-join (map (lambda (arm)
                                          (arm->select arm (string-append (begin-of arm) " AS b")))
                                        arms)
                                   " UNION ALL ")
                      "))")))))

;;; All together

(define* (goals->arms goals statement #:key (context '(now)) (groups '()) (env '()) (outer '())
                      (used '()))
  "Return the <arm>s, of which each gives answers to GOALS, in STATEMENT.  They stand in CONTEXT and
GROUPS; ENV is known from outside, with the spans OUTER; the variables USED are wanted there."
  (map (lambda (goals)
         (fill-arm! (new-arm env outer) (flatten goals context groups) statement))
       (alternatives goals (statement-complain statement)
                     #:bound (map car env) #:used used
                     #:shared? (eq? 'during (car context)))))

(define (in-order items)
  "Return ITEMS in an order that does not depend on how they were written."
  (define (key item)
    (datum->string (second (item-goal item))))
  (map cdr (stable-sort (map (lambda (item) (cons (key item) item)) items)
                        (lambda (a b) (string<? (car a) (car b))))))

(define (fill-arm! arm items statement)
  "Put all ITEMS into ARM and return it."
  (define (kind? kind) (lambda (item) (eq? kind (item-kind item))))
  (define (ready item)
    (match (item-kind item)
      ('test (test-ready? item arm))
      ('bind (bind-ready? item arm))
      (_ #f)))
  (let next ((items (in-order items)))
    (define (done item) (next (delq item items)))
    (cond ((null? items)
           (close-frames! arm (lambda () (statement-now statement)))
           arm)
          ((find ready items)
           => (lambda (item)
                (if (eq? 'test (item-kind item))
                    (apply-test! arm statement (item-goal item))
                    (apply-bind! arm statement item))
                (done item)))
          ((next-literal (filter (kind? 'literal) items) arm statement)
           => (lambda (item)
                (place-literal! arm statement item
                                (map item-goal (filter (kind? 'test) items)))
                (done item)))
          ((any (kind? 'literal) items)
           (let ((item (find (kind? 'literal) items)))
             (complain-of-unbound item arm statement)
             (done item)))
          ((find (kind? 'deferred) items)
           => (lambda (item)
                (add-denial! arm statement (item-goal item) (item-context item) goals->arms)
                (done item)))
          (else
           (complain-of-unbound (first items) arm statement)
           (done (first items))))))

(define (complain-of-unbound item arm statement)
  "Tell what ITEM wants to know and no goal gives; bind it, so that it is told once."
  (define unknown
    (filter (lambda (variable) (not (env-ref (arm-env arm) variable)))
            (match (item-goal item)
              ((? live? ('relation _ relation terms))
               (append-map term-variables (take terms (relation-keys relation))))
              (goal (append (context-variables (item-context item)) (goal-variables goal))))))
  (match (item-goal item)
    ((and (? live?) (_ datum relation terms))
     ((statement-complain statement)
      datum
      (format #f "~a wants a known ~a: no other goal gives ~a" (relation-name relation)
              (enumeration (map (lambda (column) (symbol->string (column-name column)))
                                (filter-map (lambda (column term)
                                              (and (not ((known-in arm) term)) column))
                                            (key-columns relation)
                                            (take terms (relation-keys relation))))
                           "and")
              (enumeration (map symbol->string unknown) "and"))
      #f))
    ((_ datum . _)
     ((statement-complain statement)
      datum
      (string-append "no goal binds " (enumeration (map symbol->string unknown) "and"))
      #f)))
  (for-each (lambda (variable) (bind! arm variable (place "NULL")))
            (lset-union eq? unknown (goal-variables (item-goal item)))))
