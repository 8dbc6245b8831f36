;;; solution.scm -- all combinations of facts that make literals true
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (oracle solution)
  #:use-module (oracle alternatives)
  #:use-module (oracle grouping)
  #:use-module (oracle value)
  #:use-module (oracle world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (solutions))

(define-record-type <state>
  (make-state environment spans used)
  state?
  (environment state-environment)                 ;alist: variable -> value
  (spans state-spans)                             ;alist: frame -> (FROM . TO), what its facts share
  (used state-used))                              ;list of (LITERAL . FACT)

(define %always (cons (- %open) %open))

(define (frame-window world frame)
  (match (frame-kind frame)
    ('during (window-of (frame-datum frame) (world-now world)))
    (_ %always)))

(define (common world state frame)
  "Return what the facts of FRAME share in STATE."
  (or (assq-ref (state-spans state) frame)
      (frame-window world frame)))

(define (intersection a b)
  "Return what the spans A and B share, or #f."
  (let ((from (max (car a) (car b)))
        (to (min (cdr a) (cdr b))))
    (and (< from to) (cons from to))))

(define (holds-in world frame relation f shared)
  "Return what F, a fact of RELATION, leaves of SHARED, what other facts of FRAME share; #f:
nothing, it does not hold there."
  (define now (world-now world))
  (define (at? t) (and (<= (fact-t0 f) t) (< t (fact-t1 f))))
  (define (when-true holds?) (and holds? shared))
  (match (list (frame-kind frame) (if relation (relation-kind relation) 'derived))
    ((_ 'timeless) shared)
    (('during 'derived) (intersection shared (cons (fact-t0 f) (fact-t1 f))))
    ((_ 'derived) shared)
    (('now 'event) (when-true (or (not (world-past? world)) (<= (fact-t0 f) now))))
    (('now 'state) (when-true (if (or (world-past? world) (relation-planned? relation))
                                  (at? now)
                                  (= %open (fact-t1 f)))))
    (('at _) (when-true (at? (instant (frame-datum frame) now))))
    (('during _)
     (intersection shared
                   (cons (fact-t0 f)
                         (if (relation-planned? relation)
                             (fact-t1 f)
                             (min now (fact-t1 f))))))))


;;; Variables.

(define (unify world argument value environment)
  "Return ENVIRONMENT in which ARGUMENT of a goal is VALUE, or #f."
  (define now (world-now world))
  (define (equal other) (and other (same? other value now) environment))
  (match argument
    ('_ environment)
    ((? unknown?) (match (assq-ref environment argument)
                     (#f (alist-cons argument value environment))
                     ((= type-of 'constant)       ;now it is known what it means
                      (and (equal (assq-ref environment argument))
                           (alist-cons argument value environment)))
                     (bound (equal bound))))
    (expression (equal (evaluate expression environment now)))))

(define (unify-all world arguments values environment)
  "Likewise, of all ARGUMENTS; the last may be left off."
  (fold (lambda (argument value environment)
          (and environment (unify world argument value environment)))
        environment arguments values))

(define (bound? environment datum)
  (every (lambda (v) (assq v environment)) (variables datum)))


;;; Facts, those of rules too that are relations of their own.

(define %derived (make-parameter #f))             ;hash table: (KIND DATUM NAME) -> facts
(define %growing (make-parameter '()))            ;alist, the same keys: what is found so far

(define (fact-key f) (list (fact-values f) (fact-t0 f) (fact-t1 f)))

(define (clause-facts world frame name clause)
  "Return the facts that CLAUSE of the rule NAME gives in FRAME."
  (call-with-values (lambda () (clause-alternatives world clause frame))
    (lambda (parameters ways)
      (let ((states (append-map (lambda (literals) (solve world literals (make-state '() '() '())))
                                ways)))
        (define (fact-of values span)
          (make-fact name values (car span) (cdr span)))
        (if (any has-aggregate? parameters)
            (map (lambda (row) (fact-of (row-values row) %always))
                 (rows parameters (map solution states) (world-now world)
                       #:visible (variables (cdr clause))))
            (map (lambda (state)
                   (fact-of (map (lambda (p) (evaluate p (state-environment state)
                                                       (world-now world)))
                                 parameters)
                            (common world state frame)))
                 states))))))

(define (distinct-facts facts)
  (let ((seen (make-hash-table)))
    (filter (lambda (f)
              (let ((key (fact-key f)))
                (and (not (hash-ref seen key))
                     (hash-set! seen key #t))))
            facts)))

(define (rule-facts world frame name)
  "Return the facts of the rule NAME in FRAME: from nothing on, until no more are found."
  (define key (list (frame-kind frame) (frame-datum frame) name))
  (define (grow found)
    (let ((more (parameterize ((%growing (acons key found (%growing))))
                  (distinct-facts
                   (append found
                           (append-map (lambda (clause) (clause-facts world frame name clause))
                                       (rule-clauses world name)))))))
      (if (= (length more) (length found))
          found
          (grow more))))
  (or (assoc-ref (%growing) key)
      (hash-ref (%derived) key)
      (let ((found (grow '())))
        (when (null? (%growing))
          (hash-set! (%derived) key found))
        found)))

(define (candidates world frame name)
  "Return the facts of the relation or rule NAME, and their types (#f: they are values)."
  (match (world-relation world name)
    (#f (values (rule-facts world frame name) #f))
    (relation (values (world-facts-of world name) (relation-types relation)))))


;;; Literals.

(define (relation-states world literal state)
  "Return the states in which STATE becomes by each fact that LITERAL, a relation's goal, can be."
  (match (literal-goal literal)
    ((name . arguments)
     (let* ((frame (literal-frame literal))
            (relation (world-relation world name))
            (shared (common world state frame)))
       (call-with-values (lambda () (candidates world frame name))
         (lambda (facts types)
           (filter-map
            (lambda (f)
              (let* ((values (if types
                                 (map value-of types (fact-values f))
                                 (fact-values f)))
                     (environment (unify-all world arguments values (state-environment state)))
                     (span (and environment (holds-in world frame relation f shared))))
                (and span
                     (make-state environment
                                 (acons frame span (state-spans state))
                                 (acons literal f (state-used state))))))
            facts)))))))

(define (group-facts state group)
  (filter-map (match-lambda
                ((literal . f) (and (memq group (literal-groups literal)) f)))
              (state-used state)))

(define (event? world f)
  (and=> (world-relation world (fact-relation f))
         (lambda (relation) (eq? 'event (relation-kind relation)))))

(define (group-span world state group)
  "Return the span that the facts of GROUP share as (FROM . TO); of an event both are its time."
  (let ((facts (group-facts state group)))
    (cons (apply max (map fact-t0 facts))
          (apply min (map (lambda (f) (if (event? world f) (fact-t0 f) (fact-t1 f))) facts)))))

(define (lasted world frame span)
  "Return for how long SPAN lasted in the window of FRAME, at most until now."
  (let ((window (frame-window world frame)))
    (- (min (cdr span) (cdr window) (world-now world))
       (max (car span) (car window)))))

(define (with-environment state environment)
  (make-state environment (state-spans state) (state-used state)))

(define (binding world state . pairs)
  "Return the list of STATE with each argument of PAIRS being its value; none if one cannot."
  (let loop ((pairs pairs) (environment (state-environment state)))
    (match pairs
      (() (list (with-environment state environment)))
      ((argument value . rest)
       (match (unify world argument value environment)
         (#f '())
         (environment (loop rest environment)))))))

(define (equation-states world state a b)
  (let* ((environment (state-environment state))
         (free? (lambda (x) (or (eq? x '_) (and (unknown? x) (not (assq x environment))))))
         (value (lambda (e) (evaluate e environment (world-now world)))))
    (cond ((free? a) (match (value b) (#f '()) (v (binding world state a v))))
          ((free? b) (match (value a) (#f '()) (v (binding world state b v))))
          (else (test-states world state '= (list a b))))))

(define (test-states world state operator arguments)
  (let ((values (map (lambda (e) (evaluate e (state-environment state) (world-now world)))
                     arguments)))
    (if (and (every identity values)
             (test-holds? operator values (world-now world)))
        (list state)
        '())))

(define (text-states world state test a b)
  "Return STATE in a list if TEST of the texts A and B is true."
  (match (map (lambda (e) (raw (evaluate e (state-environment state) (world-now world))))
              (list a b))
    (((? string? a) (? string? b)) (if (test a b) (list state) '()))
    (_ '())))

(define (inner-states world goals frame state)
  "Return the states of GOALS in FRAME from STATE on."
  (append-map (lambda (literals) (solve world literals state))
              (alternatives world goals frame)))

(define (latest-states world state literal keys goal)
  "Return STATE with each of the newest of what GOAL alone matches."
  (define frame (literal-frame literal))
  (define (begin-of found) (apply max (map (match-lambda ((_ . f) (fact-t0 f))) (state-used found))))
  (define (key found) (map (lambda (k) (raw (assq-ref (state-environment found) k))) keys))
  (define found (inner-states world (list goal) frame (make-state '() '() '())))
  (define (newest? one)
    (every (lambda (other)
             (or (not (equal? (key one) (key other)))
                 (>= (begin-of one) (begin-of other))))
           found))
  (define (joined one)
    (let ((environment (fold (match-lambda*
                               (((variable . value) environment)
                                (and environment (unify world variable value environment))))
                             (state-environment state)
                             (state-environment one)))
          (span (intersection (common world state frame) (common world one frame))))
      (and environment span
           (make-state environment
                       (acons frame span (state-spans state))
                       (append (map (match-lambda ((_ . f) (cons literal f))) (state-used one))
                               (state-used state))))))
  (filter-map joined (filter newest? found)))

(define (covered? spans from to)
  "Do SPANS, (FROM . TO), cover all of FROM until TO?"
  (or (>= from to)
      (any (match-lambda
             ((a . b) (and (<= a from) (< from b) (covered? spans b to))))
           spans)))

(define (host-known? world state frame relation host)
  "Was HOST heard, and told the whole truth of RELATION, in all of what FRAME shares?"
  (define shared (common world state frame))
  (define (spans name . values)
    (filter-map (lambda (f)
                  (and (equal? values (fact-values f))
                       (holds-in world frame (world-relation world name) f shared)))
                (world-facts-of world name)))
  (define silent (spans 'silent host))
  (define complete (spans 'complete host (symbol->string (relation-name relation))))
  (and (null? silent)
       (or (not (relation-told? relation))
           (if (eq? 'during (frame-kind frame))
               (covered? complete (car shared) (cdr shared))
               (pair? complete)))))

(define (known-not? world state frame goal)
  (match goal
    ((name host . _)
     (and (null? (inner-states world (list goal) frame state))
          (host-known? world state frame (world-relation world name)
                       (raw (evaluate host (state-environment state) (world-now world))))))))

(define (next-states world literal state)
  "Return the states that STATE becomes by LITERAL."
  (define frame (literal-frame literal))
  (match (literal-goal literal)
    (('%span group from to)
     (let ((span (group-span world state group)))
       (binding world state
                from (value-of 'time (car span))
                to (value-of 'time (cdr span)))))
    (('%lasting group d)
     (binding world state
              d (value-of 'duration (lasted world frame (group-span world state group)))))
    (((or '= '==) a b) (equation-states world state a b))
    (((and operator (or '= '== '/= '=/= '< '<= '> '>=)) . arguments)
     (test-states world state operator arguments))
    (('glob text glob) (text-states world state (lambda (a b) (glob-fits? b a)) text glob))
    (('of-version version wanted) (text-states world state of-version? version wanted))
    (('latest keys goal) (latest-states world state literal keys goal))
    (('not . goals) (if (null? (inner-states world goals frame state)) (list state) '()))
    (('known-not goal) (if (known-not? world state frame goal) (list state) '()))
    (_ (relation-states world literal state))))

(define (ready? literal rest state)
  "Can LITERAL be looked at next, with REST still to come?"
  (define environment (state-environment state))
  (define (free arguments) (remove (lambda (a) (bound? environment a)) arguments))
  (match (literal-goal literal)
    (((or '%span '%lasting) group . _)
     (not (any (lambda (other) (memq group (literal-groups other))) rest)))
    (((or '= '==) a b)
     (match (free (list a b))
       (() #t)
       (((? unknown?)) #t)
       (_ #f)))
    (((or '/= '=/= '< '<= '> '>= 'glob 'of-version '== '=) . arguments)
     (null? (free arguments)))
    (('latest . _) #t)
    (((or 'not 'known-not) . _)
     (every (lambda (other) (memq (first (literal-goal other)) '(not known-not))) rest))
    ((_ . arguments)
     (every (lambda (a) (or (eq? a '_) (unknown? a) (bound? environment a))) arguments))))

(define (solve world literals state)
  "Return the states that STATE can become by all LITERALS."
  (if (null? literals)
      (list state)
      (let* ((next (or (find (lambda (l) (ready? l (delq l literals) state)) literals)
                       (error "no goal binds the variables of" (map literal-goal literals))))
             (rest (delq next literals)))
        (append-map (lambda (state) (solve world rest state))
                    (next-states world next state)))))

(define (solution state)
  (cons (state-environment state)
        (map cdr (state-used state))))

(define (solutions world goals)
  "Return the solutions of GOALS, now: a list of (ENVIRONMENT . FACTS)."
  (parameterize ((%derived (make-hash-table)))
    (map solution
         (inner-states world goals (make-frame 'now #f) (make-state '() '() '())))))
