;;; claim.scm -- what is claimed of facts, in its order, and the spans that follow from it
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  A message claims that facts hold, that they hold no longer, or, by `replaces', that nothing else
;; of a relation does.  From the claims of a key, whatever order they came in, follow its rows.

(define-module (sheepdog claim)
  #:use-module (sheepdog shelf)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (origin origin? origin-t origin-event origin-sender origin-seq origin<?
            holds ends whole claim? claim-origin claim-place claim-key claim<?
            same-values? spans-after))

;; Where a claim is from: a message, and when that counts as having happened.
(define-record-type <origin>
  (make-origin t event sender seq)
  origin?
  (t origin-t)                                    ;ms
  (event origin-event)                            ;integer; 0: no message
  (sender origin-sender)                          ;string: its name
  (seq origin-seq))                               ;integer

(define* (origin t event #:optional (sender "") (seq 0))
  "Return the origin of what EVENT, the number SEQ of SENDER (a name), claims as of T (ms)."
  (make-origin t event sender seq))

(define (origin<? a b)
  "Does A come before B?  Of one moment the greater number of a sender comes later; of several senders
the order of their names counts, so that it is the same whoever is heard first."
  (let ((ta (origin-t a)) (tb (origin-t b)))
    (or (< ta tb)
        (and (= ta tb)
             (let ((sa (origin-sender a)) (sb (origin-sender b)))
               (or (string<? sa sb)
                   (and (string=? sa sb)
                        (< (origin-seq a) (origin-seq b)))))))))

(define-record-type <claim>
  (make-claim origin place what key data)
  claim?
  (origin claim-origin)
  (place claim-place)                             ;integer: its place in the message
  (what claim-what)                               ;holds ends whole
  (key claim-key)                                 ;any object | #f: of all keys
  (data claim-data))                              ;list of values | whole: hash table of keys

(define (holds origin place key values)
  "Return the claim that KEY has VALUES."
  (make-claim origin place 'holds key values))

(define (ends origin place key values)
  "Return the claim that KEY has VALUES no longer."
  (make-claim origin place 'ends key values))

(define (whole origin place said)
  "Return the claim that of all keys those hold that are in the hash table SAID."
  (make-claim origin place 'whole #f said))

(define (claim<? a b)
  "Does the claim A come before B?"
  (let ((of-a (claim-origin a)) (of-b (claim-origin b)))
    (or (origin<? of-a of-b)
        (and (not (origin<? of-b of-a))
             (< (claim-place a) (claim-place b))))))

(define (same-values? a b step)
  "Are the values A and B the same, for a relation of STEP (a number or #f)?"
  (or (equal? a b)
      (and step
           (match (list a b)
             (((x) (y)) (< (abs (- x y)) step))
             (_ #f)))))

(define* (spans-after start key claims step from #:key all?)
  "Return the rows of KEY that follow from all CLAIMS as of FROM (ms) or later, in order, for a relation
of STEP (see `same-values?').  START is the last row that began before FROM, or #f; it comes first.
What the configuration says, rows of event 0, is ended by the claim of a whole only if ALL?."
  (define (close current done t)
    (if (= t (row-t0 current))
        done
        (cons (row (row-values current) (row-t0 current) t (row-ev current)) done)))
  (define (begin-row values origin done)
    ;; -> the current row, those before it
    (let ((t (origin-t origin)))
      (match done
        ((last . earlier)
         (if (and (= t (row-t1 last)) (equal? values (row-values last)))
             (list (row (row-values last) (row-t0 last) %open-end (row-ev last)) earlier)
             (list (row values t %open-end (origin-event origin)) done)))
        (() (list (row values t %open-end (origin-event origin)) done)))))
  (define (step-through claim current done)
    (let* ((origin (claim-origin claim))
           (t (origin-t origin))
           (data (claim-data claim)))
      (case (claim-what claim)
        ((holds)
         (cond ((not current) (begin-row data origin done))
               ((same-values? data (row-values current) step) (list current done))
               (else (begin-row data origin (close current done t)))))
        ((ends)
         (if (and current (equal? data (row-values current)))
             (list #f (close current done t))
             (list current done)))
        ((whole)
         (if (and current
                  (not (hash-ref data key))
                  (or all? (positive? (row-ev current))))
             (list #f (close current done t))
             (list current done))))))
  (let loop ((claims claims)
             (state (cond ((not start) (list #f '()))
                          ((>= (row-t1 start) from) (list start '()))
                          (else (list #f (list start))))))
    (match (cons claims state)
      ((() #f done) (reverse done))
      ((() current done)
       (reverse (cons (row (row-values current) (row-t0 current) %open-end (row-ev current))
                      done)))
      (((claim . rest) current done)
       (loop rest (step-through claim current done))))))
