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
  #:use-module (sheepdog pair)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog route)
  #:use-module (sheepdog run)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (call-with-batch after-batches! batch-db batch-policy batch-now %awake?
            matter known-matter matter-by-id known-subject
            matter-subject set-matter-subject! matter-clause matter-clauses matter-terms
            matter-id matter-demand set-matter-demand! matter-idle? set-matter-idle!
            matter-pairs-read! find-pair! matter-audience set-matter-audience!
            add-event! add-run! write-events! batch-last-ok batch-facts
            batch-memory sender-name))

(define-record-type <batch>
  (make-batch db policy now matters facts touched next-id events runs memory)
  batch?
  (db batch-db)
  (policy batch-policy)
  (now batch-now)                                 ;ms
  (matters batch-matters)                         ;hash table: "HOST/TAG" -> matter
  (facts batch-facts)                             ;see (sheepdog fact)
  (touched batch-touched set-batch-touched!)      ;list of the matters of this batch
  (next-id batch-next-id set-batch-next-id!)      ;integer: for a new subject | #f: not asked
  (events batch-events set-batch-events!)         ;rows of `insert-events!', last first
  (runs batch-runs set-batch-runs!)               ;rows of `insert-runs!', last first
  (memory batch-memory))                          ;hash table: what others know of this batch

;; Will somebody wake up for what is to be told later?  If not, nothing waits for more to tell.
(define %awake? (make-parameter #f))


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
             (list (%random-hex 8) #f #f #f #f))
    ((writer _ under matters facts-of-db)
     (hashq-remove! %kept db)
     (let ((current? (and (wrote-last! db writer)
                          (eq? policy under))))
       (list writer current? policy
             (if (and current? (< (hash-count (const #t) matters) %most-matters))
                 matters
                 (make-hash-table 1031))
             (if (and current? (< (facts-count facts-of-db) %most-facts))
                 facts-of-db
                 (facts db)))))))

;; What looks at each batch once it is written, in its transaction.
(define %afterwards (make-weak-key-hash-table))   ;database -> procedure

(define (noop . _) #t)

(define (after-batches! db proc)
  "Let PROC, (batch current?), be called behind each batch written to DB; #f: nothing.  CURRENT?: the
batch before it was ours, too."
  (if proc
      (hashq-set! %afterwards db proc)
      (hashq-remove! %afterwards db)))

(define (call-with-batch db policy now proc)
  "Call PROC with a batch without messages, handled at NOW (ms) under POLICY, write what it
changed, all in one transaction, and return what PROC returns."
  (let* ((kept #f)
         (result (with-transaction db
                   (set! kept (take-kept! db policy))
                   (match kept
                     ((writer current? policy matters facts)
                      (let* ((batch (make-batch db policy now matters facts '() #f '() '()
                                                (make-hash-table 7)))
                             (result (proc batch)))
                        (write-batch! batch)
                        ((hashq-ref %afterwards db noop) batch current?)
                        result))))))
    (hashq-set! %kept db kept)
    result))


;;; A matter: a subject and all that concerns it.

(define-record-type <matter>
  (make-matter id read subject clauses demand idle? pairs audience touched?)
  matter?
  (id matter-id)                                  ;integer: the subject's row
  (read matter-read set-matter-read!)             ;subject as it is stored | #f: it is new
  (subject matter-subject set-matter-subject!)
  (clauses matter-clauses)                        ;list of the clauses that may count for it
  (demand matter-demand set-matter-demand!)       ;see (sheepdog awaited) | #f: not sought yet
  (idle? matter-idle? set-matter-idle!)           ;is it known that no run of it is open?
  (pairs matter-pairs set-matter-pairs!)          ;list of pairs | #f: not read yet
  (audience matter-audience set-matter-audience!) ;see (sheepdog audience) | #f: not known, or varies
  (touched? matter-touched? set-matter-touched!)) ;is it of this batch?

(define (matter-clause matter)
  "Return the clause that says when MATTER counts as bad."
  (first (matter-clauses matter)))

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
                           (clauses-for (policy-clauses (batch-policy batch))
                                        (subject-host subject) (subject-tag subject))
                           #f #f
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

(define (known-subject batch host tag)
  "Return the subject HOST/TAG as it is now, or #f: nothing is known of it."
  (let ((matter (known-matter batch host tag)))
    (and matter (matter-subject matter))))

(define (matter-by-id batch id)
  "Return the matter of the stored subject ID, or #f: there is none any more."
  (match (sql-row (batch-db batch) "SELECT host, tag FROM subject WHERE id = " id)
    (#(host tag) (known-matter batch host tag))
    (#f #f)))

(define (matter-pairs-read! batch matter)
  "Return the pairs of MATTER that were told something or are on hold, read at the first call, and
those that were asked for."
  (or (matter-pairs matter)
      (let ((pairs (stored-pairs (batch-db batch) (matter-id matter))))
        (set-matter-pairs! matter pairs)
        pairs)))

(define (find-pair! batch matter recipient)
  "Return the pair of MATTER and RECIPIENT, made if there is none."
  (let ((pairs (matter-pairs-read! batch matter)))
    (or (find (lambda (pair) (string=? recipient (pair-recipient pair))) pairs)
        (let ((pair (new-pair (matter-id matter) recipient
                              #:new? (not (matter-read matter)))))
          (set-matter-pairs! matter (append pairs (list pair)))
          pair))))

(define (add-event! batch row)
  "Let ROW, as `insert-events!' takes it, be written with the batch."
  (set-batch-events! batch (cons row (batch-events batch))))

(define (add-run! batch row)
  "Let ROW, as `insert-runs!' takes it, be written with the batch."
  (set-batch-runs! batch (cons row (batch-runs batch))))

(define (write-events! batch)
  "Write the events of BATCH, before its end, and let all be in the index of what was said."
  (insert-events! (batch-db batch) (reverse (batch-events batch)) #:index? #t)
  (set-batch-events! batch '()))

(define (batch-last-ok batch subject)
  "Return when SUBJECT was ok last, as `last-ok' does; that may have been in this batch."
  (match (and (subject-ok-event subject)
              (assv (subject-ok-event subject) (batch-events batch)))
    ((id at received host tag monitor kind state summary elapsed _) (cons at elapsed))
    (#f (last-ok (batch-db batch) subject))))


(define (sender-name batch id)
  "Return the name of the sender ID."
  (let ((memory (batch-memory batch)) (key (cons 'sender id)))
    (or (hash-ref memory key)
        (let ((name (or (sql-value (batch-db batch) "SELECT name FROM sender WHERE id = " id) "")))
          (hash-set! memory key name)
          name))))


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

(define (settle! matter)
  "Let MATTER be as it is after it was written."
  (set-matter-read! matter (matter-subject matter))
  (set-matter-touched! matter #f)
  (for-each settle-pair! (or (matter-pairs matter) '())))

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
    (insert-runs! db (reverse (batch-runs batch)))
    (index-runs! db)
    (insert-subjects! db (subjects (negate matter-read)))
    (unless (or (every matter-read matters)
                (null? (policy-dependencies (batch-policy batch))))
      (due-by! db (batch-now batch) 'needs ""))
    (update-lives! db (subjects other-life?))
    (update-news! db (subjects other-news?))
    (for-each (lambda (matter) (set-turn! db matter)) matters)
    (call-with-values (lambda ()
                        (decision-rows (append-map (lambda (matter) (or (matter-pairs matter) '()))
                                                   matters)))
      (lambda (known new)
        (write-decisions! db known new)))
    (for-each settle! matters)))
