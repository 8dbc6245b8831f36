;;; circumstance.scm -- the facts of a decision, looked up when they are asked for
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What `decide' of (sheepdog notify) judges by.  The usual message, of a subject that is ok and of
;; which nothing was told, asks for none of what costs a look into the database.

(define-module (sheepdog circumstance)
  #:use-module (sheepdog audience)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog catch-up)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog dependency)
  #:use-module (sheepdog digest)
  #:use-module (sheepdog due)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog notify)
  #:use-module (sheepdog outbox)
  #:use-module (sheepdog pair)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog route)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (facts-of past-of))

(define (remembered batch key thunk)
  "Return what THUNK returns, called once a batch under KEY."
  (let ((memory (batch-memory batch)))
    (match (hash-ref memory key)
      ((value) value)
      (#f (let ((value (thunk)))
            (hash-set! memory key (list value))
            value)))))


;;; What it depends on, silences.

(define (parent-of batch subject)
  "Return the parent that SUBJECT, (HOST . TAG), is."
  (match (known-matter batch (car subject) (cdr subject))
    (#f (parent #f #f #f #f #f))
    (matter
     (let ((subject (matter-subject matter)))
       (parent (subject-state subject) (subject-hard subject) (subject-since subject)
               (subject-at subject)
               (due-at (batch-db batch) 'deadline (matter-id matter)))))))

(define (told-of? batch subject recipient)
  "Is RECIPIENT told of SUBJECT, (HOST . TAG)?"
  (let ((matter (known-matter batch (car subject) (cdr subject))))
    (or (not matter)
        (routed-to? matter recipient (batch-now batch)))))

(define (dependency-verdict batch matter recipient)
  "Return the verdict of what MATTER depends on, for RECIPIENT, or #f."
  (let ((subject (matter-subject matter)))
    (any (lambda (dependency)
           (and (every (lambda (on) (told-of? batch on recipient)) (dependency-on dependency))
                (decide-dependency dependency
                                   (map (lambda (on) (parent-of batch on))
                                        (dependency-on dependency))
                                   subject (batch-now batch))))
         (dependencies-of (policy-dependencies (batch-policy batch))
                          (subject-host subject) (subject-tag subject)
                          (eq? 'late (subject-hard subject))))))

(define (silence-verdict batch subject)
  "Return the verdict of silences and acknowledgements on SUBJECT, or #f."
  (let* ((db (batch-db batch)) (now (batch-now batch))
         (silences (remembered batch 'silences
                     (lambda ()
                       (silences-at db (policy-silences (batch-policy batch)) now)))))
    (silence->verdict (find-silence silences subject) (find-ack db subject now) subject now)))


;;; What he got of late.

(define (newest-mail db recipient nth)
  "Return when the NTH newest notification to RECIPIENT, from 0, was put into the outbox, or #f."
  (sql-value db "SELECT at FROM outbox WHERE recipient = " recipient
             " AND kind <> '' ORDER BY at DESC LIMIT 1 OFFSET " nth))

(define (flush-time batch pair clause)
  "Return when what waits for the recipient of PAIR goes, or #f: at once."
  (let ((hold (pair-hold pair)) (now (batch-now batch)))
    (and (%awake?)
         (not (and hold (string=? "limited" (hold-reason hold))))
         (match (clause-group clause)
           ((wait . interval)
            (let ((last (newest-mail (batch-db batch) (pair-recipient pair) 0)))
              (max (+ wait (if (and hold (string=? "grouped" (hold-reason hold)))
                               (hold-since hold)
                               now))
                   (if last (+ last interval) 0))))))))

(define (limit-time batch pair clause)
  "Return till when the recipient of PAIR has got too much, or #f."
  (match (clause-limit clause)
    ((most . span)
     (let ((at (newest-mail (batch-db batch) (pair-recipient pair) (- most 1))))
       (and at (+ at span))))))

(define (reachable? batch subject recipient)
  "Can news of SUBJECT reach RECIPIENT?  Asked only of the subject that somebody cannot be reached:
to tell just him would be given up, too."
  (not (and (string=? %mail-tag (subject-tag subject))
            (string=? (policy-name (batch-policy batch)) (subject-host subject))
            (unreachable? (batch-db batch) recipient))))


;;; All of it.

(define (past-of batch matter pair)
  "Return how many spans of MATTER came and went unheard, and untold to the recipient of PAIR."
  (+ (or (and=> (pair-hold pair) hold-past) 0)
     (length (bygone-spans (batch-db batch) (matter-id matter)))))

(define* (facts-of batch matter listener #:key note? look? flush? digest? (claimed? #t))
  "Return the facts of a decision on MATTER for LISTENER, NOTE?: on a note about it.  LOOK? says that there may be a past that
nothing was decided of, FLUSH? that all that waits for him goes now, DIGEST? that his digest does,
CLAIMED? whether what he was told is still as we know it."
  (let* ((subject (matter-subject matter))
         (pair (listener-pair listener))
         (recipient (pair-recipient pair))
         (clause (listener-clause listener))
         (digest (and (not digest?) (clause-digest clause))))
    (facts subject (batch-now batch)
           #:clause clause
           #:ledger (pair-ledger pair)
           #:waiting (and=> (pair-hold pair) (lambda (hold) (string->symbol (hold-reason hold))))
           #:flapping? (and (subject-flapping subject) #t)
           #:closed? (not (subject-hard subject))
           #:past (if (or look? (pair-hold pair)) (delay (past-of batch matter pair)) 0)
           #:catch-up (delay (catching-up-until (batch-db batch) (subject-host subject)
                                                (batch-now batch)))
           #:routed? (if note? (listener-noted? listener) (listener-routed? listener))
           #:routable? (listener-routable? listener)
           #:not-yet (listener-not-yet listener)
           #:reachable? (delay (reachable? batch subject recipient))
           #:parent (delay (dependency-verdict batch matter recipient))
           #:silence (delay (silence-verdict batch subject))
           #:digest (and digest (delay (digest-next digest (batch-now batch))))
           #:flush (and (not flush?) (not digest?)
                        (delay (flush-time batch pair clause)))
           #:limit (delay (limit-time batch pair clause))
           #:claimed? claimed?)))
