;;; listing.scm -- which relations a database has, and their rows that hold now
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Only reads.

(define-module (sheepdog listing)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog core)
  #:use-module (sheepdog logic declaration)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog table)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (all-relations relations-named relation-place declared-form
            count-holding rows-holding))

(define (undeclared-relations db)
  "Return the relations of DB of which there are facts and no declaration, by name."
  (filter-map (match-lambda
                (#(name arity)
                 (and (not (declared-relation db (string->symbol name)))
                      (undeclared-relation (string->symbol name) (+ 1 arity)))))
              (sql db "SELECT DISTINCT relation, arity FROM _fact ORDER BY 1, 2")))

(define (all-relations db)
  "Return all relations of DB but for live ones: those that are built in, those that somebody
declared, those that nobody did."
  (append built-in-relations (declared-relations db) (undeclared-relations db)))

(define (relations-named db name)
  "Return the relations NAME, a string, of DB: of those that nobody declared one for each number of
arguments."
  (filter (lambda (relation) (string=? name (symbol->string (relation-name relation))))
          (all-relations db)))

(define (undeclared? relation)
  (string-prefix? "(" (relation-table relation)))

(define (relation-place db relation)
  "Return who declares RELATION, a string, or #f: nobody."
  (cond ((undeclared? relation) #f)
        ((built-in-relation (relation-name relation)) "built in")
        (else (sql-value db "SELECT place FROM _relation WHERE name = "
                         (symbol->string (relation-name relation))))))


;;; A declaration to be copied.

(define (guessed-type db relation column)
  (match (%db-run db (string-append "SELECT DISTINCT typeof(" (sql-name column) ") FROM "
                                    (relation-from relation) " LIMIT 3")
                  '())
    ((#("integer")) 'integer)
    ((#("real")) 'number)
    ((or (#("integer") #("real")) (#("real") #("integer"))) 'number)
    ((#("text")) 'text)
    (_ 'any)))

(define (declared-form db relation)
  "Return the form that declares RELATION, or would if somebody wrote it, as data."
  (if (undeclared? relation)
      (relation->declaration
       (make-relation (relation-name relation) 'state
                      (map (lambda (column)
                             (if (eq? 'host (column-name column))
                                 column
                                 (make-column (column-name column)
                                              (guessed-type db relation (column-name column)))))
                           (relation-columns relation))
                      (relation-keys relation)))
      (relation->declaration relation)))


;;; Rows.

(define (of-host relation host)
  "Return SQL that limits RELATION to HOST, and its parameters; #f, #f: it tells of no hosts."
  (let ((column (find (lambda (name) (relation-column relation name))
                      (if (eq? 'host (relation-name relation)) '(name) '(host)))))
    (cond ((not host) (values "1" '()))
          (column (values (string-append (quoted (sql-name column)) " = ?") (list host)))
          (else (values #f #f)))))

(define (event? relation)
  (eq? 'event (relation-kind relation)))

(define (holding relation now)
  "Return SQL that limits RELATION to what holds at NOW; events have no end."
  (cond ((event? relation) (values "1" '()))
        ((relation-planned? relation) (values "t0 <= ? AND t1 > ?" (list now now)))
        (else (values "t1 = 9223372036854775807" '()))))

(define (call-limited relation host now proc)
  "Return what PROC makes of the SQL and parameters for RELATION of HOST at NOW, or #f."
  (call-with-values (lambda () (of-host relation host))
    (lambda (host-text host-values)
      (and host-text
           (call-with-values (lambda () (holding relation now))
             (lambda (text values)
               (proc (string-append " FROM " (relation-from relation) " WHERE " host-text " AND " text)
                     (append host-values values))))))))

(define* (count-holding db relation now #:optional host)
  "Return how many rows of RELATION, of HOST if that is given, hold at NOW; of events: there are."
  (or (call-limited relation host now
        (lambda (text values)
          (match (%db-run db (string-append "SELECT count(*)" text) values)
            ((#(count)) count))))
      0))

(define %most-events 100)

(define* (rows-holding db relation now #:optional host)
  "Return the rows of RELATION, of HOST if that is given, that hold at NOW: lists (SINCE VALUE ...), by
their values.  Of events the newest, a hundred at most."
  (define columns
    (string-join (map (lambda (column) (quoted (sql-name (column-name column))))
                      (relation-columns relation))
                 ", "))
  (or (call-limited relation host now
        (lambda (text values)
          (map vector->list
               (%db-run db
                        (string-append "SELECT " (if (event? relation) "t, " "t0, ") columns text
                                       " ORDER BY "
                                       (if (event? relation)
                                           (string-append "t DESC LIMIT "
                                                          (number->string %most-events))
                                           columns))
                        values))))
      '()))
