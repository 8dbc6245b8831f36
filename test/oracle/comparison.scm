;;; comparison.scm -- are these the answers that the oracle gives?  If not: which query is the shortest?
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (oracle comparison)
  #:use-module (oracle evaluator)
  #:use-module (oracle grouping)
  #:use-module (oracle value)
  #:use-module (oracle world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (difference shortest))

(define (alike? a b)
  "Are the values A and B of two rows the same?  Numbers with a fraction are compared as such are."
  (cond ((and (number? a) (number? b))
         (or (= a b)
             (< (abs (- a b)) (* 1e-9 (+ 1 (abs a) (abs b))))))
        ((and (list? a) (list? b))
         (and (= (length a) (length b)) (every alike? a b)))
        (else (equal? a b))))

(define (key-of row)
  (object->string (map (lambda (v)
                         (cond ((number? v) (round (* 1000 (exact->inexact v))))
                               (else v)))
                       row)))

(define (sorted rows)
  (sort rows (lambda (a b) (string<? (key-of a) (key-of b)))))

(define (keys-of row) (map (lambda (key) (raw (cdr key))) (row-keys row)))

(define (difference world query got)
  "Return how GOT, a list of lists, differs from the answers of QUERY in WORLD: (EXPECTED GOT), or
#f.  What `order-by' leaves equal may stand in any order, and `limit' may choose among it."
  (let* ((all (all-answers world query))
         (plain (map (lambda (row) (map raw (row-values row))) all))
         (limit (or (query-limit query) (length all)))
         (expected (answers world query)))
    (define (keys-of-answer answer)
      (any (lambda (row values) (and (every alike? values answer) (keys-of row))) all plain))
    (and (not (and (= (length got) (length expected))
                   (if (< limit (length all))
                       (and (lset<= (lambda (a b) (every alike? a b)) got plain)
                            (= (length got) (length (delete-duplicates got))))
                       (every (lambda (a b) (and (= (length a) (length b)) (every alike? a b)))
                              (sorted got) (sorted expected)))
                   (or (null? (query-order query))
                       (equal? (map keys-of-answer got)
                               (map keys-of (take all (length got)))))))
         (list expected got))))


;;; The shortest query that still differs.

(define (without-each items)
  "Return ITEMS without the first, without the second ..."
  (map (lambda (i) (append (take items i) (drop items (+ i 1)))) (iota (length items))))

(define (shorter-goal goal)
  "Return goals that are simpler than GOAL."
  (match goal
    (((and word (or 'and 'or 'not 'conde)) . goals)
     (append (if (eq? word 'conde) '() (filter pair? goals))
             (map (lambda (goals) (cons word goals))
                  (append (filter pair? (without-each goals)) (shorter-goals goals)))))
    (((and word (or 'during 'at 'latest 'fresh)) datum . goals)
     (append goals
             (map (lambda (goals) (cons* word datum goals))
                  (append (filter pair? (without-each goals)) (shorter-goals goals)))))
    (('span a b goal) (list goal))
    (('lasting d goal) (list goal))
    (((or '= '/= '< '<= '> '>= 'glob 'of-version) . _) '())
    (((and word (? symbol?)) . arguments)
     (filter-map (lambda (i)
                   (and (not (eq? '_ (list-ref arguments i)))
                        (cons word (append (take arguments i) '(_) (drop arguments (+ i 1))))))
                 (iota (length arguments))))
    (_ '())))

(define (shorter-goals goals)
  "Return GOALS with one of them simpler."
  (append-map (lambda (i)
                (map (lambda (new) (append (take goals i) (list new) (drop goals (+ i 1))))
                     (shorter-goal (list-ref goals i))))
              (iota (length goals))))

(define (shorter-queries query)
  "Return queries that are simpler than QUERY: (HEAD GOAL ...)."
  (match query
    ((head . goals)
     (append (map (lambda (goals) (cons head goals)) (filter pair? (without-each goals)))
             (map (lambda (head) (cons head goals)) (filter pair? (without-each head)))
             (map (lambda (goals) (cons head goals)) (shorter-goals goals))))))

(define* (shortest query differs? #:optional (most 150))
  "Return a query that DIFFERS? as QUERY does, and no simpler one does; at most MOST are tried."
  (let loop ((query query) (left most))
    (let ((tried 0))
      (let ((next (find (lambda (candidate)
                          (set! tried (+ tried 1))
                          (and (<= tried left) (differs? candidate)))
                        (shorter-queries query))))
        (if next
            (loop next (- left tried))
            query)))))
