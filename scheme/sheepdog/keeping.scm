;;; keeping.scm -- spans of the relations that we fill ourselves: they begin, and end
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Each procedure takes part in the caller's transaction.

(define-module (sheepdog keeping)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog shelf)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (own-shelf begin-span! end-span! keep-spans!))

(define own-shelf
  (let ((known (make-hash-table)))
    (lambda (name)
      "Return the shelf of the built-in relation NAME, a symbol."
      (or (hashq-ref known name)
          (let ((shelf (relation->shelf (built-in-relation name))))
            (hashq-set! known name shelf)
            shelf)))))

(define* (begin-span! db name key values t #:key (ev 0) (until %open-end))
  "Let KEY of the relation NAME (a symbol) have VALUES from T to UNTIL (ms), because of the event EV; what
it had ends then.  What it has already goes on, and only its end may be another."
  (let* ((shelf (own-shelf name))
         (last (newest-row db shelf key))
         (holds? (and last (> (row-t1 last) t))))
    (cond ((and holds? (equal? values (row-values last)))
           (unless (= until (row-t1 last))
             (end-row! db shelf key (row-t0 last) until)))
          (else
           (when holds?
             (end-row! db shelf key (row-t0 last) (max t (row-t0 last))))
           (when (< t until)
             (insert-row! db shelf key (row values t until ev)))))))

(define (end-span! db name key t)
  "Let what KEY of the relation NAME (a symbol) has end at T (ms), unless it is over by then."
  (let* ((shelf (own-shelf name))
         (last (newest-row db shelf key)))
    (when (and last (> (row-t1 last) t))
      (end-row! db shelf key (row-t0 last) (max t (row-t0 last))))))

(define (keep-spans! db name there wanted t)
  "Of the relation NAME let the spans THERE, which are not over at T, be those WANTED from T on: each is
a list (KEY VALUES UNTIL)."
  (for-each (match-lambda
              ((key values until)
               (unless (assoc key wanted)
                 (end-span! db name key t))))
            there)
  (for-each (match-lambda
              ((key values until)
               (begin-span! db name key values t #:until until)))
            wanted))
