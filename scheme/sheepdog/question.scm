;;; question.scm -- questions asked of a database: compiled, run until an end, answered
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Whoever asks has a connection of his own, which only reads: it neither waits for the writer nor
;; makes him wait.  Answers are lists of values: text, numbers, times and durations in ms; `open'
;; is the end of what still holds, #f what nobody can say, as a division by zero.

(define-module (sheepdog question)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog live)
  #:use-module (sheepdog logic compile)
  #:use-module (sheepdog logic read)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic rounds)
  #:use-module (sheepdog logic world)
  #:use-module (sheepdog proof)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog rule)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (prepare-for-questions! database-world
            ask-question compile-question explain-question prove-answers
            text->data only
            answers? answers-columns answers-rows answers-time answers-reads answers-complete?
            silent-hosts raise-problems))

(define %patience 5000)                           ;ms
(define %open 9223372036854775807)

(define-record-type <answers>
  (make-answers columns rows time reads complete?)
  answers?
  (columns answers-columns)                       ;list of <answer-column>
  (rows answers-rows)                             ;list of lists of values
  (time answers-time)                             ;ms: the now that counted
  (reads answers-reads)                           ;list of <relation>
  (complete? answers-complete?))                  ;did all that were asked answer?

(define (prepare-for-questions! db)
  "Make DB, an open database, one of which questions can be asked, and return it."
  (%db-for-questions! db)
  db)

(define (told? relation)
  "Do machines tell the facts of RELATION, and `replaces' when these are all?"
  (or (not (built-in-relation (relation-name relation)))
      (memq (relation-name relation) '(label package service ram cpu os kernel))))

(define (database-world db)
  "Return the <world> of DB: its relations, and all rules."
  (call-with-values (lambda () (catalogue db))
    (lambda (find-relation names)
      (define known (make-hash-table))            ;name -> <statistics> | #f
      (make-world find-relation
                  #:relations (lambda () (append built-in-relations (declared-relations db)))
                  #:rule defined-rule
                  #:names (lambda () (append (rule-names) (names)))
                  #:told told?
                  #:statistics
                  (lambda (relation)
                    (match (hashq-get-handle known (relation-name relation))
                      ((_ . statistics) statistics)
                      (#f (let ((statistics (relation-statistics db relation)))
                            (hashq-set! known (relation-name relation) statistics)
                            statistics))))))))


;;; Errors

(define* (raise-problems problems #:optional source)
  "Raise `bad-question' with all PROBLEMS, shown in SOURCE, their text, if it is at hand."
  (raise-error 'bad-question
               (string-join (append-map (lambda (problem) (problem->lines problem source))
                                        problems)
                            "\n")))

(define* (text->data text #:optional (file "ask"))
  "Return the data in TEXT, called FILE in errors; raise `bad-question'."
  (call-with-values (lambda () (read-data text file))
    (lambda (data problems)
      (if (null? problems)
          data
          (raise-problems problems text)))))


;;; Asking

(define* (compile-question world data now #:key at limit bindings source)
  "Return the <compiled> question of DATA, a list of <datum>, in WORLD; raise `bad-question'."
  (call-with-values
      (lambda ()
        (compile-query data world now #:at? (and at #t) #:limit limit
                       #:bindings (or bindings '())))
    (lambda (compiled problems)
      (or compiled (raise-problems problems source)))))

(define (json->values text)
  (sort (vector->list (car (%json-read text)))
        (lambda (a b)
          (cond ((and (number? a) (number? b)) (< a b))
                ((number? a) #t)
                ((number? b) #f)
                (else (string<? a b))))))

(define (column-reader column)
  (cond ((answer-column-list? column) json->values)
        ((eq? 'time (answer-column-type column))
         (lambda (value) (if (eqv? value %open) 'open value)))
        (else identity)))

(define (row->answer row readers)
  (map (lambda (value read) (and value (read value)))
       (vector->list row) readers))

(define (call-with-deadline db patience thunk)
  "Return what THUNK, which asks DB, returns; raise `too-long' when that takes more than PATIENCE,
ms."
  (define end (+ (%monotonic) patience))
  (dynamic-wind
    (lambda () (%db-deadline! db (/ patience 1000.0)))
    (lambda ()
      (with-error-handler
       (lambda (code text hint)
         (if (and (eq? code 'database-failed)
                  (>= (%monotonic) end)
                  (string-contains text "interrupted"))
             (raise-error 'too-long
                          (format #f "no answer within ~a s" (/ patience 1000.0))
                          "ask for less, or with --timeout for longer")
             (raise-error code text (or hint ""))))
       thunk))
    (lambda () (%db-deadline! db #f))))

(define* (ask-question db data #:key now at limit bindings (patience %patience) source
                       (world (database-world db)))
  "Return the <answers> of DB to the question DATA, a list of <datum>.  NOW (ms) is the time, AT
asks as if another one were now; LIMIT is how many answers at most, BINDINGS, an alist from variables to
values, what is known beforehand, PATIENCE how long it may
take, ms.  Raise `bad-question', its errors shown in SOURCE, or `too-long'."
  (let* ((now (or at now (%now)))
         (compiled (compile-question world data now #:at at #:limit limit #:bindings bindings
                                     #:source source))
         (readers (map column-reader (compiled-columns compiled))))
    (call-with-inquiry
     db (filter live? (compiled-reads compiled)) patience
     (lambda (inquiry)
       (let ((rows (call-with-deadline db patience
                     (lambda ()
                       (run-compiled db compiled now)))))
         (make-answers (compiled-columns compiled)
                       (map (lambda (row) (row->answer row readers)) rows)
                       now
                       (compiled-reads compiled)
                       (inquiry-complete? inquiry)))))))

(define (run-compiled db compiled now)
  "Return the rows of DB for COMPILED, asked at NOW."
  (prepare-rounds! db compiled now)
  (%db-run db (compiled-sql compiled) (compiled-values compiled now)))

(define (prepare-rounds! db compiled now)
  "Fill the tables that COMPILED wants to be there, those of `rounds', at NOW."
  (define (run format-sql . values)
    (%db-run db format-sql (if (pair? values) (car values) '())))
  (define (add! target select parameters)
    (match target
      ((table . columns)
       (run (string-append "INSERT OR IGNORE INTO temp." table "_new " select)
            (values-at parameters now)))))
  (define (make! target)
    (match target
      ((table . columns)
       (for-each
        (lambda (suffix)
          (run (string-append "DROP TABLE IF EXISTS temp." table suffix))
          (run (string-append "CREATE TABLE temp." table suffix " ("
                              (string-join columns ", ") ", PRIMARY KEY ("
                              (string-join columns ", ") ")) WITHOUT ROWID")))
        '("_all" "_delta" "_new")))))
  (define (turn! target)
    ;; what is new becomes the delta; -> how many that are
    (match target
      ((table . columns)
       (run (string-append "DELETE FROM temp." table "_delta"))
       (run (string-append "INSERT INTO temp." table "_delta SELECT * FROM temp." table
                           "_new EXCEPT SELECT * FROM temp." table "_all"))
       (run (string-append "INSERT INTO temp." table "_all SELECT * FROM temp." table "_delta"))
       (run (string-append "DELETE FROM temp." table "_new"))
       (vector-ref (car (run (string-append "SELECT count(*) FROM temp." table "_delta"))) 0))))
  (define (add-all! rounds selects)
    (for-each (match-lambda
                ((table select . parameters)
                 (add! (assoc table (rounds-tables rounds)) select parameters)))
              selects))
  (for-each
   (lambda (rounds)
     (for-each make! (rounds-tables rounds))
     (add-all! rounds (rounds-begin rounds))
     (let next ()
       (when (positive? (apply + (map turn! (rounds-tables rounds))))
         (add-all! rounds (rounds-step rounds))
         (next))))
   (compiled-prelude compiled)))

(define* (explain-question db data #:key now at limit source (world (database-world db)))
  "Return how DB would answer the question DATA, an alist: `order' is a list of <evidence>, `sql' the
statement, `values' those of its parameters, `plan' the lines of SQLite's own plan."
  (let* ((now (or at now (%now)))
         (compiled (compile-question world data now #:at at #:limit limit #:source source))
         (values (compiled-values compiled now)))
    (call-with-inquiry
     db (filter live? (compiled-reads compiled)) %patience
     (lambda (inquiry)
       (call-with-deadline db %patience (lambda () (prepare-rounds! db compiled now)))
       `((order . ,(compiled-steps compiled))
         (sql . ,(compiled-sql compiled))
         (values . ,values)
         (plan . ,(plan-lines (%db-run db (string-append "EXPLAIN QUERY PLAN "
                                                         (compiled-sql compiled))
                                       values))))))))

(define (plan-lines rows)
  "Return ROWS of EXPLAIN QUERY PLAN as lines, what belongs to another is indented."
  (define depths (make-hash-table))
  (map (match-lambda
         (#(id parent _ detail)
          (let ((depth (+ 1 (or (hashv-ref depths parent) -1))))
            (hashv-set! depths id depth)
            (string-append (make-string (* 2 depth) #\space) detail))))
       rows))

(define (live? relation)
  (eq? 'live (relation-kind relation)))


;;; Why

(define (only answers row)
  "Return ANSWERS without all but ROW, a list of values."
  (make-answers (answers-columns answers) (filter (lambda (other) (equal? row other))
                                                  (answers-rows answers))
                (answers-time answers) (answers-reads answers) (answers-complete? answers)))

(define* (prove-answers db data answers #:key at (patience %patience) (world (database-world db)))
  "Return for each of ANSWERS, those of DB to DATA at the time AT, if any, the <step>s that it rests
on.  Raise `too-long' when all that takes longer than PATIENCE, ms."
  (call-with-inquiry
   db (filter live? (answers-reads answers)) patience
   (lambda (inquiry)
     (call-with-deadline db patience
       (lambda ()
         (map (lambda (row)
                (prove db world data row (answers-time answers) #:at? (and at #t)))
              (answers-rows answers)))))))


;;; Who is not heard

(define (of-hosts? relation)
  "Does RELATION tell facts of hosts?"
  (or (eq? 'host (relation-name relation))
      (any (lambda (column) (eq? 'host (column-name column))) (relation-columns relation))))

(define (silent-hosts db answers)
  "Return the (HOST . SINCE) of the hosts that were silent when ANSWERS were given, by name; ()
where these are not about hosts."
  (if (any of-hosts? (answers-reads answers))
      (let ((time (answers-time answers)))
        (map (match-lambda (#(host since) (cons host since)))
             (sql db "SELECT host, t0 FROM silent WHERE t1 > " time " AND t0 <= " time
                  " ORDER BY host")))
      '()))
