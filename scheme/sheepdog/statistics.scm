;;; statistics.scm -- what the planner of questions knows of the rows of a relation, counted
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Rows of table _stat, which `relation-statistics' of (sheepdog catalogue) reads.  To count looks
;; at every row, so it is done when many are new, not with each.

(define-module (sheepdog statistics)
  #:use-module (sheepdog core)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (count-statistics!))

(define %day (* 24 3600 1000))
(define %lately 30)                               ;days by which `daily' goes
(define %common 8)                                ;values that are noted

;; A view that joins tables is counted in one of them, for those columns that it has.
(define %counted-in
  '((event "event_index" host tag state)))

(define (counted-from relation)
  "Return the SQL of what is counted for RELATION."
  (match (assq (relation-name relation) %counted-in)
    ((_ table . _) (string-append "\"" table "\""))
    (#f (relation-from relation))))

(define (counted-columns relation)
  (match (assq (relation-name relation) %counted-in)
    ((_ _ . names) (map (lambda (name) (relation-column relation name)) names))
    (#f (relation-columns relation))))

(define (note! db relation column rank value rows open daily distinct)
  (sql db "INSERT INTO _stat (relation, \"column\", rank, value, rows, open, daily, ndistinct)
 VALUES (" (symbol->string (relation-name relation)) ", " column ", " rank ", " value ", " rows
 ", " open ", " daily ", " distinct ")"))

(define (run db . pieces)
  ;; Names of tables and columns are no values; `relation-from' and `sql-name' make them.
  (%db-run db (string-concatenate pieces) '()))

(define (open-rows relation)
  "Return the SQL that counts those of RELATION's rows that hold now."
  (if (eq? 'event (relation-kind relation))
      "0"
      "coalesce(sum(t1 = 9223372036854775807), 0)"))

(define (count-rows! db relation now)
  (define begin-time (if (eq? 'event (relation-kind relation)) "t" "t0"))
  (match (run db "SELECT count(*), " (open-rows relation) ", coalesce(sum(" begin-time " > "
              (number->string (- now (* %lately %day))) "), 0), min(" begin-time ") FROM "
              (counted-from relation))
    ((#(rows open lately first))
     (let ((days (max 1 (min %lately (/ (- now (or first now)) %day)))))
       (note! db relation "" 0 "" rows open (exact->inexact (/ lately days)) 0)))))

(define (count-column! db relation column)
  (define name (string-append "\"" (sql-name (column-name column)) "\""))
  (match (run db "SELECT value, rows, open, count(*) OVER () FROM (SELECT " name
              " AS value, count(*) AS rows, " (open-rows relation) " AS open FROM "
              (counted-from relation) " GROUP BY 1) ORDER BY rows DESC, value LIMIT "
              (number->string %common))
    (() (note! db relation (symbol->string (column-name column)) 0 "" 0 0 0.0 0))
    ((and common (#(_ _ _ distinct) . _))
     (let ((column (symbol->string (column-name column))))
       (note! db relation column 0 "" 0 0 0.0 distinct)
       (for-each (match-lambda*
                   ((#(value rows open _) rank)
                    (note! db relation column rank value rows open 0.0 0)))
                 common (iota (length common) 1))))))

(define (count-statistics! db relation now)
  "Count the rows of RELATION in DB anew for the planner, at NOW (ms), in the caller's transaction."
  (sql db "DELETE FROM _stat WHERE relation = " (symbol->string (relation-name relation)))
  (count-rows! db relation now)
  (for-each (lambda (column) (count-column! db relation column))
            (counted-columns relation)))
