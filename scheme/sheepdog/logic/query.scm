;;; query.scm -- a question as it was asked: head, goals, order, groups and limit
;;; SPDX-License-Identifier: GPL-3.0-or-later

;;   query = [head] goal... [(order-by key...)] [(having test)] [(limit n)]
;;   head = (item...)   item = expression | (as NAME expression)
;;
;; The clauses behind the goals may stand anywhere behind the head.

(define-module (sheepdog logic query)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic goal)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-11)
  #:export (read-query read-rule
            query? query-items query-goals query-order query-having query-limit
            with-goals map-query bind-query limited
            item-name item-term item-datum
            query-aggregates?))

(define-record-type <query>
  (make-query items goals order having limit)
  query?
  (items query-items)                             ;list of <item>
  (goals query-goals)                             ;list of goals
  (order query-order)                             ;list of (INDEX . descending?)
  (having query-having)                           ;list of goals over aggregates
  (limit query-limit))                            ;integer | #f

(define-record-type <item>
  (make-item name term datum)
  item?
  (name item-name)                                ;symbol: the column of the answers
  (term item-term)
  (datum item-datum))

(define (with-goals query goals)
  "Return QUERY with GOALS instead of its own."
  (make-query (query-items query) goals (query-order query) (query-having query)
              (query-limit query)))

(define (map-query query of-term of-goals)
  "Return QUERY with OF-TERM of the terms and OF-GOALS of the lists of goals in it."
  (make-query (map (lambda (item)
                     (make-item (item-name item) (of-term (item-term item)) (item-datum item)))
                   (query-items query))
              (of-goals (query-goals query))
              (query-order query)
              (of-goals (query-having query))
              (query-limit query)))

(define (limited query limit)
  "Return QUERY with at most LIMIT answers; #f: as many as it says itself."
  (make-query (query-items query) (query-goals query) (query-order query) (query-having query)
              (if (and limit (query-limit query))
                  (min limit (query-limit query))
                  (or limit (query-limit query)))))

(define (bind-query query bindings)
  "Return QUERY with what BINDINGS, an alist from variables to values, say."
  (define (bound name)
    (list 'compare (literal->datum '()) '= name
          (make-constant (literal->datum (assq-ref bindings name)) #f #f)))
  (with-goals query (append (query-goals query) (map bound (map car bindings)))))

(define (query-aggregates? query)
  "Do the answers of QUERY tell of groups?"
  (or (any (lambda (item) (aggregation? (item-term item))) (query-items query))
      (pair? (query-having query))))

;;; Heads

(define (begins-head? datum)
  (or (variable-datum? datum)
      (datum-list? datum)))

(define (head-datum? datum)
  (and (datum-list? datum)
       (match (datum-items datum)
         (() #t)
         ((first . _) (begins-head? first)))))

(define (term-name datum)
  "Return the name, a string, of the column that DATUM gives: max-d of (max ?d)."
  (define (words datum)
    (cond ((datum-list? datum) (append-map words (datum-items datum)))
          ((variable-datum? datum) (list (variable-text (datum-value datum))))
          (else (list (or (datum-word datum) (number->string (datum-value datum)))))))
  (string-join (words datum) "-"))

(define (distinct-names names)
  "Return NAMES, strings, as symbols; what is there already gets a number."
  (let loop ((names names) (done '()))
    (match names
      (() (reverse done))
      ((name . rest)
       (loop rest
             (cons (let try ((n 2) (symbol (string->symbol name)))
                     (if (memq symbol done)
                         (try (+ n 1) (string->symbol (format #f "~a-~a" name n)))
                         symbol))
                   done))))))

(define (read-items data scope complain)
  (define (expression datum)
    (if (and (variable-datum? datum) (eq? '_ (datum-value datum)))
        (begin (complain datum "'_' is any value: a head wants one with a name" #f)
               (new-variable))
        (read-expression datum scope complain #:aggregates? #t)))
  (let* ((pairs (map (lambda (datum)
                       (match (datum-items datum)
                         (((= datum-value 'as) name inner)
                          (unless (memq (datum-kind name) '(symbol string))
                            (complain name "expected a name" "(as name ?x)"))
                          (cons (or (datum-word name) "_") inner))
                         (_ (cons (term-name datum) datum))))
                     data))
         (names (distinct-names (map car pairs))))
    (map (match-lambda* ((name (_ . datum)) (make-item name (expression datum) datum)))
         names pairs)))

(define (mentioned goals)
  "Return the variables with names that GOALS bind, in the order in which they are mentioned: those
of `not' are none."
  (filter named-variable?
          (delete-duplicates
           (append-map (match-lambda
                         (((or 'not 'known-not) . _) '())
                         (('or _ . branches)
                          (append-map mentioned branches))
                         (('during _ (from . to) goals)
                          (mentioned goals))
                         (('at _ time goals)
                          (mentioned goals))
                         (goal (goal-variables goal)))
                       goals)
           eq?)))

(define (named-variable? variable)
  ;; those that `fresh' and `_' make are not interned
  (and (named? variable)
       (eq? variable (string->symbol (symbol->string variable)))))

;;; Clauses

(define (read-key datum items complain)
  "Return (INDEX . DESCENDING?) of DATUM, a key of order-by: INDEX is that of an item, from 0."
  (define (what datum)
    (let ((n (datum-value datum)))
      (cond ((exact-integer? n)
             (unless (<= 1 n (length items))
               (complain datum (format #f "the head has no item ~a" n)
                         (format #f "items are numbered from 1 to ~a" (length items))))
             (max 0 (min (- n 1) (- (length items) 1))))
            ((and (symbol? n)
                  (list-index (lambda (item)
                                (or (eq? n (item-name item)) (eq? n (item-term item))))
                              items)))
            ((list-index (lambda (item)
                           (string=? (datum->string datum) (datum->string (item-datum item))))
                         items))
            (else
             (complain datum (string-append (datum->text datum) " is no item of the head")
                       "order-by wants the number, the variable or the name of an item")
             0))))
  (match (datum-items datum)
    (((= datum-value (and way (or 'desc 'asc))) key) (cons (what key) (eq? way 'desc)))
    (_ (cons (what datum) #f))))

(define (read-test datum items scope complain)
  "Return the goals that DATUM, the test of `having', is: comparisons, and, or and not of them."
  (define (expression datum)
    (or (and (eq? 'symbol (datum-kind datum))
             (and=> (find (lambda (item) (eq? (datum-value datum) (item-name item))) items)
                    item-term))
        (read-expression datum scope complain #:aggregates? #t)))
  (define (test datum)
    (match (cons (datum-head datum) (datum-items datum))
      (('and _ . tests) (append-map test tests))
      (('or _ . tests) (list (cons* 'or datum (map test tests))))
      (('not _ . tests) (list (list 'not datum (append-map test tests))))
      (((and op (or '= '/= '< '<= '> '>=)) _ a b . rest)
       (list (cons* 'compare datum op (map expression (cons* a b rest)))))
      (_ (complain datum (string-append "expected a test, got " (datum->text datum))
                   "such as (> (count) 3)")
         '())))
  (test datum))

(define (clause? datum)
  (memq (datum-head datum) '(order-by having limit)))

(define (one-list data)
  "Return DATA, or what is in it where it is one whole query in parentheses."
  (match data
    ((datum)
     (match (datum-items datum)
       (((? datum-list?) . _) (datum-items datum))
       (_ data)))
    (_ data)))

(define (read-query data world complain)
  "Return the <query> that DATA, a list of <datum>, ask of WORLD; errors are told by COMPLAIN."
  (let*-values (((head rest) (match (one-list data)
                               (((? head-datum? head) . rest) (values head rest))
                               (data (values #f data))))
                ((clauses goal-data) (partition clause? rest)))
    (let* ((goals (read-goals goal-data world '() complain))
           (items (if head
                      (read-items (datum-items head) '() complain)
                      (let ((variables (mentioned goals)))
                        (map (lambda (variable name)
                               (make-item name variable (first goal-data)))
                             variables
                             (distinct-names (map variable-text variables)))))))
      (define (clause name)
        (match (filter (lambda (datum) (eq? name (datum-head datum))) clauses)
          (() #f)
          ((datum) datum)
          ((_ second . _)
           (complain second (format #f "a second '~a'" name) #f)
           second)))
      (define (arguments name)
        (let ((datum (clause name)))
          (if datum (cdr (datum-items datum)) '())))
      (when (null? goal-data)
        (complain (or head (literal->datum '())) "a question wants a goal"
                  "such as (host ?host)"))
      (make-query items goals
                  (map (lambda (datum) (read-key datum items complain))
                       (arguments 'order-by))
                  (append-map (lambda (datum) (read-test datum items '() complain))
                              (arguments 'having))
                  (match (clause 'limit)
                    (#f #f)
                    (datum
                     (match (map datum-value (cdr (datum-items datum)))
                       (((? exact-integer? (? positive? n))) n)
                       (_ (complain datum "'limit' wants a number from 1 on" #f) #f))))))))

;;; Rules

(define (read-rule datum complain)
  "Return the <rule> that DATUM, (define-relation (NAME ?V ...) [\"DOC\"] GOAL ...), defines, or
#f after a complaint."
  (define (wrong datum text hint)
    (complain datum text hint)
    #f)
  (match (datum-items datum)
    ((_ (? datum-list? head) . rest)
     (match (datum-items head)
       ((name . arguments)
        (let-values (((doc goals)
                      (match rest
                        (((and doc (= datum-kind 'string)) . goals)
                         (values (datum-value doc) goals))
                        (goals (values "" goals)))))
          (cond ((not (and (eq? 'symbol (datum-kind name))
                           (rule-name? (symbol->string (datum-value name)))))
                 (wrong name (string-append (datum->text name) " is no name of a rule")
                        "a-z, 0-9 and -, perhaps a * at the end; 40 characters at most"))
                ((member (symbol->string (datum-value name)) %form-names)
                 (wrong name (format #f "'~a' is a form of the language" (datum-value name))
                        "another name"))
                ((find (negate argument?) arguments)
                 => (lambda (argument)
                      (wrong argument (string-append "expected a variable, got "
                                                     (datum->text argument))
                             "such as ?host, or an aggregate such as (mean ?d)")))
                ((null? goals) (wrong datum "a rule wants a goal" #f))
                (else (make-rule (datum-value name) arguments doc goals)))))
       (() (wrong head "expected (NAME ?VARIABLE ...)" #f))))
    (_ (wrong datum "expected (define-relation (NAME ?VARIABLE ...) GOAL ...)" #f))))

(define (argument? datum)
  (or (and (variable-datum? datum) (not (eq? '_ (datum-value datum))))
      (and (datum-head datum) (memq (datum-head datum) %aggregates) #t)))

(define (rule-name? text)
  (and (<= 1 (string-length text) 40)
       (char<=? #\a (string-ref text 0) #\z)
       (string-every (lambda (c)
                       (or (char<=? #\a c #\z) (char<=? #\0 c #\9) (char=? c #\-)))
                     (if (string-suffix? "*" text) (string-drop-right text 1) text))))
