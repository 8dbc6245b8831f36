;;; tell.scm -- decisions on a matter, carried out: verdicts, ledger, outbox rows
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What (sheepdog notify) decides, (sheepdog notice) words and (sheepdog outbox) sends, for each
;; recipient of a subject; in the transaction of the batch.

(define-module (sheepdog tell)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog message)
  #:use-module (sheepdog notice)
  #:use-module (sheepdog notify)
  #:use-module (sheepdog outbox)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (tell-result! tell-older! tell-note! decide-again!))

(define (destination->json destination)
  (match destination
    ((? string?) destination)
    ('log "log")
    (('exec . argv) (list->vector (cons "exec" argv)))))

(define (message-id-of batch kind event recipient)
  "Return the Message-ID of a notification: the same for one KIND, EVENT and RECIPIENT, and of no
other database."
  (format #f "<~a.~a.~a.~a@~a>" event kind
          (number->string (string-hash recipient 4294967296) 16)
          (store-identity (batch-db batch))
          (policy-name (batch-policy batch))))

(define (put-notice! batch matter pair notice id references)
  "Put NOTICE into the outbox for the recipient of PAIR, under the Message-ID ID."
  (let ((subject (notice-subject notice))
        (kind (symbol->string (notice-kind notice))))
    (put-out! (batch-db batch)
              `(notify
                ((to . ,(destination->json (pair-destination batch pair)))
                 (kind . ,kind)
                 (state . ,(symbol->string (or (notice-state notice) 'unknown)))
                 (host . ,(subject-host subject))
                 (tag . ,(subject-tag subject))
                 (title . ,(notice-title notice))
                 (text . ,(notice-text notice))
                 (id . ,id)
                 (references . ,(list->vector references))
                 (event . ,(notice-event notice))
                 (at . ,(batch-now batch))))
              #:recipient (pair-recipient pair)
              #:now (batch-now batch)
              #:subject (matter-id matter)
              #:event (notice-event notice)
              #:kind kind)))

(define (notice-of batch matter before message kind words ledger)
  (notice #:kind kind
          #:subject (matter-subject matter)
          #:before before
          #:monitor (message-monitor message)
          #:event (message-id message)
          #:words words
          #:outcome (message-outcome message)
          #:last-ok (batch-last-ok batch before)
          #:told-first (and ledger (ledger-first ledger))))

(define (tell-news! batch matter before message pair verdict words)
  "Tell the recipient of PAIR the news that VERDICT is, and note that in the ledger; return #f
when somebody else did."
  (let* ((kind (string->symbol (verdict-reason verdict)))
         (ledger (pair-ledger pair))
         (id (message-id-of batch kind (message-id message) (pair-recipient pair)))
         (state (subject-hard (matter-subject matter))))
    (and (replace-ledger! batch pair
                          (ledger-after ledger verdict state (batch-now batch) id))
         (begin
           (put-notice! batch matter pair
                        (notice-of batch matter before message kind words ledger)
                        id
                        (if ledger (list (ledger-thread ledger)) '()))
           #t))))

(define (reachable? batch matter pair)
  "Can MATTER reach the recipient of PAIR?  Asked only of the subject that somebody cannot be reached:
to tell just him would be given up, too."
  (let ((subject (matter-subject matter)))
    (not (and (string=? %mail-tag (subject-tag subject))
              (string=? (policy-name (batch-policy batch)) (subject-host subject))
              (unreachable? (batch-db batch) (pair-recipient pair))))))

(define (decide-pair! batch matter before message pair routed? words)
  "Decide on telling the recipient of PAIR of what MESSAGE did to MATTER, which was BEFORE, and do
it.  Return whether it was told."
  (let* ((subject (matter-subject matter))
         (clause (matter-clause matter))
         (ledger (pair-ledger pair))
         (verdict (decide subject clause ledger #:routed? routed?
                          #:reachable? (reachable? batch matter pair)))
         (done? (cond ((tell? verdict)
                       (tell-news! batch matter before message pair verdict words))
                      ((and ledger (not (ledger-after ledger verdict #f 0 "")))
                       (replace-ledger! batch pair #f))
                      (else #t)))
         (verdict (if done?
                      verdict
                      (decide subject clause ledger #:routed? routed? #:claimed? #f))))
    (note-verdict! batch pair verdict (message-id message))
    (tell? verdict)))

(define (tell-result! batch matter before message notes)
  "Decide on telling all whom it concerns that MESSAGE made of the subject BEFORE what MATTER has
now.  NOTES, lists (KEY TEXT), are what its receiver says: the text of the notification, or, where
there is none, a note by itself."
  (let ((words (and (pair? notes)
                    (string-join (map second notes) "\n"))))
    (for-each
     (match-lambda
       ((pair . routed?)
        (if (decide-pair! batch matter before message pair routed? words)
            (for-each (match-lambda
                        ((key text)
                         (write-note! (batch-db batch) (matter-id matter)
                                      (pair-recipient pair) key (batch-now batch))))
                      notes)
            (for-each (lambda (note)
                        (tell-note-to! batch matter message pair routed? note #f))
                      notes))))
     (pairs-of batch matter (message-mailto message)))))

(define (message-of batch event)
  "Return the message EVENT, an id, as it was received."
  (match (sql-row (batch-db batch) "SELECT body, received, sent FROM message WHERE id = " event)
    (#(body received sent) (bytes->message body event received sent))
    (#f #f)))

(define (decide-again! batch id at)
  "Decide on telling all whom it concerns how the subject ID stands: something other than a message
changed that at AT."
  (let* ((matter (matter-by-id batch id))
         (message (and matter (message-of batch (subject-event (matter-subject matter))))))
    (when (and message (subject-hard (matter-subject matter)))
      (tell-result! batch matter (matter-subject matter) message '()))))

(define (tell-older! batch matter message notes)
  "Note that MESSAGE is older than what is known of MATTER, so it is no news."
  (for-each
   (match-lambda
     ((pair . routed?)
      (note-verdict! batch pair %older-result (message-id message))
      (for-each (lambda (note)
                  (tell-note-to! batch matter message pair routed? note #f))
                notes)))
   (pairs-of batch matter (message-mailto message))))

(define (tell-note-to! batch matter message pair routed? note alone?)
  "Tell the recipient of PAIR the NOTE, a list (KEY TEXT), unless that was done before.  That it
is not told is a decision when it is all that MESSAGE might tell, ALONE?."
  (match note
    ((key text)
     (let* ((db (batch-db batch))
            (recipient (pair-recipient pair))
            (told? (note-told? db (matter-id matter) recipient key))
            (verdict (decide-note told? routed?)))
       (when (or alone? (tell? verdict))
         (note-verdict! batch pair verdict (message-id message)))
       (when (tell? verdict)
         (write-note! db (matter-id matter) recipient key (batch-now batch))
         (put-notice! batch matter pair
                      (notice-of batch matter (matter-subject matter) message 'note text #f)
                      (message-id-of batch (string-append "note-"
                                                          (number->string (string-hash key) 16))
                                     (message-id message) recipient)
                      '()))))))

(define (tell-note! batch matter message note)
  "Tell all to whom MATTER is routed the NOTE of MESSAGE, a list (KEY TEXT), each once."
  (for-each
   (match-lambda
     ((pair . routed?)
      (tell-note-to! batch matter message pair routed? note #t)))
   (pairs-of batch matter (message-mailto message))))
