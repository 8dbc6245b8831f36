;;; recount.scm -- when what the planner of questions knows of a relation is counted anew
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The clock's work `recount', its key the name of a relation: soon after a fifth of its rows are new, and
;; of those that we fill ourselves once a day, of many rows once a week.  To count looks at all of them, and
;; everything else waits meanwhile.

(define-module (sheepdog recount)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog due)
  #:use-module (sheepdog known)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog statistics)
  #:export (plan-recounts! note-growth! recount!))

(define %minute 60000)
(define %day (* 24 60 %minute))
(define %least 100)                               ;new rows
(define %many 300000)                             ;rows, to count which takes a second
(define %most 3000000)                            ;rows: what was counted before is good enough

(define (known-rows db name)
  (or (sql-value db "SELECT rows FROM _stat WHERE relation = " (symbol->string name)
                 " AND \"column\" = '' AND rank = 0")
      0))

(define (note-growth! batch)
  "Let the relations be counted of which many rows are new since they were counted last."
  (let ((added (facts-added (batch-facts batch))) (db (batch-db batch)))
    (for-each (lambda (name)
                (when (>= (hashq-ref added name)
                          (max %least (quotient (known-rows db name) 5)))
                  (hashq-remove! added name)
                  (due-by! db (+ (batch-now batch) %minute) 'recount (symbol->string name))))
              (hash-map->list (lambda (name n) name) added))))

(define (recount! batch at key)
  "Count the rows of the relation KEY; of our own again in a day."
  (let* ((db (batch-db batch))
         (name (string->symbol key))
         (relation (declared-relation db name)))
    (when (and relation (< (known-rows db name) %most))
      (count-statistics! db relation (batch-now batch))
      (when (own-relation? name)
        (due! db (+ (batch-now batch) (if (< (known-rows db name) %many) %day (* 7 %day)))
              'recount key)))))

(define (plan-recounts! db config now)
  "Let the clock count the relations that we fill ourselves, if it does not yet."
  (for-each (lambda (relation)
              (let ((name (relation-name relation)))
                (when (and (own-relation? name)
                           (not (due-at db 'recount (symbol->string name))))
                  (due! db (+ now (* 5 %minute)) 'recount (symbol->string name)))))
            built-in-relations))
