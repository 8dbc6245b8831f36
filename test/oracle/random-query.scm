;;; random-query.scm -- queries of every form by chance, over the relations of random-world.scm
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A variable's name says its domain: ?host ?host-2 ?version.  So what meets in a goal or in a
;; comparison fits.  Goals are made from left to right; what is tested or denied was bound before,
;; and then all are shuffled: the order as written must not matter.

(define-module (oracle random-query)
  #:use-module (oracle random-world)
  #:use-module (oracle alternatives)
  #:use-module (oracle world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (random-query))

(define %numeric '(size gib number integer duration))
(define %ordered '(version size gib number integer duration time text any name))

(define (domain-of variable)
  "Return the domain that the name of VARIABLE, as ?host-2, says."
  (string->symbol
   (string-trim-right (string-drop (symbol->string variable) 1)
                      (string->char-set "-0123456789"))))

(define (variable-of random domain)
  (string->symbol
   (string-append "?" (symbol->string domain) (one-of random '("" "-2" "-3")))))

(define (local-of random domain)
  "Return a variable that stands nowhere else."
  (string->symbol
   (string-append "?" (symbol->string domain) "-9" (number->string (random 1000)))))

(define (local? variable)
  "Was VARIABLE made by `local-of'?"
  (string-contains (symbol->string variable) "-9"))

(define (shuffled random items)
  (map cdr (sort (map (lambda (item) (cons (random 1000000) item)) items)
                 (lambda (a b) (< (car a) (car b))))))

(define (constant-of random domain)
  "Return a constant of DOMAIN as a query may write it."
  (let ((value (one-of random (domain-values domain))))
    (match domain
      ((or 'host 'manager 'state 'metric) (if (chance? random 30) (string->symbol value) value))
      ('name (if (and (chance? random 20) (not (string-null? value))) `(quote ,(string->symbol value))
                 value))
      ('size (one-of random (list value "2GiB" "512MiB")))
      ('gib (one-of random (list value "2GiB" "20GiB")))
      ('duration (one-of random '("30s" "1m" "2h" "1d" "36h")))
      ('time (random-instant random))
      (_ value))))

(define (random-instant random)
  (define ms (- %world-now (* 6 %hour (+ 1 (random 45)))))
  (match (random 4)
    (0 (quotient ms 1000))
    (1 `(ago ,(one-of random '("1d" "36h" "5d" "1w" "90s"))))
    (2 (strftime "%Y-%m-%d %H:%M" (localtime (quotient ms 1000))))
    (3 (strftime "%Y-%m-%dT%H:%M:%SZ" (gmtime (quotient ms 1000))))))

(define (random-window random)
  (match (random 6)
    (0 'always)
    ((or 1 2) `(last ,(one-of random '("1d" "2d" "30d" "30d" "5d" "9d" "36h" "90s"))))
    (3 `(since ,(random-instant random)))
    (4 (let ((a (+ 1 (random 40))))
         `(between ,(quotient (- %world-now (* 6 %hour (+ a (random 20) 1))) 1000)
                   ,(quotient (- %world-now (* 6 %hour a)) 1000))))
    (5 `(on ,(one-of random '(today yesterday last-month "2025-12" "2025" "2025-12-24"))))))


;;; Goals.

(define* (random-goal random bound #:key relations local?)
  "Return a goal over one of RELATIONS, names.  A variable is of BOUND, the variables there are, or new;
with LOCAL? a new one stands nowhere else."
  (let* ((name (one-of random relations))
         (domains (relation-domains name))
         (relation (find (lambda (r) (eq? name (relation-name r)))
                         (append told-relations made-relations)))
         (all (map (lambda (domain)
                     (let ((known (filter (lambda (v) (eq? domain (domain-of v))) bound)))
                       (match (random 20)
                         ((or 0 1) (constant-of random domain))
                         ((or 2 3 4 5) '_)
                         ((or 6 7 8 9 10 11 12) (if (pair? known)
                                           (one-of random known)
                                           (if local?
                                               (local-of random domain)
                                               (variable-of random domain))))
                         (_ (if local?
                                (one-of random (cons '_ known))
                                (variable-of random domain))))))
                   domains)))
    (cons name
          (if (and relation (chance? random 15))
              (take all (relation-keys relation))
              all))))

(define %relations
  (map relation-name (append told-relations made-relations)))

(define (rules-of . kinds)
  (delete-duplicates
   (filter-map (match-lambda
                 ((((name . _) . _) _ kind) (and (memq kind kinds) name)))
               %rules)))

(define (random-comparison random bound)
  "Return a test of one of BOUND, or #f."
  (let ((subjects (filter (lambda (v) (memq (domain-of v) %ordered)) bound)))
    (and (pair? subjects)
         (let* ((a (one-of random subjects))
                (domain (domain-of a))
                (peers (delq a (filter (lambda (v) (eq? domain (domain-of v))) subjects)))
                (b (if (and (pair? peers) (chance? random 50))
                       (one-of random peers)
                       (constant-of random domain)))
                (operator (one-of random '(= /= < <= > >= < >))))
           (match (random 8)
             (0 (if (memq domain '(text name))
                    `(glob ,a ,(one-of random '("*" "n*" "?eb" "[a-w]eb" "[!W]*" "*g*")))
                    `(,operator ,a ,b)))
             (1 (if (eq? domain 'version)
                    `(of-version ,a ,(one-of random '("1.22" "1" "1.0" "1.2")))
                    `(,operator ,b ,a)))
             (2 (if (memq domain '(number integer))
                    `(,operator (,(one-of random '(+ - * max min)) ,a ,(+ 1 (random 3))) ,b)
                    `(,operator ,a ,b)))
             (3 (if (eq? domain 'time)
                    `(,(one-of random '(< <= > >=)) (,(one-of random '(+ -)) ,a "1d") ,b)
                    `(,operator ,a ,b)))
             (_ `(,operator ,a ,b)))))))

(define (measured random goal)
  "Return GOAL, sometimes with its span or how long it lasted."
  (define wild '_)
  (match (random 10)
    ((or 0 1) `(span ,(one-of random '(?time ?time-2 _)) ,(one-of random '(?time-3 _)) ,goal))
    ((or 2 3) `(lasting ,(one-of random '(?duration ?duration-2)) ,goal))
    (_ goal)))

(define (newest random goal)
  "Return GOAL as the latest of its kind."
  `(latest ,(let ((own (variables goal)))
              (if (and (pair? own) (chance? random 70)) (list (first own)) '()))
           ,goal))

(define (denial random bound context relations)
  "Return a goal in which something is denied, over BOUND variables and such as stand nowhere else."
  (define (inner) (random-goal random bound #:relations relations #:local? #t))
  (define hosts (filter (lambda (v) (eq? 'host (domain-of v))) bound))
  (match (random 6)
    (0 `(not ,(inner) ,(inner)))
    (1 (let ((goal (random-goal random bound #:local? #t
                                #:relations '(package service ram level state run))))
         (if (pair? hosts)
             `(known-not (,(first goal) ,(one-of random hosts) ,@(cddr goal)))
             `(not ,goal))))
    (2 `(not (during ,(random-window random) ,(inner))))
    (3 `(not (at ,(random-instant random) ,(inner))))
    (_ `(not ,(inner)))))

(define (choice random bound relations)
  "Return an `or' whose branches give the same variables, all of them BOUND."
  (define (branch)
    (match (random 4)
      (0 (or (random-comparison random bound)
             (random-goal random bound #:relations relations #:local? #t)))
      (1 `(not ,(random-goal random bound #:relations relations #:local? #t)))
      (_ (random-goal random bound #:relations relations #:local? #t))))
  (match (random 3)
    (0 `(conde (,(branch)) (,(branch) ,(branch))))
    (1 `(or ,(branch) (and ,(branch) ,(branch))))
    (2 `(or ,(branch) ,(branch)))))

(define (giving-choice random bound)
  "Return an `or' each branch of which gives the same new variables."
  (let ((host (variable-of random 'host)) (name (variable-of random 'name)))
    (define (branch)
      (one-of random
              `((service ,host ,name) (package ,host ,name) (state ,host ,name "fail")
                (interruption ,host ,name) (and (run ,host ,name _ 0) (host ,host))
                (depends ,host ,name _ _))))
    `(or ,(branch) ,(branch))))

(define (block random bound counted? now?)
  "Return goals of one context, over BOUND.  COUNTED?: only such as give each combination of facts
once.  NOW?: no window around them."
  (define relations
    (append %relations %relations %relations
            (if counted? (rules-of 'counted)
                (rules-of 'counted 'plain 'own-time 'circular))))
  (define (more goals bound)
    (delete-duplicates (append bound (remove local? (variables goals)))))
  (let loop ((left (one-of random '(1 1 2 2 3))) (goals '()) (bound bound))
    (if (positive? left)
        (let* ((plain (random-goal random bound #:relations relations))
               (goal (match (random 12)
                       (0 (if counted? plain (giving-choice random bound)))
                       ((or 1 2 3) (if (memq (first plain) %relations)
                                       (measured random plain)
                                       plain))
                       (4 (if (memq (first plain) %relations) (newest random plain) plain))
                       (_ plain))))
          (loop (- left 1) (cons goal goals) (more goal bound)))
        (let* ((tests (filter-map (lambda (_) (and (chance? random 25) (random-comparison random bound)))
                                  '(1 2)))
               (denials (if (chance? random 30)
                            (list (denial random bound now? relations))
                            '()))
               (choices (if (and (not counted?) (chance? random 15))
                            (list (choice random bound relations))
                            '())))
          (append goals tests denials choices)))))

(define (blocks random counted?)
  "Return the goals of a query."
  (let loop ((left (one-of random '(1 1 1 1 2 2 3))) (goals '()) (bound '()))
    (if (zero? left)
        goals
        (let* ((wrap (random 6))
               (inner (block random bound counted? (< wrap 3)))
               (outer (match wrap
                        ((or 0 1 2) inner)
                        (3 `((at ,(random-instant random) ,@(shuffled random inner))))
                        (_ `((during ,(random-window random) ,@(shuffled random inner)))))))
          (loop (- left 1)
                (append goals outer)
                (delete-duplicates
                 (append bound (remove local? (named-variables outer)))))))))


;;; Heads.

(define (random-aggregate random bound counted?)
  (let* ((v (one-of random bound))
         (numeric (filter (lambda (v) (memq (domain-of v) %numeric)) bound))
         (number (and (pair? numeric) (one-of random numeric))))
    (match (random (if (and counted? number) 9 6))
      (0 `(count ,v))
      (1 `(max ,v))
      (2 `(min ,v))
      (3 (if number `(argmax ,number ,v) `(count ,v)))
      (4 `(list ,v))
      (5 (if number `(argmin ,number ,v) `(max ,v)))
      (6 '(count))
      (7 `(sum ,number))
      (8 `(mean ,number)))))

(define (head-and-clauses random bound counted?)
  "Return the head and the clauses of a query that binds BOUND."
  (define plain (take (shuffled random bound) (min (length bound) (+ 1 (random 3)))))
  (define numeric (filter (lambda (v) (memq (domain-of v) %numeric)) plain))
  (match (random 10)
    ((or 0 1 2)
     (let ((aggregate (random-aggregate random bound counted?))
           (items (take plain (random (length plain)))))
       (values (append items (list aggregate))
               (append (if (and (chance? random 40) (not (eq? 'list (first aggregate))))
                           `((order-by (desc ,(+ 1 (length items)))))
                           '())
                       (if (and (pair? items) (chance? random 25))
                           `((having (> (count ,(one-of random bound)) ,(random 3))))
                           '())))))
    ((or 3 4)
     (values plain
             (append `((order-by ,@(map (lambda (v)
                                          (if (chance? random 50) `(desc ,v) v))
                                        (take plain (+ 1 (random (length plain)))))))
                     (if (chance? random 50) `((limit ,(+ 1 (random 4)))) '()))))
    (5 (values (if (pair? numeric)
                   (append plain `((as much (* 2 ,(first numeric)))))
                   plain)
               '()))
    (_ (values plain '()))))

(define (random-query random)
  "Return a query by RANDOM."
  (let* ((counted? (chance? random 40))
         (goals (blocks random counted?))
         (bound (remove local? (named-variables goals))))
    (if (null? bound)
        (random-query random)
        (call-with-values (lambda () (head-and-clauses random bound counted?))
          (lambda (head clauses)
            `(,head ,@(shuffled random goals) ,@clauses))))))
