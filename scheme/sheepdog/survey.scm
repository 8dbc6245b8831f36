;;; survey.scm -- facts that a watch keeps true: told whole now and then, else only what changed
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A survey is an alist from relations, strings, to the lists of arguments of all facts of each.

(define-module (sheepdog survey)
  #:use-module (sheepdog memory)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (told-facts untold-facts))

(define %most-facts 3000)                         ;in a message: it is at most 256 KiB

(define (told-facts)
  "Return the survey that this watch told last; () at first."
  (recall 'told '()))

(define (untold-facts survey whole)
  "Return what is to be told now that SURVEY holds, a list with (FACTS REPLACES GONE) for each
report: FACTS are lists (RELATION ARGUMENT ...), REPLACES the relations of which they are the
whole truth, GONE the facts that hold no longer.  It is what differs from what was told last,
often nothing: (); or all, at first and WHOLE ms after the last time.  What is too much for one
report follows in others, at the same time."
  (let ((before (told-facts))
        (all? (>= (- (sample-time) (recall 'whole 0)) whole)))
    (remember! 'told survey)
    (cond (all? (remember! 'whole (sample-time))
                (parts (facts-of survey) (map car survey) '()))
          ((equal? before survey) '())
          (else (differences (facts-of before) (facts-of survey))))))

(define (facts-of survey)
  (append-map (match-lambda
                ((relation . tuples) (map (lambda (tuple) (cons relation tuple)) tuples)))
              survey))

(define (parts facts replaces gone)
  "Return (FACTS REPLACES GONE) in parts that are small enough."
  (let ((size (min %most-facts (length facts))))
    (cons (list (take facts size) replaces gone)
          (if (= size (length facts))
              '()
              (parts (drop facts size) '() '())))))

(define (differences before now)
  "Return the reports that tell of the facts NOW what differs from those BEFORE."
  (let* ((new (without now before))
         (keys (make-hash-table))
         (gone (begin
                 (for-each (lambda (fact) (hash-set! keys (key fact) #t)) new)
                 (remove (lambda (fact) (hash-ref keys (key fact)))
                         (without before now)))))
    (if (and (null? new) (null? gone))
        '()
        (parts new '() gone))))

(define (key fact)
  "Return what tells FACT from others: all but the last argument, which a new one replaces."
  (drop-right fact 1))

(define (without facts others)
  "Return those of FACTS that are not in OTHERS."
  (let ((table (make-hash-table)))
    (for-each (lambda (fact) (hash-set! table fact #t)) others)
    (remove (lambda (fact) (hash-ref table fact)) facts)))
