;;; decide.scm -- decisions are made: after a result, when something else has changed, when a group goes
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A verdict is told at once, or put on hold: then a row of the due index says when it is decided
;; again.  `look' does that for a subject, `flush' for all that waits for a recipient.  The gates are
;; run again each time, on what is true then.

(define-module (sheepdog decide)
  #:use-module (sheepdog audience)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog catch-up)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog circumstance)
  #:use-module (sheepdog dependency)
  #:use-module (sheepdog digest)
  #:use-module (sheepdog due)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog ledger)
  #:use-module (sheepdog message)
  #:use-module (sheepdog note)
  #:use-module (sheepdog notify)
  #:use-module (sheepdog pair)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog route)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog tell)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (tell-result! tell-older! tell-note!
            decide-again! look! flush! digest-news))

(define %waiting '("grouped" "limited"))
(define %dependent '("parent" "parent-wait" "settle"))


;;; What is on hold.

(define (arm! batch matter listener verdict)
  "Let what VERDICT holds be decided again when its time is over."
  (let ((db (batch-db batch))
        (until (verdict-until verdict)))
    (match (string->symbol (hold-reason (pair-hold (listener-pair listener))))
      ((or 'grouped 'limited)
       (due-by! db until 'flush (pair-recipient (listener-pair listener))))
      ('digest
       (due-by! db until 'digest
                (roundup-key "digest" (clause-digest (listener-clause listener))
                             (pair-recipient (listener-pair listener)))))
      ((or 'parent 'parent-wait 'settle)
       (hash-set! (batch-memory batch) 'dependent #t)
       (when until
         (due-by! db until 'look (matter-id matter))))
      (_
       (when until
         (due-by! db until 'look (matter-id matter)))))))

(define (past-with batch matter pair verdict)
  "Return how many untold spans of the past a hold by VERDICT remembers."
  (if (string=? "catching-up" (verdict-reason verdict)) ;it is not over yet
      (or (and=> (pair-hold pair) hold-past) 0)
      (past-of batch matter pair)))

(define (hold! batch matter listener verdict)
  "Put what VERDICT holds on hold; take off what it does not."
  (let ((pair (listener-pair listener)))
    (cond ((hold? verdict)
           (replace-hold! (batch-db batch) pair
                          (hold-of pair verdict (past-with batch matter pair verdict)
                                   (batch-now batch)))
           (arm! batch matter listener verdict))
          (else (replace-hold! (batch-db batch) pair #f)))))

(define (end-past! batch matter)
  "Forget the spans of MATTER that came and went unheard: it is decided what becomes of them."
  (let ((db (batch-db batch)) (host (subject-host (matter-subject matter))))
    (unless (catching-up-until db host (batch-now batch))
      (forget-bygone! db (matter-id matter)))))

(define (arm-reminder! batch matter listener)
  "Let LISTENER, who was told of MATTER, be reminded when it is time."
  (let ((ledger (pair-ledger (listener-pair listener)))
        (repeat (clause-repeat (listener-clause listener))))
    (when (and ledger repeat (bad? (subject-hard (matter-subject matter))))
      (due-by! (batch-db batch)
               (+ (ledger-first ledger)
                  (* repeat (+ 1 (reminders-due ledger repeat (batch-now batch)))))
               'look (matter-id matter)))))


;;; One pair.

(define (note-stop! batch matter listener verdict event look?)
  "Write VERDICT, which tells nothing; LOOK? says that nothing may have happened."
  (let ((pair (listener-pair listener)))
    (unless (and look? (not (pair-hold pair))
                 (member (verdict-reason verdict) '("fine" "not-routed")))
      (note-verdict! (batch-db batch) pair verdict event (batch-now batch)
                     #:again? (not look?)))
    (when (and (pair-ledger pair) (string=? "not-wanted" (verdict-reason verdict)))
      (replace-ledger! (batch-db batch) pair #f))
    (hold! batch matter listener verdict)))

(define* (decide-pair! batch matter listener event #:key look? flush? digest?)
  "Decide on telling LISTENER of MATTER, because of the message EVENT.  Return the news that is to be
told, or #f: that is noted.  LOOK? says that nothing may have happened since, FLUSH? and
DIGEST? as for `facts-of'."
  (let* ((facts (facts-of batch matter listener #:look? look? #:flush? flush?
                          #:digest? digest?))
         (verdict (decide facts)))
    (if (tell? verdict)
        (let ((pair (listener-pair listener)))
          (news matter listener (verdict-kind verdict)
                (waiting-notes (batch-db batch) (pair-subject pair) (pair-recipient pair))))
        (begin
          (note-stop! batch matter listener verdict event look?)
          (when (and (not look?) (timeless? verdict facts))
            (stand! (listener-pair listener) verdict (cons listener (matter-subject matter))))
          #f))))

(define (standing-verdict matter listener)
  "Return the verdict that stands on telling LISTENER of MATTER, as nothing that it came of has changed,
or #f."
  (standing (listener-pair listener)
            (match-lambda
              ((known . subject)
               (and (eq? listener known)
                    (same-life? subject (matter-subject matter)))))))

(define (tell-one! batch news)
  "Tell NEWS by itself."
  (tell-news! batch (list news))
  (arm-reminder! batch (news-matter news) (news-listener news)))


;;; What depends on a subject, what people said of it.

(define (wake-dependents! batch matter)
  "Let what is on hold because of what MATTER is, or is not, be decided again."
  (let* ((subject (matter-subject matter))
         (db (batch-db batch))
         (keys (dependencies-on (policy-dependencies (batch-policy batch))
                                (subject-host subject) (subject-tag subject))))
    (define (any-dependent?)
      (match (hash-ref (batch-memory batch) 'dependent 'unknown)
        ('unknown
         (let ((any? (any (lambda (reason)
                            (sql-row db "SELECT 1 FROM hold WHERE reason = " reason " LIMIT 1"))
                          %dependent)))
           (hash-set! (batch-memory batch) 'dependent any?)
           any?))
        (any? any?)))
    (when (and (pair? keys) (any-dependent?))
      (for-each (lambda (key)
                  (for-each (lambda (id) (due-by! db (batch-now batch) 'look id))
                            (held-by-key db %dependent key)))
                keys))))

(define (after-change! batch matter before)
  "Do what follows, for others, from MATTER being no longer what BEFORE was."
  (let ((subject (matter-subject matter)))
    (when (and before (bad? (subject-hard before)) (eq? 'ok (subject-hard subject)))
      (end-acks! (batch-db batch) subject (batch-now batch)))
    (wake-dependents! batch matter)))


;;; After a result.

(define (add-notes! batch matter listener message notes)
  "Let NOTES, lists (KEY TEXT), wait for LISTENER; return those that are new to him."
  (if (listener-noted? listener)
      (filter (match-lambda
                ((key text)
                 (add-note! (batch-db batch) (matter-id matter)
                            (pair-recipient (listener-pair listener))
                            key text (message-id message) (batch-now batch))))
              notes)
      '()))

(define* (tell-notes! batch matter listener event #:key alone? told?)
  "Tell LISTENER the notes about MATTER that wait for him, each by itself, if they may be told.  What
becomes of them is a decision when it is all that the message EVENT might tell, ALONE?; TOLD? says
that its note was told before."
  (let* ((pair (listener-pair listener))
         (db (batch-db batch))
         (facts (facts-of batch matter listener #:note? #t))
         (notes (if told? '() (waiting-notes db (pair-subject pair) (pair-recipient pair))))
         (verdict (decide-note facts told?)))
    (cond ((and (tell? verdict) (pair? notes))
           (for-each (lambda (note)
                       (tell-news! batch (list (news matter listener 'note (list note)))))
                     notes))
          (else
           (when alone?
             (note-verdict! db pair verdict event (batch-now batch)))
           (when (and (hold? verdict) (pair? notes))
             (arm-notes! batch matter listener verdict))))))

(define (arm-notes! batch matter listener verdict)
  "Let notes that VERDICT holds be told later."
  (due-by! (batch-db batch) (verdict-until verdict) 'flush
           (pair-recipient (listener-pair listener))))

(define (tell-listener! batch matter listener message notes)
  "Decide on telling LISTENER what MESSAGE made of MATTER, and NOTES."
  (let* ((event (message-id message))
         (new (add-notes! batch matter listener message notes))
         (news (decide-pair! batch matter listener event)))
    (cond (news (tell-one! batch news))
          ((pair? new) (tell-notes! batch matter listener event)))))

(define (tell-result! batch matter before message notes)
  "Decide on telling all whom it concerns that MESSAGE made of the subject BEFORE what MATTER has
now.  NOTES, lists (KEY TEXT), are what its receiver says: the text of the notification, or, where
there is none, a note by itself.  Most results only say again what was decided on."
  (for-each
   (lambda (listener)
     (match (and (null? notes) (standing-verdict matter listener))
       (#f (tell-listener! batch matter listener message notes))
       (verdict (note-verdict! (batch-db batch) (listener-pair listener) verdict
                               (message-id message) (batch-now batch)))))
   (listeners batch matter message))
  (after-change! batch matter before))

(define (tell-older! batch matter message notes)
  "Note that MESSAGE is older than what is known of MATTER, so it is no news."
  (for-each
   (lambda (listener)
     (note-verdict! (batch-db batch) (listener-pair listener) %older-result (message-id message)
                    (batch-now batch))
     (when (pair? (add-notes! batch matter listener message notes))
       (tell-notes! batch matter listener (message-id message))))
   (listeners batch matter message)))

(define (tell-note! batch matter message note)
  "Tell all whom it is for the NOTE of MESSAGE about MATTER, a list (KEY TEXT), each once."
  (for-each
   (lambda (listener)
     (let ((new (add-notes! batch matter listener message (list note))))
       (tell-notes! batch matter listener (message-id message)
                    #:alone? #t #:told? (and (listener-noted? listener) (null? new)))))
   (note-listeners batch matter message)))


;;; By the clock.

(define (decide-again! batch id at)
  "Let all be decided again at AT (ms) that concerns the subject ID."
  (due-by! (batch-db batch) at 'look id))

(define (look! batch at id)
  "Decide again on all that concerns the subject ID: something else than a result has changed."
  (let ((matter (matter-by-id batch id)))
    (when matter
      (let ((event (or (subject-event (matter-subject matter)) 0)))
        (for-each
         (lambda (listener)
           (match (decide-pair! batch matter listener event #:look? #t)
             (#f (arm-reminder! batch matter listener))
             (news (tell-one! batch news))))
         (listeners batch matter #f))
        (end-past! batch matter)
        (after-change! batch matter #f)))))

(define* (notes-news batch matter listener #:key flush? digest?)
  "Return the notes about MATTER that wait for LISTENER as news, or #f: they have to wait on."
  (match (waiting-notes (batch-db batch) (matter-id matter)
                        (pair-recipient (listener-pair listener)))
    (() #f)
    (notes
     (let ((verdict (decide-note (facts-of batch matter listener #:note? #t
                                           #:flush? flush? #:digest? digest?)
                                 #f)))
       (when (hold? verdict)
         (arm-notes! batch matter listener verdict))
       (and (tell? verdict)
            (news matter listener 'note notes))))))

(define* (waiting-news batch recipient ids #:key flush? digest? (wanted? (const #t)))
  "Return the news of the subjects IDS that RECIPIENT is to be told now; what is not is noted.  FLUSH?
and DIGEST? are as for `facts-of'; only clauses that are WANTED? count."
  (filter-map
   (lambda (id)
     (let* ((matter (matter-by-id batch id))
            (listener (and matter (find-listener batch matter recipient))))
       (and listener
            (wanted? (listener-clause listener))
            (or (decide-pair! batch matter listener
                              (or (subject-event (matter-subject matter)) 0)
                              #:look? #t #:flush? flush? #:digest? digest?)
                (notes-news batch matter listener #:flush? flush? #:digest? digest?)))))
   ids))

(define (flush-news batch recipient)
  "Return the news that RECIPIENT, whose group goes, is to be told."
  (waiting-news batch recipient
                (delete-duplicates
                 (append (held-for (batch-db batch) recipient %waiting)
                         (noted-subjects (batch-db batch) recipient)))
                #:flush? #t))

(define (digest-news batch recipient key)
  "Return the news that RECIPIENT is to be told in the digest KEY, whose time has come."
  (waiting-news batch recipient
                (delete-duplicates
                 (append (held-for (batch-db batch) recipient '("digest"))
                         (noted-subjects (batch-db batch) recipient)))
                #:digest? #t
                #:wanted? (lambda (clause)
                            (and (clause-digest clause)
                                 (string=? key (digest-key (clause-digest clause)))))))

(define (flush! batch at recipient)
  "Tell RECIPIENT in one notification all that waits for it and is still true."
  (match (flush-news batch recipient)
    (() #t)
    (news
     (tell-news! batch news)
     (for-each (lambda (news)
                 (arm-reminder! batch (news-matter news) (news-listener news)))
               news))))
