;;; outbox.scm -- what was decided and leaves the process: its rows, put in, tried, tried again, settled
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A row is written in the transaction that decided it; (sheepdog perform) does what it says.  Each
;; try is counted and committed before it is made, so a crash costs a second copy at most.  For one
;; recipient rows go in their order: only the first that waits, the head, may be tried.
;;
;; A row waits while `next' is not NULL.  Then it is done (`done' is not NULL) or given up (`error'
;; says why).

(define-module (sheepdog outbox)
  #:use-module (sheepdog core)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (put-out!
            head-id head-recipient head-tries outbox-heads head-due release-rows!
            take-row! row-id row-recipient row-at row-action row-event row-tries
            mark-done! mark-failed! mark-interrupted!
            unreachable unreachable? %mail-tag
            retry-gap))

(define %minute 60000)
(define %longest-gap (* 60 %minute))
(define %patience (* 5 24 60 %minute))            ;how long a failure may be thought to pass

(define (retry-gap tries)
  "Return after how many ms to try again what was tried TRIES times: 0, then 1, 2, 4 ... 60 min."
  (if (zero? tries)
      0
      (min %longest-gap (* %minute (expt 2 (min 10 (- tries 1)))))))

;; Counted in tries: five days of a clock may have been a moment.
(define %most-tries
  (let loop ((tries 1) (passed 0))
    (if (>= passed %patience)
        tries
        (loop (+ tries 1) (+ passed (retry-gap tries))))))

(define (action->json action)
  "Return ACTION, (NAME ARGUMENT ...), as a JSON array."
  (%json-write (list->vector (cons (symbol->string (car action)) (cdr action)))))

(define* (put-out! db action #:key recipient now subject event (kind "") (about '()))
  "Let ACTION, a list whose first word names its handler and whose rest JSON can say, be
performed for RECIPIENT (a string) from NOW (ms) on.  SUBJECT and EVENT are ids or #f, KIND is
that of the notification, ABOUT what it tells of, a list of (SUBJECT EVENT KIND).  Takes part in the
caller's transaction."
  (let ((id (sql-value db "INSERT INTO outbox (at, recipient, action, subject, event, kind, next)
 VALUES (" now ", " recipient ", " (action->json action) ", " subject ", " event ", " kind ", "
 now ") RETURNING id")))
    (for-each (match-lambda
                ((subject event kind)
                 (sql db "INSERT INTO about (subject, outbox, event, kind) VALUES (" subject
                      ", " id ", " event ", " kind ") ON CONFLICT DO NOTHING")))
              about)))


;;; What waits.

(define-record-type <head>
  (make-head id recipient tries next)
  head?
  (id head-id)
  (recipient head-recipient)                      ;string
  (tries head-tries)
  (next head-next))                               ;epoch ms

(define (outbox-heads db)
  "Return the <head> of each recipient for whom something waits, the oldest first.  It costs some
steps of an index for each recipient, however much waits."
  (map (match-lambda
         (#(id recipient tries next) (make-head id recipient tries next)))
       (sql db "WITH RECURSIVE r(recipient) AS (
 SELECT min(recipient) FROM outbox WHERE next IS NOT NULL
 UNION ALL
 SELECT (SELECT min(recipient) FROM outbox WHERE next IS NOT NULL AND recipient > r.recipient)
 FROM r WHERE r.recipient IS NOT NULL)
SELECT o.id, o.recipient, o.tries, o.next FROM r JOIN outbox o ON o.id =
 (SELECT min(id) FROM outbox WHERE next IS NOT NULL AND recipient = r.recipient)
 ORDER BY o.id")))

(define (head-due head now)
  "Return when HEAD may be tried, in ms.  None waits longer than its gap: if it seems to, at NOW,
the clock was set back."
  (if (> (head-next head) (+ now (retry-gap (head-tries head))))
      now
      (head-next head)))

(define (release-rows! db now)
  "Let rows be tried at NOW whose first try was cut off by the end of the process that made it.  (A
second one waits its time, in case that the try was the reason of the end.)"
  (sql db "UPDATE outbox SET next = " now
       " WHERE next > " now " AND tries = 1 AND error IS NULL"))


;;; A try.

(define-record-type <row>
  (make-row id recipient at json event tries)
  row?
  (id row-id)
  (recipient row-recipient)                       ;string
  (at row-at)                                     ;epoch ms, decided
  (json row-json)                                 ;its action
  (event row-event)                               ;id | #f
  (tries row-tries))                              ;with the one that is made now

(define (row-action row)
  "Return the action of ROW, (NAME ARGUMENT ...)."
  (match (vector->list (car (%json-read (row-json row))))
    ((name . arguments) (cons (string->symbol name) arguments))))

(define (take-row! db head now)
  "Count one more try of HEAD, at NOW, and return its <row>, #f when somebody else was faster; the
next follows unless this one ends well.  To be committed before the try is made."
  (let ((tries (+ 1 (head-tries head))))
    (match (sql-row db "UPDATE outbox SET tries = " tries ", next = " (+ now (retry-gap tries))
                    " WHERE id = " (head-id head) " AND tries = " (head-tries head)
                    " AND next IS NOT NULL RETURNING at, action, event")
      (#(at action event)
       (make-row (head-id head) (head-recipient head) at action event tries))
      (#f #f))))

(define (mark-done! db row now)
  (sql db "UPDATE outbox SET done = " now ", next = NULL, error = NULL WHERE id = " (row-id row)))

(define (give-up-old! db row error now)
  "Give up what waits for the recipient of ROW since so long that it cannot be news any more."
  (sql db "UPDATE outbox SET next = NULL, error = " error " WHERE recipient = "
       (row-recipient row) " AND next IS NOT NULL AND at <= " (- now %patience)))

(define (mark-failed! db row error final? now)
  "Note ERROR, why the try of ROW failed that ended at NOW.  Return whether it was given up: since
FINAL? says that nothing else will come of it, or after as many tries as five days hold."
  (let* ((tired? (>= (row-tries row) %most-tries))
         (over? (or final? tired?)))
    (sql db "UPDATE outbox SET error = " error ", next = "
         (and (not over?) (+ now (retry-gap (row-tries row))))
         " WHERE id = " (row-id row))
    (when (and tired? (not final?))
      (give-up-old! db row error now))
    over?))

(define (mark-interrupted! db row now)
  "Let ROW, whose try we ourselves have cut off, be tried again at NOW."
  (sql db "UPDATE outbox SET next = " now " WHERE id = " (row-id row)))


;;; Who cannot be reached.

(define %mail-tag "sheepdog mail")                ;of the server's own subject that says so

(define (unreachable db)
  "Return the recipients to whom nothing was delivered since something was given up, 100 at most,
in their order: a list of (RECIPIENT AT ERROR), when that was decided (ms) and why."
  (map vector->list
       (sql db "SELECT o.recipient, o.at, o.error
 FROM (SELECT max(id) AS id FROM outbox WHERE next IS NULL AND done IS NULL GROUP BY recipient) f
 JOIN outbox o ON o.id = f.id
 WHERE NOT EXISTS (SELECT 1 FROM outbox d WHERE d.recipient = o.recipient AND d.id > o.id
                   AND d.done IS NOT NULL)
 ORDER BY o.recipient LIMIT 100")))

(define (unreachable? db recipient)
  "Is RECIPIENT one of `unreachable'?"
  (match (sql-row db "SELECT (SELECT max(id) FROM outbox WHERE recipient = " recipient
                  " AND next IS NULL AND done IS NULL),
 (SELECT max(id) FROM outbox WHERE recipient = " recipient " AND done IS NOT NULL)")
    (#(given-up done) (and given-up (or (not done) (> given-up done))))))
