;;; term.scm -- what stands in the arguments of goals: variables, constants, expressions
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A term is a variable (a symbol), a <constant>, or an expression (OPERATOR TERM ...), as
;; (+ ?a <constant>), (count), (argmax ?d ?host).
;;
;; A goal is one of these lists; DATUM is where it was written, for errors:
;;
;;   (relation DATUM RELATION TERMS)            a <relation>, a term for each of its columns
;;   (rule DATUM RULE TERMS)
;;   (changed DATUM TERMS)
;;   (unknown DATUM TERMS)                      it was complained of; binds its variables
;;   (compare DATUM OPERATOR TERM TERM ...)     = /= < <= > >=
;;   (glob DATUM TERM TERM)  (of-version DATUM TERM TERM)
;;   (or DATUM GOALS ...)  (not DATUM GOALS)  (known-not DATUM GOALS)
;;   (during DATUM (FROM . TO) GOALS)           terms, #f: no limit
;;   (at DATUM TERM GOALS)
;;   (span DATUM FROM TO GOALS)  (lasting DATUM TERM GOALS)
;;   (latest DATUM VARIABLES GOALS)             after `alternatives' a further field, ALL: the goals
;;                                              of all alternatives, of which GOALS are one

(define-module (sheepdog logic term)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (make-constant constant? constant-datum constant-type constant-value
            variable-term? named? new-variable operator? aggregate? aggregation? %operators
            %aggregates
            term-variables goal-variables goals-variables map-terms rename-goals))

(define-record-type <constant>
  (make-constant datum type value)
  constant?
  (datum constant-datum)                          ;<datum>
  (type constant-type)                            ;as of (sheepdog logic type); #f: not known yet
  (value constant-value))                         ;string | number | now -> ms; #f with no type

(define variable-term? symbol?)

(define (named? symbol)
  "Is SYMBOL written as a variable with a name, ?NAME?"
  (let ((text (symbol->string symbol)))
    (and (> (string-length text) 1)
         (char=? #\? (string-ref text 0)))))

(define* (new-variable #:optional (like '_))
  "Return a variable that is like no other, named as LIKE."
  (make-symbol (symbol->string like)))

(define %operators '(+ - * / min max abs round subject))
(define %aggregates '(count sum mean min max list argmax argmin))

(define (operator? name) (memq name %operators))

(define (aggregate? term)
  "Is TERM an aggregate itself?  `min' and `max' are with one argument."
  (match term
    (((or 'min 'max) _) #t)
    (((or 'min 'max) . _) #f)
    ((name . _) (and (memq name %aggregates) #t))
    (_ #f)))

(define (aggregation? term)
  "Is there an aggregate in TERM?"
  (or (aggregate? term)
      (and (pair? term) (any aggregation? (cdr term)))))

(define (term-variables term)
  "Return the variables of TERM, each once, in order."
  (delete-duplicates
   (let collect ((term term))
     (cond ((variable-term? term) (list term))
           ((pair? term) (append-map collect (cdr term)))
           (else '())))
   eq?))

(define (variables-of terms)
  (append-map term-variables (filter identity terms)))

(define (goal-variables goal)
  "Return the variables of GOAL, each once, in order."
  (delete-duplicates
   (match goal
     (((or 'relation 'rule) _ _ terms) (variables-of terms))
     (((or 'changed 'unknown) _ terms) (variables-of terms))
     (('compare _ _ . terms) (variables-of terms))
     (((or 'glob 'of-version) _ a b) (variables-of (list a b)))
     (('or _ . branches) (append-map goals-variables branches))
     (((or 'not 'known-not) _ goals) (goals-variables goals))
     (('during _ (from . to) goals)
      (append (variables-of (list from to)) (goals-variables goals)))
     (('at _ time goals) (append (variables-of (list time)) (goals-variables goals)))
     (('span _ from to goals) (append (variables-of (list from to)) (goals-variables goals)))
     (('lasting _ term goals) (append (variables-of (list term)) (goals-variables goals)))
     (('latest _ keys goals . _) (append keys (goals-variables goals))))
   eq?))

(define (goals-variables goals)
  (delete-duplicates (append-map goal-variables goals) eq?))

(define (map-terms proc goal)
  "Return GOAL with (PROC TERM) for each of its terms; PROC gets whole terms."
  (define (terms list) (map proc list))
  (define (goals list) (map (lambda (goal) (map-terms proc goal)) list))
  (define (maybe term) (and term (proc term)))
  (match goal
    (((and kind (or 'relation 'rule)) datum what args) (list kind datum what (terms args)))
    (((and kind (or 'changed 'unknown)) datum args) (list kind datum (terms args)))
    (('compare datum op . args) (cons* 'compare datum op (terms args)))
    (((and kind (or 'glob 'of-version)) datum a b) (list kind datum (proc a) (proc b)))
    (('or datum . branches) (cons* 'or datum (map goals branches)))
    (((and kind (or 'not 'known-not)) datum body) (list kind datum (goals body)))
    (('during datum (from . to) body)
     (list 'during datum (cons (maybe from) (maybe to)) (goals body)))
    (('at datum time body) (list 'at datum (proc time) (goals body)))
    (('span datum from to body) (list 'span datum (proc from) (proc to) (goals body)))
    (('lasting datum term body) (list 'lasting datum (proc term) (goals body)))
    (('latest datum keys . bodies)
     ;; A key that has become a constant is one of those that are matched anyway.
     (cons* 'latest datum (filter variable-term? (terms keys)) (map goals bodies)))))

(define (substitute term alist)
  (cond ((variable-term? term) (let ((found (assq term alist))) (if found (cdr found) term)))
        ((pair? term) (cons (car term) (map (lambda (t) (substitute t alist)) (cdr term))))
        (else term)))

(define (rename-goals goals alist)
  "Return GOALS with each variable of ALIST replaced by its term, and all others by new ones."
  (let ((alist (append alist
                       (map (lambda (variable) (cons variable (new-variable variable)))
                            (remove (lambda (variable) (assq variable alist))
                                    (goals-variables goals))))))
    (map (lambda (goal)
           (map-terms (lambda (term) (substitute term alist)) goal))
         goals)))
