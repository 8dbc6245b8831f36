;;; declare.scm -- a relation that somebody declares gets its table, and the facts that came before
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Each procedure takes part in the caller's transaction.  Who declares is a configuration, a monitor's
;; file or a REPL; the same again does nothing.  Other columns are an error until `migrate-relation!'.

(define-module (sheepdog declare)
  #:use-module (sheepdog argument)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog claim)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog logic declaration)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog shelf)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog table)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (declare-relation! migrate-relation!))

(define (form relation)
  (object->string (relation->declaration relation)))

(define (columns-words relation)
  "Return the columns of RELATION as a declaration has them: (raid host disk -> status)."
  (object->string (second (relation->declaration relation))))

(define (free-table db relation)
  "Return a name for the table of RELATION that nothing in DB has yet."
  (let loop ((name (sql-name (relation-name relation))))
    (if (sql-row db "SELECT 1 FROM sqlite_schema WHERE name = " name)
        (loop (string-append name "_"))
        name)))

(define (note-relation! db relation place)
  (sql db "INSERT OR REPLACE INTO _relation (name, form, \"table\", place) VALUES ("
       (symbol->string (relation-name relation)) ", " (form relation) ", "
       (relation-table relation) ", " place ")")
  ;; What others remember of facts is of the time before.
  (set-mark! db "writer" ""))


;;; Facts that came before.

(define (undeclared-arguments row)
  "Return (HOST ARGUMENT ... ) T0 T1 EV of ROW of table _fact."
  (match row
    (#(arity host k1 k2 k3 value t0 t1 ev)
     (values (cons host (append (take (list k1 k2 k3) (max 0 (- arity 1)))
                                (if (zero? arity) '() (list value))))
             t0 t1 ev))))

(define (without-overlaps rows)
  "Return ROWS, those of one key by their beginnings, such that each ends when the next begins, and that
equal ones are one."
  (match rows
    ((one next . rest)
     (let ((end (min (row-t1 one) (row-t0 next))))
       (cond ((= end (row-t0 one)) (without-overlaps (cons next rest)))
             ((and (= end (row-t0 next)) (equal? (row-values one) (row-values next)))
              (without-overlaps
               (cons (row (row-values one) (row-t0 one) (row-t1 next) (row-ev one)) rest)))
             (else (cons (row (row-values one) (row-t0 one) end (row-ev one))
                         (without-overlaps (cons next rest)))))))
    (_ rows)))

(define (move-states! db shelf moved)
  "Enter MOVED, lists (KEY . ROW), into SHELF."
  (let ((by-key (make-hash-table)))
    (for-each (match-lambda
                ((key . row)
                 (hash-set! by-key key (cons row (hash-ref by-key key '())))))
              moved)
    (hash-for-each
     (lambda (key rows)
       (for-each (lambda (row) (insert-row! db shelf key row))
                 (without-overlaps (sort rows (lambda (a b) (< (row-t0 a) (row-t0 b)))))))
     by-key)))

(define (move-facts! db relation)
  "Move the facts of RELATION that came before it was declared into its table; those that do not fit
stay, and are noted as refused."
  (let ((name (symbol->string (relation-name relation)))
        (shelf (relation->shelf relation)))
    (define (fitting found)
      ;; -> (KEY . ROW) | #f
      (call-with-values (lambda () (undeclared-arguments found))
        (lambda (arguments t0 t1 ev)
          (match (fit-arguments relation (cdr arguments))
            ((? unfit? no)
             (sql db "INSERT INTO refused (host, relation, reason, t, ev) VALUES (" (first arguments)
                  ", " name ", " (unfit-reason no) ", " t0 ", " ev ")")
             #f)
            (fitting
             (let ((all (cons (first arguments) fitting)))
               (sql db "DELETE FROM _fact WHERE relation = " name " AND arity = "
                    (- (length arguments) 1) " AND host = " (first arguments)
                    " AND k1 = " (vector-ref found 2) " AND k2 = " (vector-ref found 3)
                    " AND k3 = " (vector-ref found 4) " AND t0 = " t0)
               (if (shelf-event? shelf)
                   (begin
                     (insert-event-row! db shelf all t0 ev)
                     #f)
                   (cons (take all (relation-keys relation))
                         (row (drop all (relation-keys relation)) t0 t1 ev)))))))))
    (when (eq? 'host (column-name (first (relation-columns relation))))
      (move-states! db shelf
                    (filter-map fitting
                                (sql db "SELECT arity, host, k1, k2, k3, value, t0, t1, ev FROM _fact
 WHERE relation = " name " ORDER BY host, t0"))))))


;;; To declare.

(define (make-it! db relation place)
  (let ((relation (relation-held-by relation (free-table db relation))))
    (create-table! db relation)
    (note-relation! db relation place)
    (move-facts! db relation)
    relation))

(define (with-other-indexes! db old new place)
  "Let OLD have the indexes, and what else is no column, of NEW."
  (let ((new (relation-held-by new (relation-table old))))
    (for-each (match-lambda
                ((#f . _) #t)
                ((name . _) (%db-run db (string-append "DROP INDEX " (quoted name)) '())))
              (relation-indexes old))
    (for-each (lambda (script) (%db-run-script! db script)) (index-scripts new))
    (note-relation! db new place)))

(define (declare-relation! db relation place)
  "Let RELATION, which PLACE (a string) declares, be one of DB; return whether anything changed.  Raise
`bad-relation' where one of that name has other columns."
  (define (other-columns old hint)
    (raise-error 'bad-relation
                 (string-append "relation '" (symbol->string (relation-name relation))
                                "' has other columns: " (columns-words old))
                 hint))
  (let* ((name (relation-name relation))
         (old (declared-relation db name)))
    (cond ((not old)
           (make-it! db relation place)
           #t)
          ((built-in-relation name)
           (unless (same-columns? old relation)
             (other-columns old "it is built in"))
           #f)
          ((not (same-columns? old relation))
           (other-columns old (string-append "(migrate '" (symbol->string name)
                                             ") in the REPL changes it")))
          ((string=? (form old) (form relation)) #f)
          (else
           (with-other-indexes! db old relation place)
           #t))))


;;; To change columns.

(define (default-value column)
  (match (column-type column)
    ((or 'text 'version 'any) "")
    ('number 0.0)
    (_ 0)))

(define (copied-columns old new)
  "Return SQL for the columns of NEW as OLD has them; what is new has a default."
  (string-join
   (map (lambda (column)
          (let ((before (relation-column old (column-name column))))
            (cond ((not before) (let ((value (default-value column)))
                                  (if (string? value) "''" (number->string value))))
                  ((equal? (column-type before) (column-type column))
                   (quoted (sql-name (column-name column))))
                  (else (string-append "CAST(" (quoted (sql-name (column-name column))) " AS "
                                       (match (column-storage column)
                                         ("ANY" "BLOB")
                                         (storage storage))
                                       ")")))))
        (relation-columns new))
   ", "))

(define (old-name db table)
  (let loop ((name (string-append "_old_" table)))
    (if (sql-row db "SELECT 1 FROM sqlite_schema WHERE name = " name)
        (loop (string-append name "_"))
        name)))

(define (migrate-relation! db relation place)
  "Give RELATION, which PLACE declares, the columns that it has now: its rows are copied, columns that
are new have a default, \"\" or 0.  The old table stays, its name is returned; #f: nothing was to do."
  (let* ((name (relation-name relation))
         (old (declared-relation db name)))
    (cond ((or (not old) (built-in-relation name) (same-columns? old relation))
           (declare-relation! db relation place)
           #f)
          (else
           (let ((kept (old-name db (relation-table old)))
                 (new (relation-held-by relation (relation-table old)))
                 (times (if (eq? 'event (relation-kind relation)) "t, ev" "t0, t1, ev")))
             (unless (eq? (relation-kind old) (relation-kind relation))
               (raise-error 'bad-relation "a state cannot become an event, nor an event a state"))
             (for-each (match-lambda
                         ((#f . _) #t)
                         ((index . _) (%db-run db (string-append "DROP INDEX " (quoted index)) '())))
                       (relation-indexes old))
             (%db-run db (string-append "ALTER TABLE " (quoted (relation-table old)) " RENAME TO "
                                        (quoted kept))
                      '())
             (create-table! db new)
             (%db-run db (string-append "INSERT OR IGNORE INTO " (quoted (relation-table new))
                                        " SELECT " (copied-columns old new) ", " times " FROM "
                                        (quoted kept))
                      '())
             (note-relation! db new place)
             kept)))))
