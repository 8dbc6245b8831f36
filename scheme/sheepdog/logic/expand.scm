;;; expand.scm -- rules become their bodies, and `or' becomes alternatives
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic expand)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic goal)
  #:use-module (sheepdog logic query)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (expand-goals rule-body rule-parts rule-stays? rule-circle self-call self-calls
            alternatives bound-variables))


;;; Rules

(define (words data)
  "Return the symbols that begin a list anywhere in DATA."
  (append-map (lambda (datum)
                (if (datum-list? datum)
                    (append (if (datum-head datum) (list (datum-head datum)) '())
                            (words (datum-items datum)))
                    '()))
              data))

(define (reaches? world rule name)
  "Does RULE, by its goals and the rules in them, come to the rule NAME, a symbol?"
  (and (memq name (all-words world rule)) #t))

(define (rule-stays? world rule)
  "Is RULE one that cannot be replaced by its body: recursive, or with aggregates in its head?"
  (or (any datum-list? (rule-arguments rule))
      (reaches? world rule (rule-name rule))))

(define (rule-circle world rule)
  "Return the rules of WORLD that RULE comes to and that come to it, RULE itself the first; () when
it does not call itself."
  (if (reaches? world rule (rule-name rule))
      (cons rule
            (filter (lambda (other)
                      (and (not (eq? other rule))
                           (reaches? world other (rule-name rule))))
                    (filter-map (lambda (word) (find-rule world word)) (all-words world rule))))
      '()))

(define (all-words world rule)
  "Return the words that begin a list in RULE, or in a rule that it comes to, each once."
  (let search ((waiting (words (rule-goals rule))) (seen '()))
    (match waiting
      (() seen)
      ((word . rest)
       (if (memq word seen)
           (search rest seen)
           (search (append (match (find-rule world word)
                             (#f '())
                             (rule (words (rule-goals rule))))
                           rest)
                   (cons word seen)))))))

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

(define (rule-parts world rule complain)
  "Return the arguments of RULE, terms, and its goals, both as they are written."
  (values (map (lambda (datum) (read-expression datum '() complain #:aggregates? #t))
               (rule-arguments rule))
          (read-goals (rule-goals rule) world '() complain)))

(define (rule-body world rule terms complain)
  "Return the goals that RULE is for the arguments TERMS; all other variables are new."
  (let loop ((arguments (rule-arguments rule)) (terms terms) (alist '()) (equal '()))
    (match arguments
      (()
       (rename-goals (append (read-goals (rule-goals rule) world '() complain)
                             (map (match-lambda
                                    ((datum a b) (list 'compare datum '= a b)))
                                  equal))
                     alist))
      ((argument . rest)
       (let ((variable (datum-value argument)))
         (if (assq variable alist)
             (loop rest (cdr terms) alist
                   (cons (list argument variable (car terms)) equal))
             (loop rest (cdr terms) (acons variable (car terms) alist) equal)))))))

(define (expand-goals goals world complain)
  "Return GOALS with each rule of WORLD replaced by its body, but for those that stay."
  (define (expand-all goals) (expand-goals goals world complain))
  (append-map
   (lambda (goal)
     (match goal
       (('rule datum rule terms)
        (if (rule-stays? world rule)
            (list goal)
            (expand-all (rule-body world rule terms complain))))
       (('or datum . branches) (list (cons* 'or datum (map expand-all branches))))
       (((and form (or 'not 'known-not)) datum goals) (list (list form datum (expand-all goals))))
       (((and form (or 'during 'at 'lasting 'latest)) datum what goals)
        (list (list form datum what (expand-all goals))))
       (('span datum from to goals) (list (list 'span datum from to (expand-all goals))))
       (_ (list goal))))
   goals))


;;; What goals bind

(define* (bound-variables goals bound #:key (or? #t))
  "Return BOUND, a list of variables, and those that GOALS bind when these are known; without OR?
what only an `or' binds does not count."
  (define (all-bound? term bound)
    (every (lambda (variable) (memq variable bound)) (term-variables term)))
  (define (add variables bound)
    (lset-union eq? bound variables))
  (define (of-terms terms bound)
    (add (filter variable-term? terms) bound))
  (define (one goal bound)
    (match goal
      (((or 'relation 'rule) _ _ terms) (of-terms terms bound))
      (((or 'changed 'unknown) _ terms) (of-terms terms bound))
      (('compare _ '= a b)
       (cond ((and (variable-term? a) (all-bound? b bound)) (add (list a) bound))
             ((and (variable-term? b) (all-bound? a bound)) (add (list b) bound))
             (else bound)))
      (('or _ . branches)
       (let ((all (map (lambda (branch) (bound-variables branch bound #:or? or?)) branches)))
         (if (or (null? all) (not or?)) bound (add (apply lset-intersection eq? all) bound))))
      (((or 'during 'at) _ _ goals) (bound-variables goals bound #:or? or?))
      (('span _ from to goals) (of-terms (list from to) (bound-variables goals bound #:or? or?)))
      (('lasting _ term goals) (of-terms (list term) (bound-variables goals bound #:or? or?)))
      (('latest _ _ goals . _) (bound-variables goals bound #:or? or?))
      (_ bound)))
  (let again ((bound bound))
    (let ((more (fold one bound goals)))
      (if (= (length more) (length bound))
          bound
          (again more)))))


;;; Alternatives

(define %most-alternatives 400)                   ;SELECTs in one statement; SQLite has 500

(define* (alternatives goals complain #:key (bound '()) (used '()) (shared? #f) (all? #f))
  "Return the list of the alternatives, lists of goals without any `or' that binds a variable or
has a part in a common span, of which one must hold for GOALS to hold.  BOUND are the variables
that are known from outside, USED those that are used there; SHARED? says whether all GOALS have
an instant in common, ALL? that no `or' is to be left, whatever it is for."
  (define (product lists)
    ;; each element of the first, appended to each of the others
    (fold-right (lambda (one all)
                  (append-map (lambda (a) (map (lambda (b) (append a b)) all)) one))
                '(())
                lists))
  (define (split goals shared? bound used)
    ;; SHARED?: does a common span make them depend on each other?
    (product
     (map (lambda (goal)
            (let ((others (delq goal goals)))
              (one goal shared?
                   (bound-variables others bound #:or? #f)
                   (append (goals-variables others) used))))
          goals)))
  (define (test? goal bound used)
    ;; Does GOAL bind nothing that anybody else uses?
    (every (lambda (variable)
             (or (memq variable bound) (not (memq variable used))))
           (goal-variables goal)))
  (define (one goal shared? bound used)
    (define (wrapped goals shared? . fields)
      ;; FIELDS: of the form around them; a list of goals takes the place of 'goals
      (map (lambda (goals)
             (list (map (lambda (field) (if (eq? field 'goals) goals field)) fields)))
           (split goals shared? bound used)))
    (match goal
      (('or datum . branches)
       (if (and (not all?) (not shared?) (test? goal bound used))
           (list (list goal))
           (append-map (lambda (branch) (split branch shared? bound used)) branches)))
      (('during datum window goals)
       (wrapped goals (pair? (cdr goals)) 'during datum window 'goals))
      (('at datum time goals) (wrapped goals shared? 'at datum time 'goals))
      (('span datum from to goals) (wrapped goals #t 'span datum from to 'goals))
      (('lasting datum term goals) (wrapped goals #t 'lasting datum term 'goals))
      (('latest datum keys goals) (wrapped goals #t 'latest datum keys 'goals goals))
      (_ (list (list goal)))))
  (let ((all (split goals shared? bound used)))
    (cond ((<= (length all) %most-alternatives) all)
          (else
           (complain (second (first goals))
                     (format #f "this question has ~a, that is too many"
                             (plural (length all) "alternative"))
                     (format #f "at most ~a" %most-alternatives))
           (take all 1)))))
