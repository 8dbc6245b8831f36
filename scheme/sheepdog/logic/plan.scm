;;; plan.scm -- how many rows a goal gives, and by which way they are found
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic plan)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog logic term)
  #:use-module (sheepdog logic world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (estimate-rows
            choose-path path-index path-columns path-time path-rows))

;; A way to rows: an index and how far it is used.
(define-record-type <path>
  (make-path index columns time rows)
  path?
  (index path-index)                              ;string: its name | #f: the primary key
  (columns path-columns)                          ;list of symbols: its beginning, all known
  (time path-time)                                ;t1, t0 or t: the column behind them | #f
  (rows path-rows))                               ;number: about how many are looked at

(define %day 86400000)
(define %guess 10)                                ;values of a column of which nothing is known

(define (selectivity statistics column term)
  "Return the share of the rows whose COLUMN, a symbol, is TERM."
  (let* ((rows (max 1 (statistics-rows statistics)))
         (even (/ 1 (max 1 (or (statistics-distinct statistics column) %guess)))))
    (if (and (constant? term) (not (procedure? (constant-value term))))
        (match (assoc (constant-value term) (statistics-common statistics column))
          ((_ . count) (/ count rows))
          (#f even))
        even)))

(define (share-of-time statistics context now)
  "Return the share of the rows that CONTEXT leaves: now, (at TERM) or (during ID FROM TO)."
  (let ((rows (max 1 (statistics-rows statistics)))
        (open (statistics-open statistics)))
    (define (since from)
      (min 1 (/ (+ open (* (statistics-daily statistics) (max 0 (/ (- now from) %day)))) rows)))
    (match context
      (('during _ (? constant? from) _)
       (let ((value (constant-value from)))
         (since (if (procedure? value) (value now) value))))
      (('during . _) 1)
      (_ (min 1 (/ (max 1 open) rows))))))

(define (time-of relation context)
  "Return the column by which an index narrows the time of CONTEXT, or #f."
  (if (eq? 'event (relation-kind relation))
      (and (not (memq (car context) '(now any))) 't)
      't1))

(define (relevant-share relation statistics context now)
  (if (and (eq? 'event (relation-kind relation)) (memq (car context) '(now any)))
      1
      (share-of-time statistics context now)))

(define (estimate-rows relation statistics terms known? context now)
  "Return about how many rows RELATION gives for TERMS, those of them that KNOWN? says are known
before."
  (fold (lambda (column term rows)
          (if (known? term)
              (* rows (selectivity statistics (column-name column) term))
              rows))
        (* (max 1 (statistics-rows statistics))
           (relevant-share relation statistics context now))
        (relation-columns relation) terms))

(define (choose-path relation statistics terms known? context now)
  "Return the <path> to the rows of RELATION where TERMS, as KNOWN? tells, are known, that looks at
the fewest."
  (define known
    (filter-map (lambda (column term)
                  (and (known? term) (cons (column-name column) term)))
                (relation-columns relation) terms))
  (define narrowing (time-of relation context))
  (define (path entry)
    (match entry
      ((index . columns)
       (call-with-values (lambda () (span (lambda (column) (assq column known)) columns))
         (lambda (used rest)
           (let ((time (and (pair? rest) (memq (car rest) '(t1 t0 t)) (car rest))))
             (make-path index used time
                        (* (fold (lambda (column rows)
                                   (* rows (selectivity statistics column
                                                        (assq-ref known column))))
                                 (max 1 (statistics-rows statistics))
                                 used)
                           (if (and narrowing (eq? time narrowing))
                               (relevant-share relation statistics context now)
                               1)))))))))
  (define (usable? path)
    ;; what is named must be usable, or SQLite finds no way at all
    (or (not (path-index path))
        (pair? (path-columns path))
        (and narrowing (eq? narrowing (path-time path)))))
  (define (better a b)
    ;; B comes first in the list, the primary key first of all
    (if (< (path-rows a) (path-rows b)) a b))
  (match (filter usable? (map path (relation-indexes relation)))
    (() (make-path #f '() #f (statistics-rows statistics)))
    (paths (fold better (car paths) (cdr paths)))))
