;;; touch.scm -- which answers of standing questions the rows that change may touch
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Temporary triggers on the tables that a question reads, under the constants that it asks for, note
;; of each row that changes the values that answers share with it.  Tables that no question reads have
;; no trigger, and cost nothing; other processes that write have none, either.

(define-module (sheepdog touch)
  #:use-module (sheepdog core)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic standing)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (watch! take-touched!))

(define (sql-literal value)
  (if (number? value)
      (number->string value)
      (string-append "'" (string-join (string-split value #\') "''") "'")))

(define (tables watch)
  "Return two values: the tables that hold the rows of WATCH, and whether one has a column, (name) ->
boolean."
  (define relation (watch-relation watch))
  (match (relation-table relation)
    ("event_said" (values '("event_index") (lambda (column) (memq column '(host tag state)))))
    ("silenced" (values '("silence" "_silence") (const #f)))
    ((? (lambda (table) (string-prefix? "(" table))) (values '("_fact") (const #f)))
    (table (values (list table) (const #t)))))

(define (those has? columns)
  (filter (match-lambda ((column . _) (has? column))) columns))

(define (trigger-conditions name watch row has?)
  "Return the SQL of whether ROW, NEW or OLD, concerns WATCH of the question NAME: not
what that says itself."
  (define (column name) (string-append row ".\"" (sql-name name) "\""))
  (append
   (map (match-lambda
          ((constant . value) (string-append (column constant) " = " (sql-literal value))))
        (those has? (watch-constants watch)))
   (if (and (relation-column (watch-relation watch) 'tag) (has? 'tag))
       (list (string-append (column 'tag) " <> " (sql-literal name))
             (string-append "substr(" (column 'tag) ", 1, "
                            (number->string (+ 1 (string-length name))) ") <> "
                            (sql-literal (string-append name " "))))
       '())))

(define (add-trigger! db name watch table has? event row n)
  (let ((conditions (trigger-conditions name watch row has?)))
    (%db-run db (string-append
                 "CREATE TEMP TRIGGER \"standing " (number->string n) "\" AFTER " event
                 " ON main.\"" table "\""
                 (if (null? conditions) "" (string-append " WHEN " (string-join conditions " AND ")))
                 " BEGIN INSERT OR IGNORE INTO _touched VALUES ("
                 (sql-literal name) ", "
                 "json_array("
                 (string-join
                  (append-map (match-lambda
                                ((column . variable)
                                 (list (sql-literal (symbol->string variable))
                                       (string-append row ".\"" (sql-name column) "\""))))
                              (those has? (watch-shared watch)))
                  ", ")
                 ")"
                 "); END")
             '())))

(define (drop-triggers! db)
  (for-each (match-lambda
              (#(name) (%db-run db (string-append "DROP TRIGGER temp.\"" name "\"") '())))
            (sql db "SELECT name FROM temp.sqlite_master WHERE type = 'trigger' AND name LIKE 'standing %'")))

(define (watch! db questions)
  "Let the rows that QUESTIONS, (NAME . WATCHES) each, depend on be noted when they change, and no
others."
  (define n 0)
  (drop-triggers! db)
  (%db-run db "CREATE TEMP TABLE IF NOT EXISTS _touched (question TEXT NOT NULL,
 shared TEXT NOT NULL, PRIMARY KEY (question, shared)) WITHOUT ROWID" '())
  (define (watch-table! name watch table has?)
    (for-each (match-lambda
                ((event . row)
                 (set! n (+ n 1))
                 (add-trigger! db name watch table has? event row n)))
              '(("INSERT" . "NEW") ("UPDATE" . "OLD") ("UPDATE" . "NEW") ("DELETE" . "OLD"))))
  (for-each
   (match-lambda
     ((name . watches)
      (for-each (lambda (watch)
                  (call-with-values (lambda () (tables watch))
                    (lambda (names has?)
                      (for-each (lambda (table) (watch-table! name watch table has?)) names))))
                watches)))
   questions))


;;; What was noted

(define (text->shared text)
  (let loop ((rest (vector->list (car (%json-read text)))))
    (match rest
      (() '())
      ((variable value . rest) (acons (string->symbol variable) value (loop rest))))))

(define (take-touched! db)
  "Return what was noted since the last call, a list of (NAME (VARIABLE . VALUE) ...): answers of the
question NAME that have these values may have come or gone."
  (let ((rows (sql db "SELECT question, shared FROM _touched")))
    (unless (null? rows)
      (sql db "DELETE FROM _touched"))
    (map (match-lambda (#(name shared) (cons name (text->shared shared)))) rows)))
