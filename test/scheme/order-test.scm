;;; order-test.scm -- whatever order the same messages come in, the relations are the same
;;; SPDX-License-Identifier: GPL-3.0-or-later

(load (string-append (dirname (current-filename)) "/world.scm"))

(use-modules (sheepdog monitor)
             (sheepdog relations)
             (sheepdog logic relation)
             (ice-9 format))

;; What it receives says what it stores: so receivers' facts come in any order, too.
(eval '(begin
         (use-modules (sheepdog plugin))
         (define-monitor teller
           "Store what a message says."
           (fields (says vector? "Facts, or not and a fact."))
           (receive (message)
             (map (lambda (fact)
                    (let ((fact (vector->list fact)))
                      (if (equal? "not" (car fact))
                          `(store (not (,(cadr fact) ,(message-host message) ,@(cddr fact))))
                          `(store (,(car fact) ,(message-host message) ,@(cdr fact))))))
                  (vector->list (or says #()))))))
      (make-fresh-user-module))

(define (pick state items)
  (list-ref items (random (length items) state)))

(define (random-fact state)
  (case (random 6 state)
    ((0) (vector "ram" (pick state '(1024 2048))))
    ((1) (vector "shoe" (pick state '("left" "right")) (pick state '(42 43))))
    ((2) (vector "lamp" (pick state '("on" "off"))))
    (else (vector "package" (pick state '("a" "b" "c")) (pick state '("1" "2"))))))

(define (random-message state seq time)
  "Return the message SEQ as (SEQ TIME STATE MORE)."
  (define (some n) (list->vector (map (lambda (i) (random-fact state)) (iota (random n state)))))
  (list seq time
        (pick state '("ok" "ok" "fail" "warn" #f))
        (case (random 4 state)
          ((0) `((monitor . "teller")
                 (fields . ((says . ,(list->vector
                                      (map (lambda (i)
                                             (let ((fact (random-fact state)))
                                               (if (zero? (random 3 state))
                                                   (list->vector (cons "not" (vector->list fact)))
                                                   fact)))
                                           (iota (+ 1 (random 2 state))))))))))
          ((1) `((facts . ,(some 4)) (replaces . #(,(pick state '("package" "shoe"))))))
          (else `((facts . ,(some 3)))))))

(define (random-story seed messages)
  (let ((state (seed->random-state seed)))
    (let loop ((seq 1) (time 0) (story '()))
      (if (> seq messages)
          (reverse story)
          (let ((time (+ time (pick state '(0 1000 1000 2000)))))
            (loop (+ seq 1) time (cons (random-message state seq time) story)))))))

(define (shuffle items state)
  (map cdr (sort (map (lambda (item) (cons (random:uniform state) item)) items)
                 (lambda (a b) (< (car a) (car b))))))

(define (tables db)
  "Return the rows of all relations but for the events that began them."
  (append
   (filter-map
    (lambda (relation)
      (and (not (memq (relation-name relation) '(event refused interruption run)))
           (let ((columns (string-join
                           (append (map (lambda (column)
                                          (string-append "\"" (sql-name (column-name column)) "\""))
                                        (relation-columns relation))
                                   '("t0" "t1"))
                           ", ")))
             (cons (relation-name relation)
                   (%db-run db (string-append "SELECT " columns " FROM "
                                              (relation-from relation) " ORDER BY " columns)
                            '())))))
    built-in-relations)
   (list (cons 'undeclared
               (sql db "SELECT relation, arity, host, k1, k2, k3, value, t0, t1 FROM _fact
 ORDER BY relation, arity, host, k1, k2, k3, t0")))))

(define (play story batch)
  "Return the tables after the messages of STORY came in its order, BATCH at once."
  (call-with-world "(config (name \"boss\"))"
    (lambda (world)
      (let ((db (world-db world)) (begin (time->ms "10:00")))
        (set-world-now! world (time->ms "10:30"))
        (sql db "INSERT INTO sender (id, name, contiguous, highest) VALUES (1, 'one', 1000, 1000)")
        (let loop ((rest story) (n 1))
          (match rest
            (() #t)
            (((seq time state more) . rest)
             (queue! world state #:sender 1 #:seq seq #:time (ms->time (+ begin time)) #:more more)
             (when (zero? (modulo n batch))
               (handle-waiting! db (world-config world) (world-now world)))
             (loop rest (+ n 1)))))
        (settle-round! world)
        (tables db)))
    #:start "09:00"))

(define (first-difference a b)
  (any (lambda (one other)
         (and (not (equal? one other))
              (list (car one)
                    'only-in-order (lset-difference equal? (cdr one) (cdr other))
                    'only-shuffled (lset-difference equal? (cdr other) (cdr one)))))
       a b))

(run-tests "order"
  (for-each
   (lambda (seed)
     (let* ((story (random-story seed 14))
            (state (seed->random-state (+ 1000 seed)))
            (in-order (play story 1)))
       (test-equal (format #f "story ~a in another order" seed)
         #f
         (any (lambda (batch)
                (let ((shuffled (shuffle story state)))
                  (and=> (first-difference in-order (play shuffled batch))
                         (lambda (difference)
                           (list difference 'batch batch (map car shuffled) story)))))
              '(1 3 14)))))
   (iota 20)))
