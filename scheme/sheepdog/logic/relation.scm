;;; relation.scm -- a relation: its columns, which of them are the key, where its rows are
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What stands before `->' in its declaration is the key (see (sheepdog logic declaration)); without
;; it all columns are, and a row's presence is the fact.  A state holds in spans, an event happens.
;; Nothing here knows a table of ours: which one holds a relation is said by whoever makes it.

(define-module (sheepdog logic relation)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (make-column column? column-name column-type
            make-relation relation? relation-name relation-kind relation-columns relation-keys
            relation-doc relation-declared-indexes relation-keep relation-step
            relation-planned? relation-table relation-view? relation-from
            relation-procedure relation-timeout
            relation-held-by relation-indexes relation-arity relation-column
            key-columns value-columns same-columns? relation-name? sql-name
            make-statistics statistics? statistics-rows statistics-open statistics-daily
            statistics-distinct statistics-common))

(define-record-type <column>
  (make-column name type)
  column?
  (name column-name)                              ;symbol
  (type column-type))                             ;text integer number version time duration any
                                                  ; | (size UNIT), UNIT a symbol: it counts these

(define-record-type <relation>
  (%make-relation name kind columns keys doc declared-indexes keep step planned? table paths
                  view? procedure timeout)
  relation?
  (name relation-name)                            ;symbol
  (kind relation-kind)                            ;state event live
  (columns relation-columns)                      ;list of <column>, those of the key first
  (keys relation-keys)                            ;integer: how many are the key
  (doc relation-doc)                              ;string, one sentence | ""
  (declared-indexes relation-declared-indexes)    ;list of lists of symbols
  (keep relation-keep)                            ;ms that what is over is kept | #f: for ever
  (step relation-step)                            ;number: less is no change | #f
  (planned? relation-planned?)                    ;may its ends lie ahead of now?
  (table relation-table)                          ;string: the table or view of its rows, or a
                                                  ; SELECT in parentheses
  (paths paths)                                   ;list as of `relation-indexes' | #f: as declared
  (view? relation-view?)                          ;is TABLE no table, so that no index can be named?
  (procedure relation-procedure)                  ;of a live one: (key ...) -> list of lists | #f
  (timeout relation-timeout))                     ;of a live one: ms | #f

(define* (make-relation name kind columns keys
                        #:key (doc "") (indexes '()) keep step planned? (table (sql-name name))
                        paths view? procedure timeout)
  "Return the relation NAME, as its accessors give it back.  PATHS, where TABLE is none that a
declaration makes, lists how its rows are found, as `relation-indexes' does."
  (%make-relation name kind columns keys doc indexes keep step planned? table paths view?
                  procedure timeout))

(define* (relation-held-by relation table #:key paths view?)
  "Return RELATION with its rows in TABLE; PATHS and VIEW? as for `make-relation'."
  (match relation
    (($ <relation> name kind columns keys doc indexes keep step planned? _ _ _ procedure timeout)
     (%make-relation name kind columns keys doc indexes keep step planned? table paths view?
                     procedure timeout))))

(define (relation-from relation)
  "Return what stands for RELATION behind FROM: its table, quoted, or a SELECT in parentheses.
Columns are named as those of RELATION, by `sql-name'; then t0, t1 and ev, or t and ev."
  (let ((table (relation-table relation)))
    (if (string-prefix? "(" table)
        table
        (string-append "\"" table "\""))))

;; What the planner knows of the rows of a relation.
(define-record-type <statistics>
  (make-statistics rows open daily distinct common)
  statistics?
  (rows statistics-rows)                          ;integer
  (open statistics-open)                          ;integer: spans that are open
  (daily statistics-daily)                        ;number: rows that begin in a day
  (distinct %distinct)                            ;alist: column (symbol) -> how many values
  (common %common))                               ;alist: column -> ((VALUE . ROWS) ...)

(define (statistics-distinct statistics column)
  "Return how many values COLUMN, a symbol, has, or #f: nobody knows."
  (assq-ref (%distinct statistics) column))

(define (statistics-common statistics column)
  "Return the commonest values of COLUMN, a symbol, with the number of rows that have them, the
commonest first: ((VALUE . ROWS) ...), at most eight."
  (or (assq-ref (%common statistics) column) '()))


;;; Names.

(define (relation-name? text)
  "Is TEXT the name of a relation or column: [a-z][a-z0-9-]{0,39}?"
  (and (<= 1 (string-length text) 40)
       (char<=? #\a (string-ref text 0) #\z)
       (string-every (lambda (c)
                       (or (char<=? #\a c #\z) (char<=? #\0 c #\9) (char=? c #\-)))
                     text)))

(define (sql-name name)
  "Return what tables and columns for NAME, a symbol, are called."
  (string-map (lambda (c) (if (char=? c #\-) #\_ c)) (symbol->string name)))


;;; Columns.

(define (relation-arity relation)
  "Return how many arguments RELATION takes."
  (length (relation-columns relation)))

(define (relation-column relation name)
  "Return the column NAME, a symbol, of RELATION, or #f."
  (find (lambda (column) (eq? name (column-name column))) (relation-columns relation)))

(define (key-columns relation)
  (take (relation-columns relation) (relation-keys relation)))

(define (value-columns relation)
  (drop (relation-columns relation) (relation-keys relation)))

(define (same-columns? a b)
  "Are the columns, the key and the kind of the relations A and B the same?"
  (and (eq? (relation-kind a) (relation-kind b))
       (= (relation-keys a) (relation-keys b))
       (equal? (relation-columns a) (relation-columns b))))

(define (relation-indexes relation)
  "Return how rows of RELATION are found, a list of (INDEX COLUMN ...): INDEX is the name of an
SQL index, #f for the primary key or what cannot be named; then all of its columns in order, t0,
t1 and t among them, symbols."
  (or (paths relation)
      (let ((base (relation-table relation))
            (keys (map column-name (key-columns relation)))
            (vals (map column-name (value-columns relation)))
            (times (if (eq? 'event (relation-kind relation)) '(t) '(t1 t0)))
            (begin-time (if (eq? 'event (relation-kind relation)) 't 't0)))
        (define (named suffix columns)
          (cons (string-append base "_" suffix) columns))
        (append
         (list (cons #f (append keys (list begin-time)
                                (if (eq? 'event (relation-kind relation)) vals '()))))
         (if (= 1 (length keys))
             '()
             (list (named "h" (list (first keys) begin-time))))
         (if (or (null? vals) (eq? 'event (relation-kind relation)))
             '()
             (list (named "v" (append vals times))))
         (map (lambda (columns n)
                (named (number->string n) (append columns times)))
              (relation-declared-indexes relation)
              (iota (length (relation-declared-indexes relation)) 1))
         ;; To find what is to be kept no longer.
         (if (relation-keep relation)
             (list (named "k" times))
             '())))))
