;;; catalogue.scm -- which relations a database has, and what is known of their rows
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Built-in ones, those that somebody declared (table _relation), live ones of this process, and
;; what came in facts without any declaration.

(define-module (sheepdog catalogue)
  #:use-module (sheepdog logic declaration)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (catalogue declared-relation declared-relations told-relations relation-statistics
            register-relation! registered-relation registered-relations registered-version
            register-live! forget-live! live-relations))


;;; Those that plugins, a REPL or the configuration of this process declare, in a database or not yet.

(define %registered (make-hash-table))            ;symbol -> (relation . place)
(define %version 0)                               ;counts them

(define (register-relation! relation place)
  "Let RELATION be what PLACE, a string, declares under its name."
  (unless (equal? (cons relation place) (hashq-ref %registered (relation-name relation)))
    (hashq-set! %registered (relation-name relation) (cons relation place))
    (set! %version (+ %version 1))))

(define (registered-relation name)
  "Return (RELATION . PLACE) of what is declared under NAME, a symbol, or #f."
  (hashq-ref %registered name))

(define (registered-relations)
  "Return all of these."
  (hash-map->list (lambda (name registered) registered) %registered))

(define (registered-version)
  "Return a number that is another one whenever something was declared."
  %version)


;;; Live relations: a procedure answers.

(define %live (make-hash-table))                  ;symbol -> relation

(define (register-live! relation)
  "Let RELATION, a live one, answer under its name, in place of any other."
  (hashq-set! %live (relation-name relation) relation))

(define (forget-live! name)
  (hashq-remove! %live name))

(define (live-relations)
  (hash-map->list (lambda (name relation) relation) %live))


;;; Declared ones.

(define (text->declaration text)
  (call-with-input-string text read))

(define (declared-relations db)
  "Return the relations that were declared in DB, a list."
  (map (match-lambda
         (#(form table)
          (relation-held-by (read-declaration (text->declaration form)) table)))
       (sql db "SELECT form, \"table\" FROM _relation ORDER BY name")))

(define (declared-relation db name)
  "Return the relation NAME, a symbol, that is built in or was declared in DB, or #f."
  (or (built-in-relation name)
      (read-declared db name)))

(define (read-declared db name)
  (match (sql-row db "SELECT form, \"table\" FROM _relation WHERE name = " (symbol->string name))
    (#(form table) (relation-held-by (read-declaration (text->declaration form)) table))
    (#f #f)))

(define (told-relations db)
  "Return the relations of DB of which messages tell and that have a table of their own."
  (append (remove (lambda (relation) (own-relation? (relation-name relation))) built-in-relations)
          (declared-relations db)))

(define (undeclared-names db)
  "Return the names, symbols, of the relations of which there are facts and no declaration."
  (map (match-lambda (#(name) (string->symbol name)))
       (sql db "WITH RECURSIVE r(name) AS (
 SELECT min(relation) FROM _fact
 UNION ALL
 SELECT (SELECT min(relation) FROM _fact WHERE relation > r.name) FROM r WHERE r.name IS NOT NULL)
 SELECT name FROM r WHERE name IS NOT NULL")))

(define (undeclared? db name arity)
  (sql-value db "SELECT 1 FROM _fact WHERE relation = " (symbol->string name) " AND arity = "
             (- arity 1) " LIMIT 1"))

(define (catalogue db)
  "Return two values.  The first is (NAME ARITY) -> relation, or #f: there is none of that NAME, a
symbol; one that nobody declared has as many arguments as are asked for, the host among them.  The
second gives the names of all, a list of symbols."
  (define known (make-hash-table))
  (define (declared name)
    (match (hashq-get-handle known name)
      ((_ . relation) relation)
      (#f (let ((relation (declared-relation db name)))
            (hashq-set! known name relation)
            relation))))
  (values (lambda (name arity)
            (or (declared name)
                (hashq-ref %live name)
                (and (<= 1 arity 5)
                     (relation-name? (symbol->string name))
                     (undeclared? db name arity)
                     (undeclared-relation name arity))))
          (lambda ()
            (delete-duplicates
             (append (map relation-name built-in-relations)
                     (map relation-name (declared-relations db))
                     (map relation-name (live-relations))
                     (undeclared-names db))))))


;;; What is known of the rows.

(define (relation-statistics db relation)
  "Return the <statistics> of RELATION as they were last noted, or #f: never."
  (define rows
    (sql db "SELECT \"column\", rank, value, rows, open, daily, ndistinct FROM _stat WHERE relation = "
         (symbol->string (relation-name relation)) " ORDER BY \"column\", rank"))
  (define (by-column proc)
    (filter-map (match-lambda
                  (#("" _ ...) #f)
                  (row (proc row)))
                rows))
  (match rows
    ((#("" 0 _ count open daily _) _ ...)
     (make-statistics
      count open daily
      (by-column (match-lambda
                   (#(column 0 _ _ _ _ distinct) (cons (string->symbol column) distinct))
                   (_ #f)))
      (fold-right (match-lambda*
                    ((#(column rank value rows _ _ _) common)
                     (let ((column (string->symbol column)))
                       (if (zero? rank)
                           common
                           (assq-set! common column
                                      (acons value rows (or (assq-ref common column) '())))))))
                  '()
                  rows)))
    (_ #f)))
