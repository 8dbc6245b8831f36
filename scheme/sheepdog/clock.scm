;;; clock.scm -- what is due is done, the oldest first; what raises stands in nobody's way
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A slice of what is due shares a transaction.  When it raises, each of it is tried in one of its
;; own; what raises then is tried again later.

(define-module (sheepdog clock)
  #:use-module (sheepdog awaited)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog calendar)
  #:use-module (sheepdog core)
  #:use-module (sheepdog decide)
  #:use-module (sheepdog due)
  #:use-module (sheepdog error)
  #:use-module (sheepdog forget)
  #:use-module (sheepdog life)
  #:use-module (sheepdog needs)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog premises)
  #:use-module (sheepdog quiet)
  #:use-module (sheepdog recount)
  #:use-module (sheepdog retention)
  #:use-module (sheepdog roundup)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog standing)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:export (run-due! %works %plans))

(define %slice 200)                               ;rows in a transaction
(define %minute 60000)

(define (pause tries)
  "Return after how many ms to try again what raised TRIES times: 10, 20, 40, 60, 60 ... min."
  (min (* 60 %minute) (* 10 %minute (expt 2 (min 3 (- tries 1))))))

;; An alist from kinds of work to procedures, called with the batch, the time for which the work was
;; set (ms, not after the batch's now) and its key.  The row is gone by then; to do it again later is
;; to set it again.
(define %works
  (make-parameter `((look . ,look!)
                    (flush . ,flush!)
                    (digest . ,tell-roundup!)
                    (turn . ,take-turn!)
                    (give-up . ,give-up!)
                    (catch-up . ,end-catch-up!)
                    (deadline . ,pass-due!)
                    (lost . ,lose-run!)
                    (members . ,walk-members!)
                    (diary . ,tell-appointment!)
                    (forget . ,forget!)
                    (silent . ,look-at-host!)
                    (needs . ,expand-needs!)
                    (silences . ,keep-silences!)
                    (recount . ,recount!)
                    (question . ,ask-again!)
                    (retention . ,retain!))))

;; Procedures, called with the database, a configuration that is new and now (ms): what it wants of the
;; clock becomes rows.
(define %plans
  (make-parameter (list plan-diary! plan-digests! plan-members! plan-needs! plan-premises! plan-recounts!
                        plan-retention! plan-questions!)))

(define %planned (cons #f #f))                    ;the database and configuration of the last plan

(define (plan! db config now)
  "Let what CONFIG wants of the clock be known, if that was not done yet."
  (unless (and (eq? db (car %planned)) (eq? config (cdr %planned)))
    (with-transaction db
      (for-each (lambda (plan) (plan db config now)) (%plans)))
    (set! %planned (cons db config)))
  (unless (null? (%plans))
    (renew-premises! db config now)))

(define (work-of row)
  (or (assq-ref (%works) (due-row-kind row))
      (raise-error 'broken (format #f "nobody does the work '~a'" (due-row-kind row)))))

(define (do-rows! db policy rows now)
  "Do ROWS in one transaction."
  (call-with-batch db policy now
    (lambda (batch)
      (for-each (lambda (row)
                  ;; Work that was done before may have moved it or made it needless.
                  (when (eqv? (due-row-at row) (due-at db (due-row-kind row) (due-row-key row)))
                    (undue! db (due-row-kind row) (due-row-key row))
                    ((work-of row) batch (due-row-at row) (due-row-key row))))
                rows)
      (rebuild-older! batch))))

(define (put-off! db policy row text now)
  "Try ROW, which raised TEXT, again later, and say so."
  (%log 'error (format #f "~a of ~a: ~a" (due-row-kind row) (due-row-key row) text))
  (with-transaction db
    (postpone-due! db row (+ now (pause (+ 1 (due-row-tries row)))))
    (note-clock! db policy text now)))

(define (try-rows! db policy rows now)
  "Do ROWS; those that raise are put off."
  (catch #t
    (lambda () (do-rows! db policy rows now))
    (lambda (key . arguments)
      (when (or (eq? key 'quit) (error-code? 'database-failed key arguments))
        (apply throw key arguments))
      (match rows
        ((row) (put-off! db policy row (exception->text key arguments) now))
        (_ (for-each (lambda (row) (try-rows! db policy (list row) now)) rows))))))

(define (run-due! db config now)
  "Do what is due in DB at NOW (ms) under CONFIG, a slice of it; return how much that was."
  (plan! db config now)
  (let ((rows (due-rows db now %slice))
        (policy (policy config)))
    (unless (null? rows)
      (try-rows! db policy rows now)
      (when (and (or-map (lambda (row) (positive? (due-row-tries row))) rows)
                 (zero? (failing-due db)))
        (with-transaction db
          (note-clock! db policy #f now))))
    (length rows)))
