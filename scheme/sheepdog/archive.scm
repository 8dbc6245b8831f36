;;; archive.scm -- messages as they came, and what was decided and told because of them
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Reading only.  What writes is (sheepdog store) and (sheepdog round).

(define-module (sheepdog archive)
  #:use-module (sheepdog error)
  #:use-module (sheepdog history)
  #:use-module (sheepdog message)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (stored
            stored?
            stored-id stored-sender stored-seq stored-received stored-sent stored-body
            stored-length stored-aside stored-aside-at stored-waiting?
            find-message
            read-message
            event-message
            event-outcome
            message-ids
            aside-messages

            telling
            telling?
            telling-recipient telling-action telling-event telling-at telling-tries
            telling-next telling-done telling-error
            tellings
            verdict
            verdict?
            verdict-recipient verdict-event verdict-verdict verdict-reason
            verdict-count verdict-until
            newest-verdicts
            refusals))

;;; Messages as received

(define-record-type <stored>
  (stored id sender seq received sent body length aside aside-at waiting?)
  stored?
  (id stored-id)
  (sender stored-sender)
  (seq stored-seq)
  (received stored-received)                     ;epoch ms
  (sent stored-sent)                             ;epoch ms | #f
  (body stored-body)                             ;bytevector
  (length stored-length)                         ;bytes, before any cut
  (aside stored-aside)                           ;string, why it is aside | #f
  (aside-at stored-aside-at)                     ;epoch ms | #f
  (waiting? stored-waiting?))                    ;not handled yet

(define row->stored
  (match-lambda
    (#(id sender seq received sent body length aside aside-at waiting)
     (stored id sender seq received sent body length aside aside-at (and waiting #t)))))

(define (find-message db id)
  "Return the <stored> message ID, or #f."
  (match (sql-row db "SELECT m.id, s.name, m.seq, m.received, m.sent, m.body, m.length,
 a.reason, a.at, w.message FROM message m JOIN sender s ON s.id = m.sender
 LEFT JOIN aside a ON a.message = m.id LEFT JOIN waiting w ON w.message = m.id
 WHERE m.id = " id)
    (#f #f)
    (row (row->stored row))))

(define (read-message stored)
  "Return the <message> in STORED, or #f when it is none that we can read."
  (with-error-handler
   (const #f)
   (lambda ()
     (bytes->message (stored-body stored) (stored-id stored)
                     (stored-received stored) (stored-sent stored)))))

(define (event-message db id)
  "Return the <message> of the event ID, or #f: none, no longer kept, or none that we can read."
  (match (and id (sql-row db "SELECT body, received, sent FROM message WHERE id = " id))
    (#f #f)
    (#(body received sent)
     (with-error-handler
      (const #f)
      (lambda () (bytes->message body id received sent))))))

(define (event-outcome db id)
  "Return the outcome of the command that the event ID tells of, or #f."
  (let ((message (event-message db id)))
    (and message (message-outcome message))))

(define (message-ids db beginning seq)
  "Return the ids of the messages SEQ of the senders whose name begins with
BEGINNING, a string."
  (map (match-lambda (#(id) id))
       (sql db "SELECT m.id FROM message m JOIN sender s ON s.id = m.sender
 WHERE m.seq = " seq " AND substr(s.name, 1, length(" beginning ")) = " beginning
 " ORDER BY m.id")))

(define (aside-messages db)
  "Return the <stored> messages that were put aside, the oldest first."
  (map row->stored
       (sql db "SELECT m.id, s.name, m.seq, m.received, m.sent, m.body, m.length,
 a.reason, a.at, w.message FROM aside a JOIN message m ON m.id = a.message
 JOIN sender s ON s.id = m.sender LEFT JOIN waiting w ON w.message = m.id
 ORDER BY a.at, m.id")))

;;; What was decided and told

(define-record-type <telling>
  (telling recipient action event at tries next done error)
  telling?
  (recipient telling-recipient)
  (action telling-action)                        ;JSON text
  (event telling-event)                          ;id | #f
  (at telling-at)                                ;epoch ms, decided
  (tries telling-tries)
  (next telling-next)                            ;epoch ms | #f: done, or given up
  (done telling-done)                            ;epoch ms | #f
  (error telling-error))                         ;string | #f

(define* (tellings db subject #:key event (limit 6))
  "Return the newest LIMIT outbox rows about SUBJECT, a <standing>, or only those of
its EVENT, as a list of <telling>, the oldest first."
  (reverse
   (map (match-lambda
          (#(recipient action event at tries next done error)
           (telling recipient action event at tries next done error)))
        (if event
            (sql db "SELECT o.recipient, o.action, a.event, o.at, o.tries, o.next, o.done, o.error
 FROM about a JOIN outbox o ON o.id = a.outbox WHERE a.subject = " (standing-id subject)
 " AND a.event = " event " ORDER BY o.id DESC LIMIT " limit)
            (sql db "SELECT o.recipient, o.action, a.event, o.at, o.tries, o.next, o.done, o.error
 FROM about a JOIN outbox o ON o.id = a.outbox WHERE a.subject = " (standing-id subject)
 " ORDER BY a.outbox DESC LIMIT " limit)))))

(define-record-type <verdict>
  (make-verdict recipient event verdict reason count until)
  verdict?
  (recipient verdict-recipient)
  (event verdict-event)                          ;id of the newest that it counts
  (verdict verdict-verdict)                      ;symbol: tell hold no
  (reason verdict-reason)                        ;string
  (count verdict-count)
  (until verdict-until))                         ;epoch ms: when it is decided again | #f

(define* (verdict recipient event verdict reason count #:optional until)
  (make-verdict recipient event verdict reason count until))

(define (newest-verdicts db subject)
  "Return what was decided last for each recipient about SUBJECT, a <standing>: a
list of <verdict>."
  (map (match-lambda
         (#(recipient event decided reason count until)
          (verdict recipient event (string->symbol decided) reason count until)))
       (sql db "SELECT d.recipient, d.event, d.verdict, d.reason, d.count, h.until FROM decision d
 LEFT JOIN hold h ON h.subject = d.subject AND h.recipient = d.recipient AND d.verdict = 'hold'
 WHERE d.id IN (SELECT max(id) FROM decision WHERE subject = " (standing-id subject)
 " GROUP BY recipient) ORDER BY d.recipient")))

(define (refusals db host event)
  "Return the facts of EVENT, of HOST, that were refused: a list of (RELATION . REASON)."
  (map (match-lambda (#(relation reason) (cons relation reason)))
       (sql db "SELECT relation, reason FROM refused WHERE host = " host
            " AND ev = " event)))
