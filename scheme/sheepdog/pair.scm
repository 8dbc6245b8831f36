;;; pair.scm -- a subject and a recipient: what he was told of it, what is on hold, what was decided
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Ledger and hold are written at once, by claim; decisions are kept in memory, equal ones counted,
;; until the batch is written.

(define-module (sheepdog pair)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog ledger)
  #:use-module (sheepdog notify)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (new-pair stored-pairs
            pair-subject pair-recipient pair-ledger pair-hold
            note-verdict! stand! standing replace-ledger! replace-hold! hold-of
            decision-rows settle-pair!))

(define-record-type <pair>
  (make-pair subject recipient ledger hold newest decisions standing)
  pair?
  (subject pair-subject)                          ;integer: id
  (recipient pair-recipient)                      ;string; "": nobody
  (ledger pair-ledger set-pair-ledger!)           ;ledger | #f
  (hold pair-hold set-pair-hold!)                 ;<hold> of (sheepdog chronicle) | #f
  (newest pair-newest set-pair-newest!)           ;<decision> | #f: none | unread
  (decisions pair-decisions set-pair-decisions!)  ;list of <decision> to write, last first
  (standing pair-standing set-pair-standing!))    ;see `stand!' | #f: none

(define-record-type <decision>
  (make-decision id verdict since at event count)
  decision?
  (id decision-id)                                ;integer: its row | #f: new
  (verdict decision-verdict)                      ;verdict
  (since decision-since)                          ;ms
  (at decision-at set-decision-at!)               ;ms
  (event decision-event set-decision-event!)      ;integer
  (count decision-count set-decision-count!))     ;integer: equal ones to write

(define* (new-pair subject recipient #:key ledger hold (new? #f))
  "Return the pair of SUBJECT (an id) and RECIPIENT.  NEW? says that the subject is, so that nothing
was decided yet."
  (make-pair subject recipient ledger hold (if new? #f 'unread) '() #f))

(define (stored-pairs db subject)
  "Return the pairs of SUBJECT (an id) that were told something, or are on hold."
  (map (match-lambda
         ((recipient ledger hold)
          (new-pair subject recipient #:ledger ledger #:hold hold)))
       (ledgers-and-holds db subject)))


;;; Decisions.

(define (read-newest! db pair)
  (when (eq? 'unread (pair-newest pair))
    (set-pair-newest! pair
                      (match (last-decision db (pair-subject pair) (pair-recipient pair))
                        (#f #f)
                        (#(id word reason)
                         (make-decision id (verdict (string->symbol word) reason)
                                        #f #f #f 0)))))
  (pair-newest pair))

(define* (note-verdict! db pair verdict event now #:key (again? #t))
  "Let VERDICT on PAIR, at NOW and because of the message EVENT, be written with the batch: when it
is that of the time before counted, but not unless AGAIN?; else as a new decision."
  (let ((newest (read-newest! db pair)))
    (cond ((and newest (equal-verdicts? verdict (decision-verdict newest)))
           (when again?
             (count-again! pair newest event now)))
          (else
           (let ((new (make-decision #f verdict now now event 1)))
             (set-pair-newest! pair new)
             (set-pair-decisions! pair (cons new (pair-decisions pair))))))))

(define (stand! pair verdict basis)
  "Let VERDICT on PAIR stand until its ledger or its hold changes, or what else it came of, BASIS."
  (set-pair-standing! pair (cons verdict basis)))

(define (standing pair same?)
  "Return the verdict that stands on PAIR if its basis is the SAME? still, else #f."
  (match (pair-standing pair)
    (#f #f)
    ((verdict . basis) (and (same? basis) verdict))))

(define (count-again! pair newest event now)
  "Count NEWEST, the last decision on PAIR, once more."
  (when (zero? (decision-count newest))
    (set-pair-decisions! pair (cons newest (pair-decisions pair))))
  (set-decision-count! newest (+ 1 (decision-count newest)))
  (set-decision-at! newest now)
  (set-decision-event! newest event))

(define (decision-rows pairs)
  "Return two values: rows of decisions of PAIRS that are known and of those that are new, as
`write-decisions!' takes them."
  (let ((known '()) (new '()))
    (define (add! pair decision)
      (match (decision-id decision)
        (#f
         (set! new (cons (list (pair-subject pair) (pair-recipient pair)
                               (decision-since decision) (decision-at decision)
                               (decision-event decision)
                               (verdict-word (decision-verdict decision))
                               (verdict-reason (decision-verdict decision))
                               (decision-count decision))
                         new)))
        (id
         (set! known (cons (list (decision-count decision) (decision-at decision)
                                 (decision-event decision) id)
                           known)))))
    (for-each (lambda (pair)
                (for-each (lambda (decision) (add! pair decision))
                          (reverse (pair-decisions pair))))
              pairs)
    (values known (reverse new))))

(define (settle-pair! pair)
  "Let PAIR be as it is after its decisions were written."
  (unless (null? (pair-decisions pair))
    (let ((newest (pair-newest pair)))
      (if (decision-id newest)
          (set-decision-count! newest 0)
          (set-pair-newest! pair 'unread))        ;its row has an id now
      (set-pair-decisions! pair '()))))


;;; What was told, what is on hold.

(define (replace-ledger! db pair ledger)
  "Let LEDGER (#f: empty) be what the recipient of PAIR was told.  Return #f, and change nothing,
when somebody else changed it."
  (and (write-ledger! db (pair-subject pair) (pair-recipient pair) (pair-ledger pair) ledger)
       (begin
         (set-pair-ledger! pair ledger)
         (set-pair-standing! pair #f)
         #t)))

(define (hold-of pair verdict past now)
  "Return the hold that VERDICT, which is one, is on PAIR.  What is held for the same reason as before
is so since then.  PAST is how many spans of the past are untold."
  (let* ((reason (first (string-split (verdict-reason verdict) #\space)))
         (before (pair-hold pair)))
    (make-hold reason (verdict-key verdict)
               (if (and before (string=? reason (hold-reason before)))
                   (hold-since before)
                   now)
               (verdict-until verdict) past)))

(define (replace-hold! db pair hold)
  "Let HOLD (#f: none) be why nothing is told to the recipient of PAIR."
  (unless (equal? hold (pair-hold pair))
    (write-hold! db (pair-subject pair) (pair-recipient pair) hold)
    (set-pair-hold! pair hold)
    (set-pair-standing! pair #f)))
