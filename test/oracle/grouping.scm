;;; grouping.scm -- from solutions to rows: expressions, aggregates, tests over groups, order
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A solution is (ENVIRONMENT . FACTS): what each variable stands for, and the facts it came of.

(define-module (oracle grouping)
  #:use-module (oracle alternatives)
  #:use-module (oracle value)
  #:use-module (oracle world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (evaluate rows row-values row-keys value<?))

(define (constant datum) (value-of 'constant datum))

(define (evaluate expression environment now)
  "Return the value of EXPRESSION, or #f: it has none."
  (match expression
    ((? unknown?) (or (assq-ref environment expression)
                       (error "no goal binds the variable" expression)))
    (((? operator? operator) . arguments)
     (let ((values (map (lambda (e) (evaluate e environment now)) arguments)))
       (and (every identity values)
            (apply-operator operator values now))))
    (_ (constant expression))))


;;; Order of values.

(define (value<? a b)
  "Is A before B where answers are sorted?  Numbers are before text."
  (let ((x (raw a)) (y (raw b)))
    (cond ((and (number? x) (string? y)) #t)
          ((and (string? x) (number? y)) #f)
          (else (test-holds? '< (list a b) 0)))))

(define (distinct values)
  "Return VALUES without those that are equal to others, sorted."
  (sort (delete-duplicates values (lambda (a b) (same? a b 0))) value<?))


;;; Aggregates.

(define (aggregate form solutions now)
  "Return what FORM gives over SOLUTIONS, or #f: nothing."
  (define (each e)
    (filter-map (match-lambda ((environment . _) (evaluate e environment now))) solutions))
  (define (number type n) (value-of type n))
  (define (best before? e x)
    "Return X of the solution whose E is BEFORE? all others, of several the first in order."
    (let ((pairs (filter (match-lambda ((a . b) (and a b)))
                         (map (match-lambda
                                ((environment . _)
                                 (cons (evaluate e environment now)
                                       (evaluate x environment now))))
                              solutions))))
      (and (pair? pairs)
           (cdr (reduce (match-lambda*
                          (((a . x) (b . y))
                           (cond ((before? a b) (cons a x))
                                 ((before? b a) (cons b y))
                                 ((value<? x y) (cons a x))
                                 (else (cons b y)))))
                        #f pairs)))))
  (define (after? a b) (value<? b a))
  (match form
    (('count) (number 'integer (length solutions)))
    (('count e) (number 'integer (length (distinct (each e)))))
    (('count . several)
     (number 'integer
             (length (delete-duplicates
                      (map (match-lambda
                             ((environment . _)
                              (map (lambda (e) (raw (evaluate e environment now))) several)))
                           solutions)))))
    (('list e) (match (distinct (each e))
                 (() #f)
                 (all (value-of 'list (map raw all)))))
    (('sum e) (match (each e)
                (() #f)
                ((and all (first . _)) (number (type-of first) (apply + (map raw all))))))
    (('mean e) (match (each e)
                 (() #f)
                 ((and all (first . _))
                  (number (type-of first) (/ (apply + (map raw all)) (length all))))))
    (('max e) (match (each e)
                (() #f)
                (all (reduce (lambda (a b) (if (value<? b a) a b)) #f all))))
    (('min e) (match (each e)
                (() #f)
                (all (reduce (lambda (a b) (if (value<? a b) a b)) #f all))))
    (('argmax e x) (best after? e x))
    (('argmin e x) (best value<? e x))))

(define (evaluate-over expression solutions now)
  "Return the value of EXPRESSION, which may have aggregates in it, over SOLUTIONS, a group."
  (match expression
    ((or ('count . _) ('sum _) ('mean _) ('min _) ('max _) ('list _) ('argmax _ _) ('argmin _ _))
     (aggregate expression solutions now))
    (((? operator? operator) . arguments)
     (let ((values (map (lambda (e) (evaluate-over e solutions now)) arguments)))
       (and (every identity values)
            (apply-operator operator values now))))
    (_ (evaluate expression (if (pair? solutions) (car (first solutions)) '()) now))))


;;; Rows.

(define (combinations solutions visible)
  "Return SOLUTIONS without those of the same facts and the same values of VISIBLE, variables."
  (define (key solution)
    (match solution
      ((environment . facts)
       (list (map (lambda (v) (and=> (assq-ref environment v) raw)) visible)
             (sort (map object-address facts) <)))))
  (let ((seen (make-hash-table)))
    (filter (lambda (solution)
              (let ((k (key solution)))
                (and (not (hash-ref seen k))
                     (hash-set! seen k #t))))
            solutions)))

(define (groups solutions items now)
  "Return SOLUTIONS as lists of those with the same values of ITEMS; those without a value are left
out.  Without ITEMS there is one group, even of nothing."
  (if (null? items)
      (list solutions)
      (let ((table (make-hash-table)))
        (for-each
         (lambda (solution)
           (let ((values (map (lambda (e) (evaluate e (car solution) now)) items)))
             (when (every identity values)
               (let ((key (map (lambda (v)
                                 (let ((r (raw v)))
                                   (if (number? r) (inexact->exact r) r)))
                               values)))
                 (hash-set! table key (cons solution (hash-ref table key '())))))))
         (reverse solutions))
        (hash-map->list (lambda (key group) group) table))))

(define row-values car)                           ;list of values
(define row-keys cdr)                             ;list of (DESCENDING? . VALUE): to be sorted by

(define (expression-of item) (match item (('as _ e) e) (_ item)))

(define (row<? a b)
  "Is row A before row B, by their keys and then by their columns?"
  (let loop ((keys-a (append (row-keys a) (map (lambda (v) (cons #f v)) (row-values a))))
             (keys-b (append (row-keys b) (map (lambda (v) (cons #f v)) (row-values b)))))
    (match (list keys-a keys-b)
      ((() ()) #f)
      ((((descending? . x) . more-a) ((_ . y) . more-b))
       (cond ((value<? x y) (not descending?))
             ((value<? y x) descending?)
             (else (loop more-a more-b)))))))

(define* (rows items solutions now #:key (visible '()) (having '()) (order '()))
  "Return the rows of a head, ITEMS, over SOLUTIONS, in order.  VISIBLE are the query's variables,
HAVING comparisons, ORDER what is sorted by."
  (define expressions (map expression-of items))
  (define (called e)
    "Return what is called E by `as', or E."
    (or (any (match-lambda (('as name e*) (and (eq? name e) e*)) (_ #f)) items)
        e))
  (define (key-expression key)
    (if (integer? key)
        (list-ref expressions (- key 1))
        (called key)))
  (define (keys group)
    (map (match-lambda
           (('desc key) (cons #t (evaluate-over (key-expression key) group now)))
           (key (cons #f (evaluate-over (key-expression key) group now))))
         order))
  (define (passes? group)
    (every (match-lambda
             ((operator . arguments)
              (let ((values (map (lambda (e) (evaluate-over (called e) group now))
                                 arguments)))
                (and (every identity values)
                     (test-holds? operator values now)))))
           having))
  (define (row group)
    (let ((values (map (lambda (e) (evaluate-over e group now)) expressions)))
      (and (every identity values)
           (passes? group)
           (cons values (keys group)))))
  (sort (filter-map row
                    (groups (combinations solutions visible)
                            (remove has-aggregate? expressions)
                            now))
        row<?))
