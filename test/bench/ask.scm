;;; ask.scm -- how long questions take, beside SQL by hand on the same database, in turn
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Usage: ask.scm create DATABASE            with all tables, `level' and `edge' too, and no rows
;;        ask.scm count DATABASE             what the planner knows of the rows, anew
;;        ask.scm questions DATABASE RUNS    a line for each: NAME | ms | without compiling | by hand | answers
;;        ask.scm forms DATABASE RUNS        the flagship: ms in its slowest order of goals, in its quickest;
;;                                           ms with its rule, with the rule's body written out
;;        ask.scm closure DATABASE RUNS      ms, answers
;;        ask.scm beside DATABASE SECONDS    the flagship again and again: median, 95th of 100, how often
;;        ask.scm memory DATABASE            MiB that the flagship takes at most, above what was there
;;
;; Times are medians of CPU time, so that what else the machine does counts little; those beside a
;; writer are of the clock on the wall.  What is compared takes turns; its answers are compared first.

(use-modules (sheepdog catalogue)
             ((sheepdog core) #:hide (%now))
             (sheepdog logic compile)
             (sheepdog logic declaration)
             (sheepdog logic read)
             (sheepdog logic relation)
             (sheepdog question)
             (sheepdog relations)
             (sheepdog rule)
             (sheepdog sql)
             (sheepdog statistics)
             (sheepdog store)
             (sheepdog table)
             (ice-9 format)
             (ice-9 match)
             (ice-9 rdelim)
             (srfi srfi-1))

(primitive-load (string-append (dirname (current-filename)) "/questions.scm"))

(define %declarations
  '((define-state (level host metric -> (value integer)))
    (define-state (edge host on-host) (index on-host))))


;;; Asking.

(define (opened file)
  "Return the database in FILE, of which questions can be asked."
  (for-each (match-lambda
              ((head . goals) (define-rule! `(define-relation ,head ,@goals))))
            %rules)
  (prepare-for-questions! (open-store file 'read-only)))

(define (data query) (map data->datum query))

(define (compiled db query)
  (compile-question (database-world db) (data query) %now))

(define (run db compiled)
  "Return the rows, vectors, of a question that was COMPILED."
  (%db-run db (compiled-sql compiled) (compiled-values compiled %now)))

(define (ask db query)
  "Return the answers of DB to QUERY, compiled and run as for anybody."
  (answers-rows (ask-question db (data query) #:now %now)))


;;; Measuring.

(define (ms-of clock thunk)
  "Return the ms that THUNK takes by CLOCK, one of Guile's internal ones."
  (let ((began (clock)))
    (thunk)
    (/ (- (clock) began) (/ internal-time-units-per-second 1e3))))

(define (nth-of-100 percent times)
  (list-ref (sort times <) (min (- (length times) 1) (quotient (* percent (length times)) 100))))

(define (medians runs . thunks)
  "Return the median ms of each of THUNKS, which are called RUNS times in turn, after three times
to warm up."
  (for-each (lambda (_) (for-each (lambda (thunk) (thunk)) thunks)) (iota 3))
  (map (lambda (times) (nth-of-100 50 times))
       (apply map list
              (map (lambda (_)
                     (map (lambda (thunk)
                            (gc)                  ;what one leaves is not charged to the next
                            (ms-of get-internal-run-time thunk))
                          thunks))
                   (iota runs)))))


;;; What can be measured.

(define (create file)
  (let ((db (open-store file 'create)))
    (for-each
     (lambda (declaration)
       (let ((relation (read-declaration declaration)))
         (create-table! db relation)
         (sql db "INSERT INTO _relation (name, form, \"table\", place) VALUES ("
              (symbol->string (relation-name relation)) ", " (object->string declaration)
              ", " (relation-table relation) ", 'bench')")))
     %declarations)
    (%db-close! db)))

(define (count-all file)
  (let ((db (open-store file 'read-write)))
    (with-transaction db
      (for-each (lambda (relation) (count-statistics! db relation %now))
                (append built-in-relations (declared-relations db))))
    (%db-close! db)))

(define (alike? ours theirs)
  "Are these the same rows in the same order?  Means may differ in their last digits."
  (and (= (length ours) (length theirs))
       (every (lambda (a b)
                (every (lambda (x y)
                         (if (and (number? x) (number? y))
                             (<= (abs (- x y)) (* 1e-9 (abs x)))
                             (equal? x y)))
                       (vector->list a) (vector->list b)))
              ours theirs)))

(define (measure-question db runs)
  (match-lambda
    ((name query text . values)
     (let* ((once (compiled db query))
            (ours (run db once))
            (theirs (%db-run db text values)))
       (unless (alike? ours theirs)
         (error "other answers than by hand" name (length ours) (length theirs)))
       (match (medians runs
                       (lambda () (ask db query))
                       (lambda () (run db once))
                       (lambda () (%db-run db text values)))
         ((fresh cached by-hand)
          (format #t "~a|~,3f|~,3f|~,3f|~a~%" name fresh cached by-hand (length ours))))))))

(define (questions file runs)
  (let ((db (opened file)))
    (for-each (measure-question db runs) %questions)))

(define (permutations items)
  (if (null? items)
      '(())
      (append-map (lambda (item)
                    (map (lambda (rest) (cons item rest)) (permutations (delq item items))))
                  items)))

(define (forms file runs)
  (let* ((db (opened file))
         (thunk (lambda (query) (lambda () (ask db query))))
         (orders (match %flagship
                   ((head (during window . goals))
                    (map (lambda (goals) (list head (cons* during window goals)))
                         (permutations goals))))))
    (match (apply medians runs (map thunk orders))
      (times (format #t "~,3f ~,3f~%" (apply max times) (apply min times))))
    (match (medians runs (thunk %flagship) (thunk %flagship-written-out))
      ((rule body) (format #t "~,3f ~,3f~%" rule body)))))

(define (closure file runs)
  (let* ((db (opened file))
         (query '((?x) (reaches ?x "n-000000"))))
    (match (medians runs (lambda () (ask db query)))
      ((ms) (format #t "~,3f ~a~%" ms (length (ask db query)))))))

(define (beside file seconds)
  (let* ((db (opened file))
         (until (+ (get-internal-real-time) (* seconds internal-time-units-per-second))))
    (let loop ((times '()))
      (cond ((< (get-internal-real-time) until)
             (let ((ms (ms-of get-internal-real-time (lambda () (ask db %flagship)))))
               (usleep 50000)                     ;twenty people ask each second
               (loop (cons ms times))))
            (else
             (format #t "~,3f ~,3f ~a~%" (nth-of-100 50 times) (nth-of-100 95 times)
                     (length times)))))))

(define (most-memory)
  "Return the most MiB that this process has had, as Linux counts them."
  (call-with-input-file "/proc/self/status"
    (lambda (port)
      (let loop ()
        (let ((line (read-line port)))
          (if (string-prefix? "VmHWM:" line)
              (/ (string->number (second (string-tokenize line))) 1024)
              (loop)))))))

(define (memory file)
  (let* ((db (opened file))
         (before (begin
                   (ask db '((?host) (host ?host)))
                   (most-memory))))
    (ask db %flagship)
    (format #t "~,1f~%" (exact->inexact (- (most-memory) before)))))

(match (cdr (command-line))
  (("create" file) (create file))
  (("count" file) (count-all file))
  (("questions" file runs) (questions file (string->number runs)))
  (("forms" file runs) (forms file (string->number runs)))
  (("closure" file runs) (closure file (string->number runs)))
  (("beside" file seconds) (beside file (string->number seconds)))
  (("memory" file) (memory file)))
