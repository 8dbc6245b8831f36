;;; compile.scm -- a question becomes one SQL statement
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic compile)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog logic arm)
  #:use-module (sheepdog logic call)
  #:use-module (sheepdog logic check)
  #:use-module (sheepdog logic expand)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic group)
  #:use-module (sheepdog logic infer)
  #:use-module (sheepdog logic query)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic rows)
  #:use-module (sheepdog logic sql)
  #:use-module (sheepdog logic statement)
  #:use-module (sheepdog logic term)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (compile-query compiled?
            compiled-sql compiled-parameters compiled-columns compiled-reads
            compiled-steps compiled-prelude
            compiled-values values-at answer-column-name answer-column-type answer-column-list?))

(define-record-type <compiled>
  (make-compiled sql parameters columns reads steps prelude)
  compiled?
  (sql compiled-sql)                              ;string
  (parameters compiled-parameters)                ;list of values, and of procedures of now (ms)
  (columns compiled-columns)                      ;list of <answer-column>
  (reads compiled-reads)                          ;list of <relation>
  (steps compiled-steps)                          ;list of <evidence>, in their order
  (prelude compiled-prelude))                     ;list of <rounds>, to be run before

(define-record-type <answer-column>
  (make-answer-column name type list?)
  answer-column?
  (name answer-column-name)                       ;symbol
  (type answer-column-type)                       ;as of (sheepdog logic type), or #f
  (list? answer-column-list?))                    ;is it a JSON array of such values?

(define (compiled-values compiled now)
  "Return the values of the parameters of COMPILED when it is asked at NOW (ms)."
  (values-at (compiled-parameters compiled) now))

(define (values-at parameters now)
  "Return the values of PARAMETERS, values and procedures of now, at NOW (ms)."
  (map (lambda (value) (if (procedure? value) (value now) value)) parameters))

;;; SELECTs

(define (item-sql item env statement)
  (term->sql (item-term item) env statement))

(define (order->sql query types)
  "Return ORDER BY of QUERY; what is not asked for is sorted by its columns."
  (define* (column index #:optional (way ""))
    (let ((n (number->string (+ 1 index))))
      (if (eq? 'version (term-type (item-term (list-ref (query-items query) index)) types))
          (string-append n " COLLATE VERSION" way ", " n way)   ;1.0 and 1.00 are as old
          (string-append n way))))
  (define asked
    (map (match-lambda
           ((index . descending?)
            (cons index (column index (if descending? " DESC" "")))))
         (query-order query)))
  (define all
    (append (map cdr asked)
            (map column
                 (remove (lambda (index) (assv index asked))
                         (iota (length (query-items query)))))))
  (if (null? all) "" (string-append " ORDER BY " (commas all))))

(define (limit->sql query)
  (if (query-limit query)
      (string-append " LIMIT " (number->string (query-limit query)))
      ""))

(define (plain query arms statement)
  "Return the SELECT of the answers of QUERY, each once, by ARMS."
  (define (what arm)
    (if (null? (query-items query))
        "1"
        (commas (map (lambda (item) (item-sql item (arm-env arm) statement))
                     (query-items query)))))
  (match arms
    ((arm) (arm->select arm (what arm) #:distinct? #t))
    (arms (string-join (map (lambda (arm) (arm->select arm (what arm))) arms) " UNION "))))

(define (query->select query statement)
  "Return the SQL of QUERY, without its order and limit."
  (let* ((used (append-map term-variables
                           (append (map item-term (query-items query))
                                   (append-map goal-terms (query-having query)))))
         (arms (goals->arms (query-goals query) statement #:used used)))
    (if (query-aggregates? query)
        (group-arms arms (map item-term (query-items query)) statement (query-having query))
        (plain query arms statement))))

;;; All together

(define (resolved query types complain)
  "Return QUERY with its constants made what their places want, by TYPES."
  (define (resolve term) (resolve-term term #f types complain))
  (map-query query resolve
             (lambda (goals) (resolve-goals goals types complain))))

(define (columns-of query types)
  (map (lambda (item)
         (match (item-term item)
           (('list x) (make-answer-column (item-name item) (term-type x types) #t))
           (term (make-answer-column (item-name item) (term-type term types) #f))))
       (query-items query)))

(define* (compile-query data world now #:key (at? #f) (limit #f) (bindings '()))
  "Compile the question that DATA, a list of <datum>, ask of WORLD.  Return two values: a
<compiled>, or #f, and the list of <problem>s, all that there are.  NOW (ms) counts for estimates
only; AT? says that the question will be asked as if now were another time.  LIMIT is that of the
answers, #f: what the question says.  BINDINGS, an alist from variables to values, are known
beforehand."
  (define problems '())
  (define (complain datum text hint)
    (let ((problem (problem-at datum text hint)))
      (unless (member problem problems)
        (set! problems (cons problem problems)))))
  (define (expanded query)
    (with-goals query (expand-goals (query-goals query) world complain)))
  (let* ((query (expanded (bind-query (read-query data world complain) bindings)))
         (types (begin
                  (check-head query complain)
                  (check-goals (query-goals query) complain)
                  (infer-types (query-goals query) world complain)))
         (query (resolved query types complain))
         (statement (new-statement world types complain at?))
         (select (and (null? problems)
                      (parameterize ((%clock now) (%call-rule call-rule))
                        (query->select query statement)))))
    (if (null? problems)
        (call-with-values
            (lambda ()
              (used-parameters statement
                               (with-tables statement
                                            (string-append select (order->sql query types)
                                                           (limit->sql (limited query limit))))))
          (lambda (sql parameters)
            (values (make-compiled sql parameters (columns-of query types)
                                   (statement-reads statement)
                                   (statement-steps statement)
                                   (statement-prelude statement))
                    '())))
        (values #f (stable-sort (reverse problems) problem<?)))))
