;;; expression.scm -- terms and comparisons as SQL
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; An environment is an alist from variables to <place>s.  A unary + keeps SQLite from taking a
;; column for a way into an index: which way is taken is ours to say.

(define-module (sheepdog logic expression)
  #:use-module (sheepdog logic infer)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic type)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (place place? place-sql place-open? bind-place env-ref
            term-bound? term->sql comparison->sql equality->sql glob->sql of-version->sql
            least greatest))

(define-record-type <place>
  (make-place sql open?)
  place?
  (sql place-sql)                                 ;string
  (open? place-open?))                            ;may it be the end of what still holds?

(define* (place sql #:key (open? #f))
  "Return where the value of a variable is found: SQL, a string."
  (make-place sql open?))

(define (bind-place variable place env)
  (acons variable place env))

(define (env-ref env variable)
  "Return the <place> of VARIABLE in ENV, or #f: it is not known there."
  (assq-ref env variable))

(define (term-bound? term env)
  "Are all variables of TERM known in ENV?"
  (every (lambda (variable) (env-ref env variable)) (term-variables term)))

(define (least terms)
  "Return the SQL of the least of TERMS, SQL texts."
  (if (null? (cdr terms)) (car terms) (string-append "min(" (commas terms) ")")))

(define (greatest terms)
  (if (null? (cdr terms)) (car terms) (string-append "max(" (commas terms) ")")))

(define (constant->sql term statement)
  (parameter! statement (constant-value term)))

(define (number-guard sql)
  (string-append "iif(typeof(" sql ") IN ('integer', 'real'), " sql ", NULL)"))

(define (scaled sql from to)
  "Return SQL, of type FROM, in the unit of the type TO."
  (match (cons from to)
    ((('size a) . ('size b))
     (if (eq? a b)
         sql
         (string-append "(" sql " * " (number->string (unit-bytes a)) ".0 / "
                        (number->string (unit-bytes b)) ")")))
    (_ sql)))

(define (term->sql term env statement)
  "Return the SQL of TERM, whose variables ENV knows."
  (define types (statement-types statement))
  (define (type term) (term-type term types))
  (define (sql term) (term->sql term env statement))
  (define (operand term)
    ;; of arithmetic: a number, and never the open end
    (let ((text (sql term)))
      (cond ((and (variable-term? term) (place-open? (env-ref env term)))
             (string-append "iif(" text " = " %open ", " (statement-now statement) ", " text ")"))
            ((and (variable-term? term) (eq? 'any (type term))) (number-guard text))
            (else text))))
  (define (infix op terms)
    (let ((unit (find (match-lambda (('size _) #t) (_ #f)) (map type terms))))
      (string-append "("
                     (string-join (map (lambda (term)
                                         (if (memq op '(+ -))
                                             (scaled (operand term) (type term) unit)
                                             (operand term)))
                                       terms)
                                  (string-append " " (symbol->string op) " "))
                     ")")))
  (define (call name . terms)
    (string-append name "(" (commas (map sql terms)) ")"))
  (define (ordered term)
    ;; what an aggregate orders by
    (if (eq? 'version (type term))
        (string-append (sql term) " COLLATE VERSION")
        (sql term)))
  (cond ((variable-term? term) (place-sql (env-ref env term)))
        ((constant? term) (constant->sql term statement))
        (else
         (match term
           (('subject host tag) (string-append "(" (sql host) " || '/' || " (sql tag) ")"))
           (('- one) (string-append "(- " (operand one) ")"))
           (((and op (or '+ '- '*)) . terms) (infix op terms))
           (('/ a b)
            (let ((quotient (string-append "(1.0 * " (operand a) " / "
                                           (scaled (operand b) (type b) (type a)) ")")))
              (if (memq (type-class (type term)) '(duration time))
                  (string-append "CAST(" quotient " AS INTEGER)")
                  quotient)))
           (('abs x) (string-append "abs(" (operand x) ")"))
           (('round x) (string-append "CAST(round(" (operand x) ") AS INTEGER)"))
           (('count) "count(*)")
           (('count x) (string-append "count(DISTINCT " (sql x) ")"))
           (('count . terms)
            (string-append "count(DISTINCT "
                           (string-join (map (lambda (term)
                                               (string-append "quote(" (sql term) ")"))
                                             terms)
                                        " || ',' || ")
                           ")"))
           (('sum x) (string-append "sum(" (operand x) ")"))
           (('mean x) (string-append "avg(" (operand x) ")"))
           (((and op (or 'min 'max)) x)
            (string-append (symbol->string op) "(" (ordered x) ")"))
           (((and op (or 'min 'max)) . terms)
            (string-append (symbol->string op) "("
                           (commas (map (lambda (t)
                                          (scaled (sql t) (type t) (type term)))
                                        terms))
                           ")"))
           (('list x) (string-append "json_group_array(DISTINCT " (sql x) ")"))
           (((and op (or 'argmax 'argmin)) e x)
            (string-append (symbol->string op) (if (eq? 'version (type e)) "_version" "")
                           "(" (sql e) ", " (sql x) ")"))))))

(define (kind-guards a type-a b type-b)
  "Return SQL conditions, so that numbers are compared with numbers and text with text."
  (define (is sql type)
    (match (type-class type)
      ('text (list (string-append "typeof(" sql ") = 'text'")))
      (_ (list (string-append "typeof(" sql ") IN ('integer', 'real')")))))
  (let ((any-a? (eq? 'any type-a)) (any-b? (eq? 'any type-b)))
    (cond ((and any-a? any-b?)
           (list (string-append "(typeof(" a ") = 'text') = (typeof(" b ") = 'text')")))
          (any-a? (if type-b (is a type-b) '()))
          (any-b? (if type-a (is b type-a) '()))
          (else '()))))

(define (comparison->sql op terms env statement)
  "Return the SQL conditions of (OP TERM ...), one behind the other."
  (define types (statement-types statement))
  (define (pair a b)
    (let* ((type-a (term-type a types)) (type-b (term-type b types))
           (sql-a (term->sql a env statement))
           (sql-b (scaled (term->sql b env statement) type-b type-a))
           (version? (and (memq op '(< <= > >=))
                          (or (eq? 'version type-a) (eq? 'version type-b)))))
      (cons (string-append "+" sql-a " " (match op ('/= "<>") (op (symbol->string op))) " " sql-b
                           (if version? " COLLATE VERSION" ""))
            (if (eq? op '/=)
                '()
                (kind-guards sql-a type-a sql-b type-b)))))
  (append-map pair (drop-right terms 1) (cdr terms)))

(define (equality->sql column type term env statement)
  "Return the SQL conditions that COLUMN, SQL of TYPE, equals TERM."
  (let* ((other (term-type term (statement-types statement)))
         (sql (scaled (term->sql term env statement) other type)))
    (cons (string-append column " = " sql)
          (if (constant? term)
              '()
              (match (list (type-class type) (type-class other))
                ((or ('any (or 'text 'any)) ((or 'text 'any) 'any)) '())
                (_ (kind-guards column type sql other)))))))

(define (shell-pattern text)
  "Return TEXT, a pattern of fnmatch(3), as GLOB of SQLite has it."
  (let loop ((rest (string->list text)) (done '()))
    (match rest
      (() (list->string (reverse done)))
      ((#\\ c . rest) (loop rest (append (list #\] c #\[) done)))
      ((#\[ #\! . rest) (loop rest (cons* #\^ #\[ done)))
      ((c . rest) (loop rest (cons c done))))))

(define (glob->sql value pattern env statement)
  (string-append (term->sql value env statement) " GLOB "
                 (if (constant? pattern)
                     (parameter! statement (shell-pattern (constant-value pattern)))
                     (term->sql pattern env statement))))

(define (of-version->sql value version env statement)
  (let ((x (term->sql value env statement)) (v (term->sql version env statement)))
    (string-append "substr(" x ", 1, length(" v ")) = " v " AND substr(" x ", length(" v
                   ") + 1, 1) NOT GLOB '[0-9]'")))
