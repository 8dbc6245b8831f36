;;; why.scm -- what an answer rests on: the question again with its values, and each goal's span and event
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Of each `or' one alternative holds: each is a SELECT of its own, which gives the values of all
;; variables, and of each fact when it held and the event that began it.  Rules are replaced as
;; always, but it is kept which goals came of which rule: each goal gets a datum of its own, by which
;; its row is found.  A rule that calls itself is written out as often as is allowed, once, twice,
;; until it holds: so the shortest way is found first.

(define-module (sheepdog logic why)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic call)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic infer)
  #:use-module (sheepdog logic query)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic rows)
  #:use-module (sheepdog logic sql)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (answer->goals call->goals why-select
            whys-nodes whys-types whys-ways
            way-sql way-parameters way-variables way-facts way-placed
            fact-datum fact-relation
            node-kind node-datum
            rule-aggregates?))

;; What is asked for: the nodes of the proof, and the ways in which it may hold.
(define-record-type <whys>
  (make-whys nodes types ways)
  whys?
  (nodes whys-nodes)                              ;list of nodes, see `mark'
  (types whys-types)                              ;variable -> type, or #f
  (ways whys-ways))                               ;list of <way>

;; Columns of the SELECT: the variables, then t0, t1 and event of each fact.
(define-record-type <way>
  (make-way sql parameters variables facts placed)
  way?
  (sql way-sql)                                   ;string
  (parameters way-parameters)                     ;list of values, and of procedures of now (ms)
  (variables way-variables)                       ;list of variables
  (facts way-facts)                               ;list of (DATUM . RELATION)
  (placed way-placed))                            ;list of (DATUM GOAL CONTEXT): all that holds

(define fact-datum car)
(define fact-relation cdr)


;;; The tree of a proof, before it is asked for
;;
;;   (fact DATUM)                      a goal with rows
;;   (rule DATUM RULE TERMS NODES)     what it was replaced by
;;   (call DATUM RULE)                 one that stays
;;   (absent DATUM GOALS)              GOALS as they were written: none of these

(define node-kind first)
(define node-datum second)

(define (own datum)
  "Return DATUM as one that no other goal has."
  (literal->datum (datum->plain datum)))

(define (nothing datum)
  "Return the goal that never holds."
  (list 'or datum))

(define (mark goals world depth)
  "Return GOALS with their rules replaced, and the nodes of the proof that they hold.  DEPTH says how
many times, one within the other, a rule that calls itself is written out; #f: it stays a call."
  (define (complain . _) #f)
  (define (all goals) (mark goals world depth))
  (define (inside rebuild goals)
    (call-with-values (lambda () (all goals))
      (lambda (goals nodes) (values (list (rebuild goals)) nodes))))
  (define (body datum rule terms depth)
    (call-with-values (lambda () (mark (rule-body world rule terms complain) world depth))
      (lambda (goals nodes)
        (values goals (list (list 'rule (own datum) rule terms nodes))))))
  (define (one goal)
    (match goal
      ((and ((or 'relation 'changed) datum . rest) (kind . _))
       (let ((datum (own datum)))
         (values (list (cons* kind datum rest)) (list (list 'fact datum)))))
      (('rule datum rule terms)
       (cond ((not (rule-stays? world rule)) (body datum rule terms depth))
             ((or (not depth) (rule-aggregates? rule))
              (let ((datum (own datum)))
                (values (list (list 'rule datum rule terms)) (list (list 'call datum rule)))))
             ((zero? depth) (values (list (nothing datum)) '()))
             (else (body datum rule terms (- depth 1)))))
      (((and form (or 'not 'known-not)) datum denied)
       (let ((datum (own datum)))
         (values (list (list form datum (expand-goals denied world complain)))
                 (list (list 'absent datum denied)))))
      (('or datum . branches)
       (let ((marked (map (lambda (goals) (call-with-values (lambda () (all goals)) cons))
                          branches)))
         (values (list (cons* 'or datum (map car marked)))
                 (append-map cdr marked))))
      (((and form (or 'during 'at 'lasting 'latest)) datum what goals)
       (let ((datum (own datum)))
         (inside (lambda (goals) (list form datum what goals)) goals)))
      (('span datum from to goals)
       (inside (lambda (goals) (list 'span datum from to goals)) goals))
      (_ (values (list goal) '()))))
  (let loop ((goals goals) (done '()) (nodes '()))
    (match goals
      (() (values (concatenate (reverse done)) (concatenate (reverse nodes))))
      ((goal . rest)
       (call-with-values (lambda () (one goal))
         (lambda (goals its-nodes)
           (loop rest (cons goals done) (cons its-nodes nodes))))))))


;;; What is to be proved

(define %open-end 9223372036854775807)

(define (constant value)
  (let ((value (if (eq? value 'open) %open-end value)))
    (make-constant (literal->datum value) 'any value)))

(define (equalities terms values)
  "Return the goals that TERMS have VALUES; of an aggregate, or what nobody can say, nothing follows."
  (filter-map (lambda (term value)
                (and value
                     (not (aggregation? term))
                     (list 'compare (literal->datum '()) '= term (constant value))))
              terms values))

(define (answer->goals data world answer)
  "Return two values: the goals of the question DATA, whose answer has the values ANSWER, and whether
they tell of groups."
  (let ((query (read-query data world (const #f))))
    (values (append (query-goals query)
                    (equalities (map item-term (query-items query)) answer))
            (query-aggregates? query))))

(define (rule-aggregates? rule)
  "Has RULE aggregates in its head?"
  (any datum-list? (rule-arguments rule)))

(define (call->goals world rule values context)
  "Return the goals that RULE, one that stays, is for VALUES in CONTEXT, (now), (at TERM) or (during
FROM TO)."
  (define datum (literal->datum '()))
  (define goals
    (call-with-values (lambda () (rule-parts world rule (const #f)))
      (lambda (terms goals)
        (append goals (equalities terms values)))))
  (match context
    (('at time) (list (list 'at datum time goals)))
    (('during from to) (list (list 'during datum (cons (and from (constant from))
                                                       (and to (constant to)))
                                   goals)))
    (_ goals)))


;;; The ways

(define (placed goals context)
  "Return the (DATUM GOAL CONTEXT) of GOALS, one alternative, which stand in CONTEXT."
  (append-map
   (match-lambda
     ((and goal ((or 'relation 'rule 'changed 'not 'known-not) datum . _))
      (list (list datum goal context)))
     (('during datum (from . to) goals) (placed goals (list 'during datum from to)))
     (('at _ time goals) (placed goals (list 'at time)))
     (((or 'lasting 'latest) _ _ goals . _) (placed goals context))
     (('span _ _ _ goals) (placed goals context))
     (_ '()))
   goals))

(define (evidence-columns evidence)
  (define (column name) (string-append (evidence-alias evidence) "." name))
  (if (eq? 'event (relation-kind (evidence-relation evidence)))
      (list (column "t") (column "t") (column "ev"))
      (list (column "t0") (column "t1") (column "ev"))))

(define (with-tables statement select)
  (match (statement-tables statement)
    (() select)
    (tables (string-append "WITH RECURSIVE " (commas tables) " " select))))

(define (goals->way goals statement limit)
  "Return the <way> of GOALS, one alternative, in STATEMENT; it gives at most LIMIT rows."
  (let* ((arm (fill-arm! (new-arm '()) (flatten goals '(now) '()) statement))
         (variables (delete-duplicates (map car (arm-env arm)) eq?))
         (columns (append (map (lambda (variable) (place-sql (env-ref (arm-env arm) variable)))
                               variables)
                          (append-map evidence-columns (arm-evidence arm)))))
    (call-with-values
        (lambda ()
          (used-parameters
           statement
           (with-tables statement
                        (string-append
                         (arm->select arm (commas (if (null? columns) '("1") columns))
                                      #:distinct? #t)
                         (if (null? columns)
                             ""
                             (string-append " ORDER BY "
                                            (commas (map number->string
                                                         (iota (length columns) 1)))))
                         " LIMIT " (number->string limit)))))
      (lambda (sql parameters)
        (make-way sql parameters variables
                  (map (lambda (evidence)
                         (cons (evidence-datum evidence) (evidence-relation evidence)))
                       (arm-evidence arm))
                  (placed goals '(now)))))))

(define* (why-select goals world now #:key (at? #f) (depth #f) (limit 1))
  "Return the <whys> of GOALS in WORLD: in which ways they can hold, at most LIMIT times each.  NOW
(ms) counts for estimates; AT? says that it is asked as if now were another time; DEPTH is how often a
rule that calls itself is written out, #f: not at all."
  (call-with-values (lambda () (mark goals world depth))
    (lambda (goals nodes)
      (let* ((types (infer-types goals world (const #f)))
             (goals (resolve-goals goals types (const #f))))
        (make-whys
         nodes types
         (parameterize ((%clock now) (%call-rule call-rule))
           (map (lambda (goals)
                  (goals->way goals (new-statement world types (const #f) at?) limit))
                (alternatives goals (const #f) #:all? #t))))))))
