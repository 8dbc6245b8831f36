;;; proof.scm -- why an answer is one: a tree of what held, since when, and the messages that said so
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog proof)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic infer)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic type)
  #:use-module (sheepdog logic why)
  #:use-module (sheepdog logic world)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog core)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (prove
            step-kind step-name step-arguments step-from step-to step-message step-steps
            step-text step-heard
            argument-value argument-type))

;; A step is one of these, by its kind:
;;   fact    NAME of ARGUMENTS holds FROM TO (an event: both its time), begun by MESSAGE
;;   live    NAME of ARGUMENTS is what a machine said just now
;;   rule    NAME of ARGUMENTS follows of STEPS
;;   absent  there is nothing in TEXT; HEARD says of its hosts when these were last heard
;;   more    there are more such facts than these
;;   deep    it holds, but the way is longer than we go
(define-record-type <step>
  (make-step kind name arguments from to message steps text heard)
  step?
  (kind step-kind)                                ;symbol, see above
  (name step-name)                                ;symbol | #f
  (arguments step-arguments)                      ;list of <argument>
  (from step-from)                                ;ms | #f
  (to step-to)                                    ;ms | open | #f
  (message step-message)                          ;number of a message | #f: none, our own doing
  (steps step-steps)                              ;list of <step>
  (text step-text)                                ;string | #f
  (heard step-heard))                             ;list of (HOST . ms-or-#f)

(define-record-type <argument>
  (make-argument value type)
  argument?
  (value argument-value)                          ;string, number, `open' | #f: any
  (type argument-type))                           ;as of (sheepdog logic type)

(define* (step kind #:key name (arguments '()) from to message (steps '()) text (heard '()))
  (make-step kind name arguments from to message steps text heard))

(define %open-end 9223372036854775807)
(define %most-facts 5)                            ;shown of a group
(define %deepest 16)                              ;calls of a rule by itself that are followed

(define (ended t)
  (if (eqv? t %open-end) 'open t))


;;; What one row says

;; A row of a <way>, taken apart.
(define-record-type <row>
  (make-row values facts placed types now)
  row?
  (values row-values)                             ;variable -> value, an alist
  (facts row-facts)                               ;datum -> (RELATION T0 T1 EVENT), an alist
  (placed row-placed)                             ;datum -> (GOAL CONTEXT), an alist
  (types row-types)
  (now row-now))                                  ;ms

(define (read-row vector way types now)
  (call-with-values
      (lambda () (split-at (vector->list vector) (length (way-variables way))))
    (lambda (values spans)
      (make-row (map cons (way-variables way) values)
                (let loop ((facts (way-facts way)) (spans spans))
                  (match facts
                    (() '())
                    ((fact . rest)
                     (cons (cons* (fact-datum fact) (fact-relation fact) (take spans 3))
                           (loop rest (drop spans 3))))))
                (way-placed way)
                types
                now))))

(define (term->value term row)
  "Return the value that TERM has in ROW, or #f: any."
  (cond ((variable-term? term) (assq-ref (row-values row) term))
        ((constant? term)
         (match (if (constant-type term)
                    (constant-value term)
                    (datum-word (constant-datum term)))
           ((? moment? moment) (moment (row-now row)))
           (#f (datum-value (constant-datum term)))
           (value value)))
        (else #f)))

(define (arguments terms types row)
  (map (lambda (term type)
         (let ((value (term->value term row)))
           (make-argument (if (eq? type 'time) (ended value) value) type)))
       terms types))

(define (fact-arguments relation terms row)
  "Return the arguments of a fact of RELATION for TERMS in ROW: the key, the first value, and what was
written besides."
  (define (padding? term)
    (and (variable-term? term) (string=? "_" (symbol->string term))))
  (let ((written (- (length terms) (length (take-while padding? (reverse terms)))))
        (all (arguments terms (map column-type (relation-columns relation)) row)))
    (take all (max written
                   (let ((first-value (min (length all) (+ 1 (relation-keys relation)))))
                     (if (equal? "" (argument-value (list-ref all (- first-value 1))))
                         (- first-value 1)
                         first-value))))))

(define (term-types terms row)
  (map (lambda (term)
         (if (and (constant? term) (not (constant-type term)))
             'text
             (term-type term (row-types row))))
       terms))


;;; What is not there

(define (shown value)
  (match value
    (#f "_")
    ((? string? text) (datum->string (literal->datum (if (string-any (char-set-adjoin char-set:whitespace #\( #\) #\")
                                                                     text)
                                                         text
                                                         (string->symbol text)))))
    ((? number? n) (number->string n))
    (other (datum->string (literal->datum other)))))

(define (goal->text goal row)
  "Return GOAL, one that is denied, as text with the values of ROW."
  (define (terms list) (map (lambda (term) (shown (term->value term row))) list))
  (define (text . words) (string-append "(" (string-join words) ")"))
  (define (inner goals) (map (lambda (goal) (goal->text goal row)) goals))
  (match goal
    (('relation _ relation list)
     (apply text (symbol->string (relation-name relation)) (terms list)))
    (('rule _ rule list) (apply text (symbol->string (rule-name rule)) (terms list)))
    (('changed _ list) (apply text "changed" (terms list)))
    (((and form (or 'during 'at)) datum _ goals)
     (apply text (symbol->string form) (datum->string (second (datum-items datum)))
            (inner goals)))
    (('or _ . branches) (apply text "or" (append-map inner branches)))
    (((and form (or 'not 'known-not)) _ goals)
     (apply text (symbol->string form) (inner goals)))
    ((_ datum . _) (datum->string datum))))

(define (absence->text goals row)
  "Return in which GOALS nothing was found: \"(run tux01 borg-export _ 0) for 2d\"."
  (match goals
    ((('during datum _ (goal)))
     (string-append (goal->text goal row)
                    (match (datum->plain (second (datum-items datum)))
                      (('last duration) (format #f " for ~a" duration))
                      (('since _) (string-append " " (datum->string
                                                      (second (datum-items datum)))))
                      (('on what) (format #f " on ~a" what))
                      ('always " ever")
                      (_ (string-append " " (datum->string (second (datum-items datum))))))))
    (_ (string-join (map (lambda (goal) (goal->text goal row)) goals) " and "))))

(define (hosts-of goals row)
  "Return the hosts that GOALS speak of, strings, each once."
  (delete-duplicates
   (append-map
    (match-lambda
      (('relation _ relation (term . _))
       (match (and (eq? 'host (column-name (first (relation-columns relation))))
                   (term->value term row))
         ((? string? host) (list host))
         (_ '())))
      (('or _ . branches) (append-map (lambda (goals) (hosts-of goals row)) branches))
      (((or 'not 'known-not) _ goals) (hosts-of goals row))
      (((or 'during 'at 'lasting) _ _ goals) (hosts-of goals row))
      (_ '()))
    goals)))

(define (last-heard db host)
  "Return when HOST was last heard, ms, or #f: never."
  (sql-value db "SELECT max(heard) FROM subject WHERE host = " host))


;;; The steps

(define (whole-context row context)
  "Return CONTEXT, of a call, with the span that all facts beside it have in common."
  (match context
    (('during datum from to)
     (let ((spans (filter-map
                   (match-lambda
                     ((datum* relation t0 t1 _)
                      (match (assq-ref (row-placed row) datum*)
                        ((_ ('during (? (lambda (d) (eq? d datum))) . _))
                         (cons t0 (if (eq? 'event (relation-kind relation)) (+ t1 1) t1)))
                        (_ #f))))
                   (row-facts row)))
           (from (and from (term->value from row)))
           (to (and to (term->value to row))))
       (define (among proc own others)
         (match (append (if own (list own) '()) others)
           (() #f)
           (all (apply proc all))))
       (list 'during (among max from (map car spans)) (among min to (map cdr spans)))))
    (_ context)))

(define (node->steps node row prove-call db)
  "Return the steps, one or none, that NODE is in ROW; none of what ROW holds without.  PROVE-CALL is
(rule values context) -> list of steps."
  (define placed (assq-ref (row-placed row) (node-datum node)))
  (match node
    (('fact datum)
     (match (list placed (assq-ref (row-facts row) datum))
       ((#f _) '())
       (((('relation _ relation terms) _) #f)
        (list (step 'live #:name (relation-name relation)
                    #:arguments (fact-arguments relation terms row))))
       (((('relation _ relation terms) _) (_ t0 t1 event))
        (list (step 'fact #:name (relation-name relation)
                    #:arguments (fact-arguments relation terms row)
                    #:from t0 #:to (ended t1)
                    #:message (and (positive? event) event))))
       (((('changed _ terms) _) _)
        (let ((t (term->value (last terms) row)))
          (list (step 'fact #:name 'changed #:arguments (arguments terms (term-types terms row) row)
                      #:from t #:to t))))))
    (('rule _ rule terms nodes)
     (match (append-map (lambda (node) (node->steps node row prove-call db)) nodes)
       (() '())
       (steps (list (step 'rule #:name (rule-name rule)
                          #:arguments (arguments terms (term-types terms row) row)
                          #:steps steps)))))
    (('call _ rule)
     (match placed
       (#f '())
       ((('rule _ _ terms) context)
        (let ((values (map (lambda (term) (term->value term row)) terms)))
          (list (step 'rule #:name (rule-name rule)
                      #:arguments (arguments terms (term-types terms row) row)
                      #:steps (prove-call rule values (whole-context row context))))))))
    (('absent _ goals)
     (if placed
         (list (step 'absent #:text (absence->text goals row)
                     #:heard (map (lambda (host) (cons host (last-heard db host)))
                                  (hosts-of goals row))))
         '()))))

(define* (prove-goals db world goals now #:key at? depth groups?)
  "Return the steps that prove GOALS, or () where they do not hold.  GROUPS?: they tell of a group, of
which a few facts are shown."
  (define (prove-call rule values context)
    (define goals (call->goals world rule values context))
    (if (rule-aggregates? rule)
        (prove-goals db world goals now #:at? at? #:groups? #t)
        (let deeper ((depth 0))
          (if (> depth %deepest)
              (list (step 'deep))
              (match (prove-goals db world goals now #:at? at? #:depth depth)
                (() (deeper (+ depth 1)))
                (steps steps))))))
  (define limit (if groups? (+ 1 %most-facts) 1))
  (define whys (why-select goals world now #:at? at? #:depth depth #:limit limit))
  (define (rows way)
    (map (lambda (vector) (read-row vector way (whys-types whys) now))
         (%db-run db (way-sql way)
                  (map (lambda (value) (if (procedure? value) (value now) value))
                       (way-parameters way)))))
  (define (row->steps row)
    (append-map (lambda (node) (node->steps node row prove-call db)) (whys-nodes whys)))
  (let loop ((ways (whys-ways whys)) (found '()))
    (cond ((or (null? ways) (>= (length found) limit))
           (let ((steps (delete-duplicates
                         (append-map row->steps (take found (min %most-facts (length found)))))))
             (if (> (length found) %most-facts)
                 (append steps (list (step 'more)))
                 steps)))
          (else (loop (cdr ways) (append found (rows (car ways))))))))

(define* (prove db world data answer now #:key at?)
  "Return the list of <step>s that prove that ANSWER, a list of values, is one of DB to the question
DATA, a list of <datum> without any mistake, at NOW (ms); () where it is none.  AT? says that NOW is
another time than ours."
  (call-with-values (lambda () (answer->goals data world answer))
    (lambda (goals groups?)
      (prove-goals db world goals now #:at? at? #:groups? groups?))))
