;;; database.scm -- a world of the oracle in a state database: its rows by hand, or through the store
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (oracle database)
  #:use-module (oracle random-world)
  #:use-module (oracle value)
  #:use-module (oracle world)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog core)
  #:use-module (sheepdog logic declaration)
  #:use-module ((sheepdog logic relation) #:prefix logic:)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog table)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-11)
  #:export (world-database fill! empty! rows-of))

(define (world-database file)
  "Return a new state database in FILE that has the tables of all relations of random worlds."
  (let ((db (open-store file 'create)))
    (for-each
     (match-lambda
       ((and declaration (_ (name . _) . _))
        (unless (built-in-relation name)
          (let ((relation (read-declaration declaration)))
            (create-table! db relation)
            (sql db "INSERT INTO _relation (name, form, \"table\", place) VALUES ("
                 (symbol->string name) ", " (object->string declaration) ", "
                 (logic:relation-table relation) ", 'oracle')")))))
     %declarations)
    db))

(define (table-of db relation)
  "Return the table of RELATION, one of the oracle's, and its columns in order."
  (match (call-with-values (lambda () (catalogue db))
           (lambda (find names)
             (find (relation-name relation) (length (relation-columns relation)))))
    (found (values (logic:relation-table found)
                   (map logic:sql-name (relation-columns relation))))))

(define (time-columns relation)
  (if (eq? 'event (relation-kind relation)) '("t") '("t0" "t1")))

(define (other-columns db table given)
  "Return (NAME . TYPE), text or number, of the columns of TABLE that must have a value and are not
GIVEN."
  (filter-map (match-lambda
                (#(name type) (and (not (member name given))
                                   (cons name (if (string=? type "TEXT") 'text 'number)))))
              (%db-run db "SELECT name, type FROM pragma_table_xinfo(?) WHERE \"notnull\" = 1
 AND dflt_value IS NULL" (list table))))

(define (quoted names)
  (string-join (map (lambda (name) (string-append "\"" name "\"")) names) ", "))

(define (insert! db relation facts)
  (call-with-values (lambda () (table-of db relation))
    (lambda (table columns)
      (let* ((given (append columns (time-columns relation)))
             (others (other-columns db table given))
             (text (string-append "INSERT INTO \"" table "\" ("
                                  (quoted (append given (map car others))) ") VALUES ("
                                  (string-join (map (const "?") (append given others)) ", ")
                                  ")")))
        (for-each (lambda (f n)
                    (%db-run db text
                             (append (fact-values f)
                                     (if (eq? 'event (relation-kind relation))
                                         (list (fact-t0 f))
                                         (list (fact-t0 f) (fact-t1 f)))
                                     (map (match-lambda ((_ . type) (if (eq? type 'text) "" n)))
                                          others))))
                  facts (iota (length facts) 1))))))

(define (rows-of db relation)
  "Return the facts of RELATION, one of the oracle's, that DB has."
  (call-with-values (lambda () (table-of db relation))
    (lambda (table columns)
      (define event? (eq? 'event (relation-kind relation)))
      (map (lambda (row)
             (let-values (((values times) (split-at (vector->list row) (length columns))))
               (make-fact (relation-name relation) values (first times)
                          (if event? (+ 1 (first times)) (second times)))))
           (%db-run db (string-append "SELECT " (quoted (append columns (time-columns relation)))
                                      " FROM \"" table "\"")
                    '())))))

(define (empty! db world)
  "Take all facts of WORLD's relations out of DB."
  (for-each (lambda (relation)
              (call-with-values (lambda () (table-of db relation))
                (lambda (table columns)
                  (%db-run db (string-append "DELETE FROM \"" table "\"") '()))))
            (world-relations world)))

(define (fill! db world)
  "Make the facts of WORLD those of DB."
  (with-transaction db
    (empty! db world)
    (for-each (lambda (relation)
                (insert! db relation (world-facts-of world (relation-name relation))))
              (world-relations world))))
