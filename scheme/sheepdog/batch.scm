;;; batch.scm -- the subjects of a batch of messages, each read once and written once at most
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Between the first and the last message of a batch a subject, what was told of it and what was
;; decided are records in memory; `write-batch!' writes them, in the caller's transaction.  What
;; was read, the newest facts too, is kept for the next batch, as long as nobody else has written
;; one.

(define-module (sheepdog batch)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog core)
  #:use-module (sheepdog due)
  #:use-module (sheepdog fact)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog name)
  #:use-module (sheepdog notify)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (call-with-batch batch-db batch-policy batch-now
            matter known-matter matter-by-id
            matter-subject set-matter-subject! matter-clause matter-terms matter-id
            matter-demand set-matter-demand!
            add-event! write-events! batch-last-ok batch-facts
            batch-memory

            pairs-of
            pair-recipient pair-destination pair-routed? pair-ledger
            note-verdict! replace-ledger!))

(define-record-type <batch>
  (make-batch db policy now matters facts touched next-id events memory)
  batch?
  (db batch-db)
  (policy batch-policy)
  (now batch-now)                                 ;ms
  (matters batch-matters)                         ;hash table: "HOST/TAG" -> matter
  (facts batch-facts)                             ;see (sheepdog fact)
  (touched batch-touched set-batch-touched!)      ;list of the matters of this batch
  (next-id batch-next-id set-batch-next-id!)      ;integer: for a new subject | #f: not asked
  (events batch-events set-batch-events!)         ;rows of `insert-events!', last first
  (memory batch-memory))                          ;hash table: what others know of this batch


;;; What is kept from batch to batch.

(define %most-matters 20000)                      ;about 1 KB each
(define %most-facts 20000)                        ;about 300 bytes each

(define %kept (make-weak-key-hash-table))         ;database -> (writer, policy, matters, facts)

;; Whoever changes subjects, what was told of them, or facts, in whatever process, does it in
;; `call-with-batch'.  That a message was stored meanwhile makes nothing untrue, so PRAGMA
;; data_version would say too much: the thread that takes messages in writes all the time.
(define (wrote-last! db writer)
  "Let WRITER, a string, be who wrote a batch into DB last; return whether it was before."
  (or (equal? writer (mark db "writer"))
      (begin
        (set-mark! db "writer" writer)
        #f)))

(define (take-kept! db policy)
  "Return what is known of DB under POLICY, as a list for %KEPT; matters and facts are empty if those
kept are not known to be true.  It is kept again by what has been committed: after an exception it
may be false."
  (match (or (hashq-ref %kept db)
             (list (%random-hex 8) #f #f #f))
    ((writer under matters facts-of-db)
     (hashq-remove! %kept db)
     (let ((current? (and (wrote-last! db writer)
                          (eq? policy under))))
       (list writer policy
             (if (and current? (< (hash-count (const #t) matters) %most-matters))
                 matters
                 (make-hash-table 1031))
             (if (and current? (< (facts-count facts-of-db) %most-facts))
                 facts-of-db
                 (facts db)))))))

(define (call-with-batch db policy now proc)
  "Call PROC with a batch without messages, handled at NOW (ms) under POLICY, write what it
changed, all in one transaction, and return what PROC returns."
  (let* ((kept #f)
         (result (with-transaction db
                   (set! kept (take-kept! db policy))
                   (match kept
                     ((writer policy matters facts)
                      (let* ((batch (make-batch db policy now matters facts '() #f '()
                                                (make-hash-table 7)))
                             (result (proc batch)))
                        (write-batch! batch)
                        result))))))
    (hashq-set! %kept db kept)
    result))


;;; A matter: a subject and all that concerns it.

(define-record-type <matter>
  (make-matter id read subject clause demand pairs routed touched?)
  matter?
  (id matter-id)                                  ;integer: the subject's row
  (read matter-read set-matter-read!)             ;subject as it is stored | #f: it is new
  (subject matter-subject set-matter-subject!)
  (clause matter-clause)                          ;the clause that fits it
  (demand matter-demand set-matter-demand!)       ;see (sheepdog awaited) | #f: not sought yet
  (pairs matter-pairs set-matter-pairs!)          ;list of <pair> | #f: not read yet
  (routed matter-routed set-matter-routed!)       ;see `routed!' | #f: not known yet
  (touched? matter-touched? set-matter-touched!)) ;is it of this batch?

(define (matter-terms matter)
  "Return the terms by which MATTER counts as bad."
  (clause-terms (matter-clause matter)))

(define (new-id! batch)
  (let ((id (or (batch-next-id batch)
                (next-subject-id (batch-db batch)))))
    (set-batch-next-id! batch (+ id 1))
    id))

(define (make-known! batch name subject read)
  (let ((made (make-matter (if read (subject-id read) (new-id! batch))
                           read subject
                           (clause-for (policy-clauses (batch-policy batch))
                                       (subject-host subject) (subject-tag subject))
                           #f
                           (if read #f '())
                           #f #f)))
    (hash-set! (batch-matters batch) name made)
    made))

(define (read-matter batch name host tag monitor at sender)
  (let ((read (load-subject (batch-db batch) host tag)))
    (and (or read (begin-subject! (batch-db batch) sender))
         (make-known! batch name (or read (fresh-subject host tag monitor at)) read))))

(define (touch! batch matter)
  (unless (matter-touched? matter)
    (set-matter-touched! matter #t)
    (set-batch-touched! batch (cons matter (batch-touched batch))))
  matter)

(define (matter batch host tag monitor at sender)
  "Return the matter of HOST/TAG; a subject that is not known yet begins with a message of
MONITOR at AT from SENDER (an id).  Return #f when it has begun too many."
  (let* ((name (subject-name host tag))
         (matter (or (hash-ref (batch-matters batch) name)
                     (read-matter batch name host tag monitor at sender))))
    (and matter (touch! batch matter))))

(define (known-matter batch host tag)
  "Return the matter of HOST/TAG, or #f: nothing is known of it."
  (let* ((name (subject-name host tag))
         (matter (or (hash-ref (batch-matters batch) name)
                     (let ((read (load-subject (batch-db batch) host tag)))
                       (and read (make-known! batch name read read))))))
    (and matter (touch! batch matter))))

(define (matter-by-id batch id)
  "Return the matter of the stored subject ID, or #f: there is none any more."
  (match (sql-row (batch-db batch) "SELECT host, tag FROM subject WHERE id = " id)
    (#(host tag) (known-matter batch host tag))
    (#f #f)))

(define (add-event! batch row)
  "Let ROW, as `insert-events!' takes it, be written with the batch."
  (set-batch-events! batch (cons row (batch-events batch))))

(define (write-events! batch)
  "Write the events of BATCH, before its end, and let all be in the index of what was said."
  (insert-events! (batch-db batch) (reverse (batch-events batch)) #:index? #t)
  (set-batch-events! batch '()))

(define (batch-last-ok batch subject)
  "Return when SUBJECT was ok last, as `last-ok' does; that may have been in this batch."
  (match (and (subject-ok-event subject)
              (assv (subject-ok-event subject) (batch-events batch)))
    ((id at received host tag monitor kind state summary elapsed) (cons at elapsed))
    (#f (last-ok (batch-db batch) subject))))


;;; A pair: a subject and a recipient.

(define-record-type <pair>
  (make-pair subject recipient ledger newest decisions)
  pair?
  (subject pair-subject)                          ;integer: id
  (recipient pair-recipient)                      ;string; "": nobody
  (ledger pair-ledger set-pair-ledger!)           ;ledger | #f
  (newest pair-newest set-pair-newest!)           ;<decision> | #f: none | unread
  (decisions pair-decisions set-pair-decisions!)) ;list of <decision> to write, last first

(define-record-type <decision>
  (make-decision id verdict since at event count)
  decision?
  (id decision-id)                                ;integer: its row | #f: new
  (verdict decision-verdict)                      ;verdict
  (since decision-since)                          ;ms
  (at decision-at set-decision-at!)               ;ms
  (event decision-event set-decision-event!)      ;integer
  (count decision-count set-decision-count!))     ;integer: equal ones to write

(define (read-pairs! batch matter)
  "Return the pairs of MATTER; those with a ledger are read at the first call."
  (or (matter-pairs matter)
      (let ((pairs (map (match-lambda
                          ((recipient . ledger)
                           (make-pair (matter-id matter) recipient ledger 'unread '())))
                        (ledger-rows (batch-db batch) (matter-id matter)))))
        (set-matter-pairs! matter pairs)
        pairs)))

(define (find-pair! batch matter recipient)
  "Return the pair of MATTER and RECIPIENT, made if there is none."
  (let ((pairs (read-pairs! batch matter)))
    (or (find (lambda (pair) (string=? recipient (pair-recipient pair))) pairs)
        (let ((pair (make-pair (matter-id matter) recipient #f
                               (if (matter-read matter) 'unread #f)
                               '())))
          (set-matter-pairs! matter (append pairs (list pair)))
          pair))))

(define (routed-pairs! batch matter mailto)
  "Return the pairs of MATTER that its clause names, MAILTO for `sender', as an alist to #t."
  (map (lambda (destination)
         (cons (find-pair! batch matter (destination->text destination)) #t))
       (recipients (matter-clause matter) mailto)))

(define (routed! batch matter mailto)
  "Likewise; unless it hangs on MAILTO it is found once."
  (define clause (matter-clause matter))
  (if (and clause (memq 'sender (clause-to clause)))
      (routed-pairs! batch matter mailto)
      (or (matter-routed matter)
          (let ((routed (routed-pairs! batch matter '())))
            (set-matter-routed! matter routed)
            routed))))

(define (pairs-of batch matter mailto)
  "Return an alist from each pair that a decision on MATTER concerns to whether its recipient is
routed there: those that its clause names (MAILTO: the wish of the message) and those that were
told of the present incident.  Nobody at all is a pair, too, with the recipient \"\"."
  (let* ((routed (routed! batch matter mailto))
         (told (filter (lambda (pair)
                         (and (pair-ledger pair) (not (assq pair routed))))
                       (read-pairs! batch matter))))
    (match (if (null? told)
               routed
               (append routed (map (lambda (pair) (cons pair #f)) told)))
      (() (list (cons (find-pair! batch matter "") #f)))
      (pairs pairs))))

(define (pair-destination batch pair)
  "Return the DEST of PAIR."
  (find-destination (batch-policy batch) (pair-recipient pair)))

(define (read-newest! batch pair)
  (when (eq? 'unread (pair-newest pair))
    (set-pair-newest! pair
                      (match (last-decision (batch-db batch) (pair-subject pair)
                                            (pair-recipient pair))
                        (#f #f)
                        (#(id word reason)
                         (make-decision id (verdict (string->symbol word) reason)
                                        #f #f #f 0)))))
  (pair-newest pair))

(define (equal-verdicts? a b)
  (and (eq? (verdict-word a) (verdict-word b))
       (string=? (verdict-reason a) (verdict-reason b))))

(define (note-verdict! batch pair verdict event)
  "Let VERDICT on PAIR, because of the message EVENT, be written with the batch: counted when
it is that of the time before, else as a new decision."
  (let ((newest (read-newest! batch pair))
        (now (batch-now batch)))
    (cond ((and newest (equal-verdicts? verdict (decision-verdict newest)))
           (when (zero? (decision-count newest))
             (set-pair-decisions! pair (cons newest (pair-decisions pair))))
           (set-decision-count! newest (+ 1 (decision-count newest)))
           (set-decision-at! newest now)
           (set-decision-event! newest event))
          (else
           (let ((new (make-decision #f verdict now now event 1)))
             (set-pair-newest! pair new)
             (set-pair-decisions! pair (cons new (pair-decisions pair))))))))

(define (replace-ledger! batch pair ledger)
  "Let LEDGER (#f: empty) be what the recipient of PAIR was told; written at once.  Return #f,
and change nothing, when somebody else changed it."
  (and (write-ledger! (batch-db batch) (pair-subject pair) (pair-recipient pair)
                      (pair-ledger pair) ledger)
       (begin
         (set-pair-ledger! pair ledger)
         #t)))


;;; Writing.

(define (set-turn! db matter)
  "Let the clock have its turn with the subject of MATTER when that changes without a result."
  (let* ((terms (matter-terms matter))
         (read (matter-read matter))
         (before (and read (subject-turn read terms)))
         (after (subject-turn (matter-subject matter) terms)))
    (cond ((eqv? before after) #t)
          (after (due! db after 'turn (matter-id matter)))
          (else (undue! db 'turn (matter-id matter))))))

(define (decision-rows matters)
  "Return two values: rows of decisions that are known and of those that are new, as
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
    (for-each (lambda (matter)
                (for-each (lambda (pair)
                            (for-each (lambda (decision) (add! pair decision))
                                      (reverse (pair-decisions pair))))
                          (or (matter-pairs matter) '())))
              matters)
    (values known (reverse new))))

(define (settle! matter)
  "Let MATTER be as it is after it was written."
  (set-matter-read! matter (matter-subject matter))
  (set-matter-touched! matter #f)
  (for-each (lambda (pair)
              (unless (null? (pair-decisions pair))
                (let ((newest (pair-newest pair)))
                  (if (decision-id newest)
                      (set-decision-count! newest 0)
                      (set-pair-newest! pair 'unread)) ;its row has an id now
                  (set-pair-decisions! pair '()))))
            (or (matter-pairs matter) '())))

(define (other-life? matter)
  (and (matter-read matter)
       (not (same-life? (matter-read matter) (matter-subject matter)))))

(define (other-news? matter)
  (let ((read (matter-read matter))
        (subject (matter-subject matter)))
    (and read (not (eq? read subject)) (same-life? read subject))))

(define (write-batch! batch)
  "Write what the messages of BATCH changed."
  (let ((db (batch-db batch))
        (matters (reverse (batch-touched batch))))
    (define (subjects wanted?)
      (filter-map (lambda (matter)
                    (and (wanted? matter)
                         (cons (matter-id matter) (matter-subject matter))))
                  matters))
    (insert-events! db (reverse (batch-events batch)))
    (insert-subjects! db (subjects (negate matter-read)))
    (update-lives! db (subjects other-life?))
    (update-news! db (subjects other-news?))
    (for-each (lambda (matter)
                (unless (other-news? matter)
                  (set-turn! db matter)))
              matters)
    (call-with-values (lambda () (decision-rows matters))
      (lambda (known new)
        (write-decisions! db known new)))
    (for-each settle! matters)))
