;;; alternatives.scm -- a query's goals as ways of being true, each a list of literals without `or'
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A literal is a goal in a frame, its context: now, an instant or a window.  Goals of one `during'
;; have one frame object in common.  What `span' and `lasting' measure is a group of literals.

(define-module (oracle alternatives)
  #:use-module (oracle value)
  #:use-module (oracle world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (make-frame frame-kind frame-datum
            literal-goal literal-frame literal-groups
            alternatives clause-alternatives relation-of-its-own?
            unknown? variables named-variables aggregate? has-aggregate?))

(define-record-type <frame>
  (make-frame kind datum)
  frame?
  (kind frame-kind)                               ;now at during
  (datum frame-datum))                            ;the instant or window as written | #f

(define-record-type <literal>
  (make-literal goal frame groups)
  literal?
  (goal literal-goal)                             ;datum
  (frame literal-frame)
  (groups literal-groups))                        ;list of symbols

(define (unknown? x)
  (and (symbol? x) (string-prefix? "?" (symbol->string x))))

(define (variables datum)
  "Return the variables of DATUM in the order in which they appear."
  (match datum
    ((? unknown?) (list datum))
    (('quote _) '())
    ((a . b) (delete-duplicates (append (variables a) (variables b))))
    (_ '())))

(define (named-variables goals)
  "Return the variables that GOALS give: not those that are only denied, or local."
  (define (given goal)
    (match goal
      (((or 'not 'known-not) . _) '())
      (('fresh locals . goals)
       (lset-difference eq? (named-variables goals) (map marked locals)))
      (((or 'and 'or) . goals) (named-variables goals))
      (('conde . branches) (append-map named-variables branches))
      (((or 'during 'at) _ . goals) (named-variables goals))
      (_ (variables goal))))
  (delete-duplicates (append-map given goals)))

(define (aggregate? word)
  (memq word '(count sum mean list argmax argmin)))

(define (has-aggregate? item)
  "Does ITEM of a head have an aggregate in it?  `max' and `min' of one thing are."
  (match item
    (('as _ e) (has-aggregate? e))
    (('desc e) (has-aggregate? e))
    (('quote _) #f)
    (((or 'max 'min) _) #t)
    (((? aggregate?) . _) #t)
    ((_ . arguments) (any has-aggregate? arguments))
    (_ #f)))

(define (marked name)
  "Return NAME as a variable."
  (if (unknown? name) name (symbol-append '? name)))

(define (substitute datum alist)
  "Replace what ALIST has names for in DATUM."
  (match datum
    (('quote _) datum)
    ((a . b) (cons (substitute a alist) (substitute b alist)))
    (_ (match (assq datum alist)
         ((_ . new) new)
         (#f datum)))))

(define (renamed datum names)
  "Return DATUM with new variables in the place of NAMES."
  (substitute datum (map (lambda (name) (cons name (gensym "?"))) names)))


;;; Rules.

(define (goals-called goals)
  "Return the first words of all GOALS, those inside of forms too."
  (append-map (match-lambda
                (((? symbol? word) . rest)
                 (cons word (goals-called (filter pair? rest))))
                ((goals ...) (goals-called (filter pair? goals)))
                (_ '()))
              goals))

(define (reaches? world from to seen)
  "Does a rule FROM call TO, itself or through others but SEEN?"
  (any (lambda (word)
         (or (eq? word to)
             (and (not (memq word seen))
                  (reaches? world word to (cons word seen)))))
       (append-map (match-lambda ((_ . goals) (goals-called goals)))
                   (rule-clauses world from))))

(define (relation-of-its-own? world name)
  "Does the rule NAME call itself, or has it aggregates in its head?"
  (or (reaches? world name name '())
      (any (match-lambda ((parameters . _) (any has-aggregate? parameters)))
           (rule-clauses world name))))

(define (written-out clause arguments)
  "Return the goals of CLAUSE, (PARAMETERS GOAL ...), called with ARGUMENTS."
  (match clause
    ((parameters . goals)
     (let* ((given (map (lambda (a) (if (eq? a '_) (gensym "?") a)) arguments))
            (locals (lset-difference eq? (variables goals) parameters)))
       (substitute (renamed goals locals)
                   (map cons parameters given))))))


;;; The alternatives.

(define (product lists)
  "Return all ways to choose one of each of LISTS, whose members are lists, appended."
  (fold-right (lambda (choices rest)
                (append-map (lambda (choice)
                              (map (lambda (more) (append choice more)) rest))
                            choices))
              '(())
              lists))

(define* (alternatives world goals frame #:optional (groups '()))
  "Return the ways in which GOALS can be true in FRAME, each a list of literals.  They belong to
GROUPS."
  (define (all goals) (alternatives world goals frame groups))
  (define (itself goal) (list (list (make-literal goal frame groups))))
  (define (measured bind goal)
    (let ((group (gensym "group")))
      (map (lambda (literals)
             (append literals (list (make-literal (bind group) frame groups))))
           (alternatives world (list goal) frame (cons group groups)))))
  (define (ways goal)
    (match goal
      (('and . goals) (all goals))
      (('or . goals) (append-map (lambda (goal) (all (list goal))) goals))
      (('conde . branches) (append-map all branches))
      (('fresh names . goals) (all (renamed goals (map marked names))))
      (('during window . goals)
       (alternatives world goals (make-frame 'during window) groups))
      (('at time . goals)
       (alternatives world goals (make-frame 'at time) groups))
      (('span from to goal) (measured (lambda (group) `(%span ,group ,from ,to)) goal))
      (('lasting d goal) (measured (lambda (group) `(%lasting ,group ,d)) goal))
      ((name . arguments)
       (match (rule-clauses world name)
         (() (itself goal))
         (clauses (if (relation-of-its-own? world name)
                      (itself goal)
                      (append-map (lambda (clause) (all (written-out clause arguments)))
                                  clauses)))))))
  (product (map ways goals)))

(define (clause-alternatives world clause frame)
  "Return the parameters of CLAUSE, a rule's, and the alternatives of its goals in FRAME."
  (match clause
    ((parameters . goals)
     (values parameters (alternatives world goals frame)))))
