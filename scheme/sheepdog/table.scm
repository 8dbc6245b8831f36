;;; table.scm -- the table of a relation, and the indexes by which its rows are found
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Columns are those of the relation, then t0, t1 and ev (the event that began the row), or t and
;; ev.  The primary key is the key and t0; of an event all columns and t, so that what is told
;; twice is there once.

(define-module (sheepdog table)
  #:use-module (sheepdog core)
  #:use-module (sheepdog logic relation)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (quoted column-storage table-script index-scripts create-table!))

(define (quoted name)
  "Return NAME, a string, as SQL quotes names."
  (string-append "\"" name "\""))

(define (column-storage column)
  "Return the SQL type of COLUMN: TEXT INTEGER REAL ANY."
  (match (column-type column)
    ((or 'text 'version) "TEXT")
    ((or 'integer 'time 'duration ('size _)) "INTEGER")
    ('number "REAL")
    ('any "ANY")))

(define (event? relation)
  (eq? 'event (relation-kind relation)))

(define (column-list names)
  (string-join (map (lambda (name) (quoted (sql-name name))) names) ", "))

(define (index-scripts relation)
  "Return the SQL that makes the indexes of RELATION, a statement each."
  (filter-map (match-lambda
                ((#f . _) #f)
                ((name . columns)
                 (string-append "CREATE INDEX " (quoted name) " ON "
                                (quoted (relation-table relation)) " ("
                                (column-list columns) ");\n")))
              (relation-indexes relation)))

(define (table-script relation)
  "Return the SQL that makes the table of RELATION and its indexes."
  (define table (quoted (relation-table relation)))
  (define columns
    (map (lambda (column)
           (string-append "  " (quoted (sql-name (column-name column))) " "
                          (column-storage column) " NOT NULL,\n"))
         (relation-columns relation)))
  (define times
    (if (event? relation)
        "  t INTEGER NOT NULL,\n  ev INTEGER NOT NULL,\n"
        "  t0 INTEGER NOT NULL,\n  t1 INTEGER NOT NULL,\n  ev INTEGER NOT NULL,\n"))
  (match (relation-indexes relation)
    (((#f . key) . _)
     (string-concatenate
      (cons (string-append "CREATE TABLE " table " (\n" (string-concatenate columns) times
                           "  PRIMARY KEY (" (column-list key) ")\n) STRICT, WITHOUT ROWID;\n")
            (index-scripts relation))))))

(define (create-table! db relation)
  "Make the table of RELATION and its indexes in DB."
  (%db-run-script! db (table-script relation)))
