;;; tell.scm -- what was decided to be told is told: ledger, notices, rows of the outbox
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; One notification tells a recipient of one subject or of many.  All of it is written in the
;; transaction of the batch; told is what is in the outbox.

(define-module (sheepdog tell)
  #:use-module ((sheepdog archive) #:select (event-message))
  #:use-module (sheepdog audience)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog bulletin)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog circumstance)
  #:use-module ((sheepdog expectation) #:select (misses))
  #:use-module (sheepdog incident)
  #:use-module (sheepdog ledger)
  #:use-module (sheepdog message)
  #:use-module (sheepdog note)
  #:use-module (sheepdog notice)
  #:use-module (sheepdog notify)
  #:use-module (sheepdog outage)
  #:use-module (sheepdog outbox)
  #:use-module (sheepdog pair)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog route)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (news news-matter news-listener news-pair news-kind news-notes tell-news! tell-digest!))

(define-record-type <news>
  (news matter listener kind notes)
  news?
  (matter news-matter)
  (listener news-listener)
  (kind news-kind)                                ;symbol
  (notes news-notes))                             ;list of (KEY TEXT EVENT): what receivers say

(define (news-pair news)
  (listener-pair (news-listener news)))

(define (news-state news)
  "Return the state of the subject of NEWS that its recipient wants to know, or #f."
  (wanted (matter-subject (news-matter news)) (clause-on (listener-clause (news-listener news)))))


;;; The notice of a piece of news.

(define (cause-event news)
  "Return the id of the message behind NEWS, 0: there is none."
  (match (news-notes news)
    (((key text event) . _) event)
    (() (or (subject-event (matter-subject (news-matter news))) 0))))

(define (ok-since db subject since)
  "Return since when SUBJECT was ok until SINCE, or #f: it was not."
  (and (subject-ok-event subject)
       (or (sql-value db "SELECT max(t1) FROM interruption WHERE host = " (subject-host subject)
                      " AND tag = " (subject-tag subject) " AND t0 < " since " AND t1 <= " since)
           (sql-value db "SELECT t FROM said WHERE host = " (subject-host subject)
                      " AND tag = " (subject-tag subject)
                      " AND t < " since " ORDER BY t LIMIT 1"))))

(define (failures-since db subject since)
  "Return how many results of SUBJECT were not ok in its spans from SINCE on."
  (+ (sql-value db "SELECT coalesce(sum(failures), 0) FROM interruption WHERE host = "
                (subject-host subject) " AND tag = " (subject-tag subject)
                " AND t0 >= " since " AND \"end\" <> ''")
     (if (subject-span subject) (- (subject-failures subject) (subject-past subject)) 0)))

(define (kept-quiet db pair)
  "Return how many results came of which nothing was told to the recipient of PAIR since he was."
  (or (sql-value db "SELECT sum(count) FROM decision WHERE subject = " (pair-subject pair)
                 " AND recipient = " (pair-recipient pair) " AND verdict <> 'tell' AND id >
 (SELECT max(id) FROM decision WHERE subject = " (pair-subject pair) " AND recipient = "
 (pair-recipient pair) " AND verdict = 'tell')")
      0))

(define (told-words ledger)
  (if ledger
      (append (ledger-told ledger) (if (ledger-flap? ledger) '(flapping) '()))
      '()))

(define (news->notice batch news ledger)
  "Return the notice of NEWS to a recipient who was told LEDGER before."
  (let* ((db (batch-db batch))
         (matter (news-matter news))
         (subject (matter-subject matter))
         (event (cause-event news))
         (message (event-message db event))
         (since (or (and ledger (ledger-since ledger)) (subject-bad-since subject)))
         (late? (eq? 'late (subject-hard subject))))
    (notice #:kind (news-kind news)
            #:subject subject
            #:monitor (if message (message-monitor message) (subject-monitor subject))
            #:event event
            #:words (cond ((pair? (news-notes news))
                           (string-join (map second (news-notes news)) "\n"))
                          (late? (late-reason db (subject-host subject) (subject-tag subject)))
                          (else #f))
            #:outcome (and message (not late?) (message-outcome message))
            #:last-ok (batch-last-ok batch subject)
            #:ok-since (and since (not ledger) (ok-since db subject since))
            #:told (told-words ledger)
            #:first (and ledger (ledger-first ledger))
            #:since since
            #:failures (if since (failures-since db subject since) 0)
            #:missed (if (and since (eq? 'recovery (news-kind news)))
                         (misses db (pair-subject (news-pair news)) since)
                         0)
            #:kept (if (eq? 'reminder (news-kind news)) (kept-quiet db (news-pair news)) 0)
            #:past (if (eq? 'history (news-kind news))
                       (past-of batch matter (news-pair news))
                       0)
            #:now (batch-now batch))))


;;; The outbox.

(define (destination->json destination)
  (match destination
    ((? string?) destination)
    ('log "log")
    (('exec . argv) (list->vector (cons "exec" argv)))))

(define (message-id batch recipient news)
  "Return the Message-ID of the notification of NEWS, a list, to RECIPIENT: that of no other."
  (let ((hash (number->string (string-hash recipient 4294967296) 16))
        (server (policy-name (batch-policy batch)))
        (identity (store-identity (batch-db batch))))
    (match news
      ((one) (format #f "<~a.~a.~a.~a.~a@~a>" (cause-event one) (news-kind one) hash
                     (batch-now batch) identity server))
      (_ (format #f "<group.~a.~a.~a@~a>" hash (batch-now batch) identity server)))))

(define* (put-news! batch recipient told id title text #:key kind)
  "Put the notification ID of TOLD, a list of (NEWS NOTICE LEDGER), into the outbox; its KIND is that of
the only one, or `group', if it is not given."
  (let* ((items (notices->items (map second told)))
         (one (and (= 1 (length told)) (not kind) (first items)))
         (kind (or kind (if one (assq-ref one 'kind) "group")))
         (threads (delete-duplicates
                   (filter-map (match-lambda ((news notice ledger) (and=> ledger ledger-thread)))
                               told))))
    (put-out! (batch-db batch)
              `(notify
                ((to . ,(destination->json (find-destination (batch-policy batch) recipient)))
                 (kind . ,kind)
                 (state . ,(if (null? items) "ok" (bulletin-state items)))
                 (host . ,(if one (assq-ref one 'host) ""))
                 (tag . ,(if one (assq-ref one 'tag) ""))
                 (title . ,title)
                 (text . ,text)
                 (id . ,id)
                 (references . ,(list->vector threads))
                 (event . ,(if one (assq-ref one 'event) 0))
                 (at . ,(batch-now batch))
                 (news . ,(list->vector items))))
              #:recipient recipient
              #:now (batch-now batch)
              #:subject (and one (pair-subject (news-pair (first (first told)))))
              #:event (and one (assq-ref one 'event))
              #:kind kind
              #:about (map (match-lambda*
                             (((news . _) item)
                              (list (pair-subject (news-pair news)) (assq-ref item 'event)
                                    (assq-ref item 'kind))))
                           told items))))


;;; Telling.

(define (next-ledger batch news id)
  "Return the ledger after NEWS was told as ID."
  (let* ((subject (matter-subject (news-matter news)))
         (ledger (pair-ledger (news-pair news)))
         (clause (listener-clause (news-listener news))))
    (ledger-after ledger (news-kind news) (news-state news)
                  #:now (batch-now batch)
                  #:since (or (subject-bad-since subject) (batch-now batch))
                  #:id id
                  #:reminders (if ledger
                                  (reminders-due ledger (clause-repeat clause)
                                                 (batch-now batch))
                                  0))))

(define (claim! batch news id)
  "Return the verdict on telling NEWS as ID, after all: it is entered into the ledger, unless somebody
else has told it."
  (if (or (eq? 'note (news-kind news))
          (replace-ledger! (batch-db batch) (news-pair news) (next-ledger batch news id)))
      (verdict 'tell (symbol->string (news-kind news)))
      (decide (facts-of batch (news-matter news) (news-listener news)
                        #:flush? #t #:digest? #t #:claimed? #f))))

(define (enter! batch news id)
  "Enter that NEWS is told as ID; return whether it is."
  (let* ((db (batch-db batch))
         (pair (news-pair news))
         (event (cause-event news))
         (verdict (claim! batch news id)))
    (note-verdict! db pair verdict event (batch-now batch))
    (unless (eq? 'note (news-kind news))
      (replace-hold! db pair #f))
    (when (tell? verdict)
      (for-each (match-lambda
                  ((key text event)
                   (told-note! db (pair-subject pair) (pair-recipient pair) key
                               (batch-now batch))))
                (news-notes news)))
    (tell? verdict)))

(define (claim-news! batch news id)
  "Enter NEWS, a list, to be told as ID; return what nobody else told, a list of (NEWS NOTICE LEDGER),
the ledger before."
  (let ((told (map (lambda (news)
                     (let ((ledger (pair-ledger (news-pair news))))
                       (list news (news->notice batch news ledger) ledger)))
                   news)))
    (filter (match-lambda ((news . _) (enter! batch news id))) told)))

(define (outage-note batch told)
  "Return the line that names the outage of ours in which something of TOLD, as of `claim-news!', was
missed, or the empty string."
  (define (outage-of news)
    (let ((subject (matter-subject (news-matter news))))
      (and (eq? 'late (subject-hard subject))
           (outage-words (batch-db batch) (subject-bad-since subject)))))
  (let ((words (any (match-lambda ((news . _) (outage-of news))) told)))
    (if words (string-append words "\n") "")))

(define (tell-news! batch news)
  "Tell the recipient of NEWS, a list for one recipient, all of it in one notification, but for what
somebody else told meanwhile."
  (let* ((recipient (pair-recipient (news-pair (first news))))
         (id (message-id batch recipient news)))
    (match (claim-news! batch news id)
      (() #t)
      ((and told ((_ notice _)))
       (put-news! batch recipient told id (notice-title notice)
                  (string-append (outage-note batch told) (notice-text notice))))
      (told
       (let ((items (notices->items (map second told))))
         (put-news! batch recipient told id (bulletin-title items)
                    (string-append (outage-note batch told) (bulletin-text items))))))))

(define (tell-digest! batch recipient kind news title text)
  "Tell RECIPIENT the digest of KIND with TITLE and TEXT, which tells of NEWS, a list."
  (let ((id (message-id batch recipient '())))
    (put-news! batch recipient (claim-news! batch news id) id title text #:kind kind)))
