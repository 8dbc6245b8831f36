;;; statement.scm -- an SQL statement under construction: its parameters, aliases and tables of its own
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Values never become SQL text: they are parameters, ?1 ?2 ....  One that depends on the time of
;; asking is a procedure from now (ms) to the value, so that a statement can be run again later.

(define-module (sheepdog logic statement)
  #:use-module ((sheepdog logic relation) #:select (sql-name))
  #:use-module (sheepdog logic term)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (new-statement statement-world statement-types statement-complain statement-at?
            used-parameters statement-tables statement-now statement-reads
            parameter! new-alias! add-table! note-read! note-step! statement-steps
            note-prelude! statement-prelude with-tables
            with-types
            column->sql commas ands joins %open))

(define %open "9223372036854775807")              ;the end of what still holds

(define-record-type <statement>
  (make-statement world types complain at? cells)
  statement?
  (world statement-world)                         ;<world>
  (types statement-types)                         ;variable -> type
  (complain statement-complain)                   ;(datum text hint)
  (at? statement-at?)                             ;is it asked as if now were another time?
  (cells cells))                                  ;vector, see below

;; Shared by the parts of one statement: values, last first; number of aliases; tables WITH defines,
;; last first; relations that are read; what was placed, last first;
;; what is to be done before, last first.
(define %values 0)
(define %aliases 1)
(define %tables 2)
(define %reads 3)
(define %steps 4)
(define %prelude 5)

(define (new-statement world types complain at?)
  (make-statement world types complain at? (vector '() 0 '() '() '() '())))

(define (with-types statement types)
  "Return STATEMENT for a part with variables of its own, whose TYPES are these."
  (match statement
    (($ <statement> world _ complain at? cells)
     (make-statement world types complain at? cells))))

(define (parameter! statement value)
  "Return the SQL that stands for VALUE in STATEMENT."
  (let* ((values (vector-ref (cells statement) %values))
         (before (member value values)))
    (unless before
      (vector-set! (cells statement) %values (cons value values)))
    (string-append "?" (number->string (if before (length before) (+ 1 (length values)))))))

(define (used-parameters statement sql)
  "Return SQL with its parameters numbered anew, without those that it does not use, and the list
of their values; procedures are to be called with now."
  (define all (list->vector (reverse (vector-ref (cells statement) %values))))
  (let loop ((pieces (string-split sql #\?)) (used '()) (done '()))
    (match pieces
      (() (values (string-concatenate (reverse done))
                  (map (lambda (n) (vector-ref all (- n 1))) (reverse used))))
      ((piece . rest)
       (if (null? done)
           (loop rest used (list piece))
           (let* ((end (or (string-skip piece char-set:digit) (string-length piece)))
                  (n (string->number (string-take piece end)))
                  (used (if (memv n used) used (cons n used))))
             (loop rest used
                   (cons* (string-drop piece end)
                          (number->string (length (memv n used)))
                          "?"
                          done))))))))

(define (statement-now statement)
  "Return the SQL that says what time it is."
  (parameter! statement identity))

(define (new-alias! statement name)
  "Return a short name that is new in STATEMENT, for rows of NAME, a symbol."
  (let ((n (+ 1 (vector-ref (cells statement) %aliases))))
    (vector-set! (cells statement) %aliases n)
    (string-append (string (string-ref (symbol->string name) 0)) (number->string n))))

(define (statement-tables statement)
  "Return the tables, SQL text, that WITH is to define for STATEMENT, in order."
  (reverse (vector-ref (cells statement) %tables)))

(define (add-table! statement text)
  (vector-set! (cells statement) %tables (cons text (vector-ref (cells statement) %tables))))

(define (note-read! statement relation)
  "Note that STATEMENT reads RELATION."
  (unless (memq relation (statement-reads statement))
    (vector-set! (cells statement) %reads (cons relation (statement-reads statement)))))

(define (statement-reads statement)
  "Return the relations that STATEMENT reads."
  (vector-ref (cells statement) %reads))

(define (note-step! statement evidence)
  "Note EVIDENCE, as of (sheepdog logic rows), of what was placed next in STATEMENT."
  (vector-set! (cells statement) %steps (cons evidence (statement-steps* statement))))

(define (statement-steps* statement)
  (vector-ref (cells statement) %steps))

(define (statement-steps statement)
  "Return what was placed in STATEMENT, in order."
  (reverse (statement-steps* statement)))

(define (note-prelude! statement rounds)
  "Note that ROUNDS, as of (sheepdog logic rounds), have to be run before STATEMENT."
  (vector-set! (cells statement) %prelude
               (cons rounds (vector-ref (cells statement) %prelude))))

(define (statement-prelude statement)
  "Return what is to be run before STATEMENT, in order."
  (reverse (vector-ref (cells statement) %prelude)))

(define (with-tables statement select)
  "Return SELECT behind the tables that STATEMENT defines for it."
  (match (statement-tables statement)
    (() select)
    (tables (string-append "WITH RECURSIVE " (commas tables) " " select))))

(define (column->sql alias name)
  "Return the SQL of the column NAME, a symbol, of ALIAS; a name may be a word of SQL, as `end'."
  (string-append alias ".\"" (sql-name name) "\""))

(define (commas strings) (string-join strings ", "))
(define (ands strings) (if (null? strings) "1" (string-join strings " AND ")))
(define (joins strings) (string-join strings " CROSS JOIN "))
