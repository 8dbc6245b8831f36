;;; asking.scm -- questions and rules written as Scheme
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Identifiers that `run*', `query', `define-relation' and `fresh' bind are variables, and ?NAME is one
;; everywhere.  The first word of a goal is a relation or a form, a list that begins with an
;; operator an expression of the question; all else is Scheme, whose value is put in.

(define-module (sheepdog asking)
  #:export (run* run query define-relation ask explain why
            questions-go-to! define-rule-form!))

;; What answers is loaded when it is asked for the first time: plugins have these words, and most
;; never ask.

(define %file #f)                                 ;string: the database | #f

(define (questions-go-to! file)
  "Let questions be asked of the database FILE from now on; #f: of none."
  (set! %file file))

(define (ask question . options)
  "Return the answers to QUESTION, a list of lists: text, numbers, times and durations in ms; `open'
is the end of what still holds.  QUESTION is data, as ((?host) (host ?host)), or text, as on the
command line.  #:at T, ms or text, asks as if now were that time; #:limit N is how many at most.
Raise `bad-question', or `too-long' after 5 s."
  (apply (@ (sheepdog ask) ask-file) %file question options))

(define (explain question . options)
  "Print how QUESTION would be answered: the order of its goals, the SQL, and SQLite's plan."
  (apply (@ (sheepdog ask) explain-file) %file question options))

(define (why question . options)
  "Print what each answer to QUESTION rests on, since when, and the messages that said so; an answer, a
list of values, may follow: that one only."
  (apply (@ (sheepdog ask) why-file) %file question options))

(define (define-rule-form! form)
  "Define the rule that FORM, data, is."
  ((@ (sheepdog ask) define-rule!) form))

(eval-when (expand load eval)
  (define %expressions
    '(+ - * / min max abs round subject count sum mean list argmax argmin as ago last since
      between on desc asc))

  (define %words '(now always today yesterday _))

  (define (named-variable? symbol)
    (let ((text (symbol->string symbol)))
      (and (> (string-length text) 1)
           (char=? #\? (string-ref text 0)))))

  (define (as-variable identifier)
    "Return the symbol ?NAME for IDENTIFIER, NAME or ?NAME."
    (let ((symbol (syntax->datum identifier)))
      (if (named-variable? symbol)
          symbol
          (string->symbol (string-append "?" (symbol->string symbol))))))

  (define (bound? identifier bound)
    (or-map (lambda (other) (bound-identifier=? identifier other)) bound))

  (define (quoted datum)
    #`(quote #,(datum->syntax #'here datum)))

  (define (term->scheme term bound)
    "Return the Scheme expression whose value is the data of TERM; BOUND lists identifiers."
    (syntax-case term ()
      (name (identifier? #'name)
            (let ((symbol (syntax->datum #'name)))
              (cond ((bound? #'name bound) (quoted (as-variable #'name)))
                    ((or (named-variable? symbol) (memq symbol %words)) (quoted symbol))
                    (else #'name))))
      ((head term ...)
       (and (identifier? #'head) (memq (syntax->datum #'head) %expressions))
       #`(list (quote head) #,@(terms #'(term ...) bound)))
      (value #'value)))

  (define (terms all bound)
    (map (lambda (term) (term->scheme term bound)) (syntax->list* all)))

  (define (syntax->list* all)
    (syntax-case all ()
      (() '())
      ((first . rest) (cons #'first (syntax->list* #'rest)))))

  (define (goals all bound)
    (map (lambda (goal) (goal->scheme goal bound)) (syntax->list* all)))

  (define (variables names bound)
    (map (lambda (name)
           (unless (identifier? name)
             (syntax-violation 'fresh "expected a variable" name))
           (quoted (as-variable name)))
         (syntax->list* names)))

  (define (goal->scheme goal bound)
    "Return the Scheme expression whose value is the data of GOAL."
    (syntax-case goal ()
      ((head . rest)
       (identifier? #'head)
       (case (syntax->datum #'head)
         ((and or not known-not)
          #`(list (quote head) #,@(goals #'rest bound)))
         ((conde)
          #`(list 'conde #,@(map (lambda (branch) #`(list #,@(goals branch bound)))
                                 (syntax->list* #'rest))))
         ((fresh)
          (syntax-case #'rest ()
            ((names goal ...)
             (let ((bound (append (syntax->list* #'names) bound)))
               #`(list 'fresh (list #,@(variables #'names bound))
                       #,@(goals #'(goal ...) bound))))))
         ((latest)
          (syntax-case #'rest ()
            ((names goal)
             #`(list 'latest (list #,@(variables #'names bound))
                     #,(goal->scheme #'goal bound)))))
         ((during at lasting)
          (syntax-case #'rest ()
            ((term goal ...)
             #`(list (quote head) #,(term->scheme #'term bound) #,@(goals #'(goal ...) bound)))))
         ((span)
          (syntax-case #'rest ()
            ((from to goal)
             #`(list 'span #,(term->scheme #'from bound) #,(term->scheme #'to bound)
                     #,(goal->scheme #'goal bound)))))
         ((order-by limit)
          #`(list (quote head) #,@(terms #'rest bound)))
         ((having)
          #`(list 'having #,@(goals #'rest bound)))
         (else
          #`(list (quote head) #,@(terms #'rest bound)))))
      (_ (syntax-violation 'query "expected a goal, (RELATION ARGUMENT ...)" goal))))

  (define (head-identifiers head)
    "Return the identifiers of HEAD, the list of a head's items, that are variables in it."
    (filter-identifiers (syntax->list* head)))

  (define (filter-identifiers items)
    (append-map*
     (lambda (item)
       (syntax-case item ()
         (name (identifier? #'name) (list #'name))
         ((operator item ...)
          (identifier? #'operator)
          (filter-identifiers (if (eq? 'as (syntax->datum #'operator))
                                  (cdr (syntax->list* #'(item ...)))
                                  (syntax->list* #'(item ...)))))
         (_ '())))
     items))

  (define (append-map* proc items)
    (apply append (map proc items)))

  (define (item->scheme item bound)
    (syntax-case item (as)
      ((as name term)
       #`(list 'as (quote name) #,(term->scheme #'term bound)))
      (term (term->scheme #'term bound)))))

(define-syntax query
  (lambda (form)
    "(query (V ...) GOAL ...): the question as data, unasked."
    (syntax-case form ()
      ((_ head goal ...)
       (let ((bound (head-identifiers #'head)))
         #`(list (list #,@(map (lambda (item) (item->scheme item bound))
                               (syntax->list* #'head)))
                 #,@(goals #'(goal ...) bound)))))))

(define-syntax-rule (run* head goal ...)
  "(run* (V ...) GOAL ...): the answers, a list of lists."
  (ask (query head goal ...)))

(define-syntax-rule (run n head goal ...)
  "(run N (V ...) GOAL ...): at most N answers."
  (ask (query head goal ...) #:limit n))

(define-syntax define-relation
  (lambda (form)
    "(define-relation (NAME V ...) [\"DOC\"] GOAL ...): a rule; one of that name is replaced."
    (syntax-case form ()
      ((_ (name argument ...) doc goal ...)
       (string? (syntax->datum #'doc))
       #'(define-relation* (name argument ...) (doc) goal ...))
      ((_ (name argument ...) goal ...)
       #'(define-relation* (name argument ...) () goal ...)))))

(define-syntax define-relation*
  (lambda (form)
    (syntax-case form ()
      ((_ (name argument ...) (doc ...) goal ...)
       (let ((bound (head-identifiers #'(argument ...))))
         #`(define-rule-form!
             (list 'define-relation
                   (list 'name #,@(map (lambda (item) (item->scheme item bound))
                                       (syntax->list* #'(argument ...))))
                   doc ...
                   #,@(goals #'(goal ...) bound))))))))
