;;; goal.scm -- from data to goals: each form of the language is read here
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic goal)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic window)
  #:use-module (sheepdog logic world)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (read-goals read-expression read-variable variable-datum? variable-text
            %form-names))

;; A scope is an alist from variables as written to those that stand for them: what `fresh' makes
;; local.  COMPLAIN, (datum text hint-or-#f), is told all that is wrong.

(define %form-names
  '("and" "or" "fresh" "conde" "not" "known-not" "during" "at" "span" "lasting" "latest" "glob"
    "of-version" "changed"))

(define %changed '(host relation key old new time))

(define (variable-datum? datum)
  "Is DATUM a variable, ?NAME or _?"
  (and (eq? 'symbol (datum-kind datum))
       (or (eq? '_ (datum-value datum))
           (named? (datum-value datum)))))

(define (variable-text variable)
  "Return VARIABLE, ?NAME, without its question mark."
  (string-drop (symbol->string variable) 1))

(define (read-variable datum scope)
  "Return the variable that DATUM is in SCOPE."
  (let ((name (datum-value datum)))
    (if (eq? name '_)
        (new-variable)
        (or (assq-ref scope name) name))))

(define* (read-expression datum scope complain #:key (aggregates? #f))
  "Return the term that DATUM is; aggregates may stand in it where AGGREGATES? says so."
  (define (read-one datum)
    (cond ((variable-datum? datum) (read-variable datum scope))
          ((not (datum-list? datum)) (make-constant datum #f #f))
          (else
           (match (cons (datum-head datum) (datum-items datum))
             (('ago . _) (read-instant datum read-one complain))
             ((head name . arguments)
              (let ((term (cons head (map read-one arguments))))
                (cond ((not (and head (or (operator? head) (memq head %aggregates))))
                       (complain (if head name datum)
                                 (string-append "expected an expression, got "
                                                (datum->text datum))
                                 (and head
                                      (did-you-mean (symbol->string head)
                                                    (map symbol->string
                                                         (append %operators %aggregates)))))
                       (new-variable))
                      ((and (aggregate? term) (not aggregates?))
                       (complain datum
                                 (format #f "'~a' of one value stands only in heads, having and order-by"
                                         head)
                                 "a rule with it in its head can be asked here")
                       (new-variable))
                      ((arguments-wanted head (length arguments))
                       => (lambda (wanted)
                            (complain datum (format #f "'~a' takes ~a, got ~a" head wanted
                                                    (length arguments))
                                      #f)
                            (new-variable)))
                      (else term))))
             (_ (complain datum "expected an expression, got ()" #f)
                (new-variable))))))
  (read-one datum))

(define (arguments-wanted head given)
  "Return how many arguments the operator or aggregate HEAD takes, in words, unless it may have
GIVEN."
  (define (unless-right right? words)
    (and (not right?) words))
  (match head
    ('count #f)
    ((or 'sum 'mean 'list 'abs 'round) (unless-right (= given 1) "one value"))
    ((or 'argmax 'argmin 'subject '/) (unless-right (= given 2) "two values"))
    (_ (unless-right (>= given 1) "one value or more"))))

;;; Goals

(define (name-list columns)
  (string-join (map symbol->string columns) " "))

(define (check-count datum name names least given complain)
  "Complain unless GIVEN arguments are enough for what takes NAMES, the first LEAST at least."
  (or (<= least given (length names))
      (begin
        (complain datum
                  (format #f "'~a' takes ~a, got ~a" name
                          (if (= least (length names))
                              (plural (length names) "argument")
                              (format #f "~a to ~a arguments" least (length names)))
                          given)
                  (format #f "they are: ~a" (name-list names)))
        #f)))

(define (padded terms count)
  "Return TERMS and as many new variables behind them as make COUNT."
  (append terms (map (lambda (_) (new-variable)) (iota (- count (length terms))))))

(define (read-relation datum world scope complain)
  "Return the goal of DATUM, which names a relation or rule of WORLD."
  (match (datum-items datum)
    ((name . arguments)
     (let* ((word (datum-word name))
            (symbol (and (memq (datum-kind name) '(symbol string)) (string->symbol word)))
            (terms (map (lambda (argument) (read-expression argument scope complain))
                        arguments))
            (given (length terms)))
       (cond ((not symbol)
              (complain name (string-append "expected the name of a relation, got "
                                            (datum->text name))
                        #f)
              (list 'unknown datum terms))
             ((find-rule world symbol)
              => (lambda (rule)
                   (let ((count (rule-arity rule)))
                     (if (= count given)
                         (list 'rule datum rule terms)
                         (begin
                           (complain datum (format #f "'~a' takes ~a, got ~a" word
                                                   (plural count "argument") given)
                                     #f)
                           (list 'unknown datum terms))))))
             ((find-relation world symbol given)
              => (lambda (relation)
                   (if (check-count datum word (map column-name (relation-columns relation))
                                    (relation-keys relation) given complain)
                       (list 'relation datum relation
                             (padded terms (relation-arity relation)))
                       (list 'unknown datum terms))))
             (else
              (complain name (string-append "no relation '" word "'")
                        (did-you-mean word (append (map symbol->string (all-names world))
                                                   %form-names)))
              (list 'unknown datum terms)))))))

(define (read-goals data world scope complain)
  "Return the list of the goals that DATA are, in SCOPE: what `and' and `fresh' hold stands among
the others."
  (append-map (lambda (datum) (read-goal datum world scope complain)) data))

(define (read-goal datum world scope complain)
  "Return the list of the goals that DATUM is."
  (define (goals data) (read-goals data world scope complain))
  (define (expression datum) (read-expression datum scope complain))
  (define (misshapen what)
    (complain datum (string-append "expected " what ", got " (datum->text datum)) #f)
    (list (list 'unknown datum '())))
  (define (compare op arguments)
    (if (or (< (length arguments) 2)
            (and (memq op '(= /=)) (> (length arguments) 2)))
        (misshapen (format #f "(~a A B~a)" op (if (memq op '(= /=)) "" " ...")))
        (list (cons* 'compare datum op (map expression arguments)))))
  (define (variables data)
    (filter-map (lambda (datum)
                  (cond ((and (variable-datum? datum) (not (eq? '_ (datum-value datum))))
                         (datum-value datum))
                        (else
                         (complain datum (string-append "expected a variable, got "
                                                        (datum->text datum))
                                   "such as ?host")
                         #f)))
                data))
  (match (and (datum-list? datum) (datum-items datum))
    (#f (misshapen "a goal"))
    (() (misshapen "a goal"))
    ((head . arguments)
     (match (cons (datum-head datum) arguments)
       (('and . data) (goals data))
       (('or . data) (list (cons* 'or datum (map (lambda (datum) (goals (list datum))) data))))
       (('conde . branches)
        (list (cons* 'or datum
                     (map (lambda (branch)
                            (if (datum-list? branch)
                                (goals (datum-items branch))
                                (begin (complain branch "expected (GOAL ...)" #f) '())))
                          branches))))
       (('fresh (? datum-list? names) . data)
        (read-goals data world
                    (append (map (lambda (name) (cons name (new-variable name)))
                                 (variables (datum-items names)))
                            scope)
                    complain))
       (((or '= '==) . arguments) (compare '= arguments))
       (((or '/= '=/=) . arguments) (compare '/= arguments))
       (((and op (or '< '<= '> '>=)) . arguments) (compare op arguments))
       (((and form (or 'glob 'of-version)) value pattern)
        (list (list form datum (expression value) (expression pattern))))
       (('during window . data)
        (list (list 'during datum (read-window window expression complain) (goals data))))
       (('at time . data)
        (list (list 'at datum (read-instant time expression complain) (goals data))))
       (('span from to data)
        (list (list 'span datum (expression from) (expression to) (goals (list data)))))
       (('lasting duration data)
        (list (list 'lasting datum (expression duration) (goals (list data)))))
       (('latest (? datum-list? keys) data)
        (list (list 'latest datum
                    (map (lambda (name) (or (assq-ref scope name) name))
                         (variables (datum-items keys)))
                    (goals (list data)))))
       (('not . (? pair? data)) (list (list 'not datum (goals data))))
       (('known-not data)
        (list (list 'known-not datum (goals (list data)))))
       (('changed . arguments)
        (if (check-count datum "changed" %changed (length %changed) (length arguments) complain)
            (list (list 'changed datum (map expression arguments)))
            (list (list 'unknown datum (map expression arguments)))))
       (((and form (or 'fresh 'glob 'of-version 'during 'at 'span 'lasting 'latest 'not
                       'known-not))
         . _)
        (misshapen (assq-ref %shapes form)))
       (_ (list (read-relation datum world scope complain)))))))

(define %shapes
  '((fresh . "(fresh (?v ...) GOAL ...)")
    (glob . "(glob VALUE \"PATTERN\")")
    (of-version . "(of-version VERSION \"1.22\")")
    (during . "(during WINDOW GOAL ...)")
    (at . "(at TIME GOAL ...)")
    (span . "(span ?from ?to GOAL)")
    (lasting . "(lasting ?duration GOAL)")
    (latest . "(latest (?k ...) GOAL)")
    (not . "(not GOAL ...)")
    (known-not . "(known-not GOAL)")))
