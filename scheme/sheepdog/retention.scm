;;; retention.scm -- what is old goes, a slice at a time; what something open needs stays
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The clock's work `retention' makes a pass once a day: step after step, 1000 rows or 50 ms a slice, so
;; messages are handled between.  A step looks at rows in the order of their ids, from a cursor on.
;; Never removed: facts, spans, ends of runs; a subject's newest result, ok and fail; what is still to be
;; handled or sent; what an open span or a ledger row refers to.  A pass of a database over its size
;; limit goes on with what is not old yet, the oldest first, until it fits.

(define-module (sheepdog retention)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog due)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog rollup)
  #:use-module (sheepdog slim)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog table)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (retention retention? retention-messages retention-output retention-most
            config-retention used-bytes
            plan-retention! retain!))

(define %second 1000)
(define %hour (* 60 60 %second))
(define %day (* 24 %hour))

(define %repeats (* 30 %day))                     ;equal ok results in a row
(define %decisions (* 90 %day))                   ;decisions, and what was sent
(define %notes (* 400 %day))                      ;notes told, silences, acks, diary
(define %least (* 1 %day))                        ;of messages, where there is no room

(define %rows 1000)                               ;looked at in a slice
(define %slice 35)                                ;ms, after which none is begun: 50 with the last one
(define %pause 250)                               ;ms between two slices

(define-record-type <retention>
  (retention messages output most)
  retention?
  (messages retention-messages)                   ;ms that messages are kept
  (output retention-output)                       ;ms that the output of commands is
  (most retention-most))                          ;bytes that the database should have at most

(define (config-retention config)
  "Return the <retention> that CONFIG asks for: (database FILE (max-size SIZE) (keep (messages D)
(output D)))."
  (let* ((entry (config-entry config 'database))
         (keep (and entry (entry-option entry 'keep))))
    (define (ref entry key default)
      (if entry (entry-ref entry key default) default))
    (let ((messages (ref keep 'messages (* 400 %day))))
      (retention messages
                 (min messages (ref keep 'output (* 60 %day)))
                 (ref entry 'max-size (* 8 1024 1024 1024))))))

(define (used-bytes db)
  "Return how much of the file of DB is in use, in bytes."
  (match (sql-row db "SELECT page_count - freelist_count, page_size
 FROM pragma_page_count, pragma_freelist_count, pragma_page_size")
    (#(pages size) (* pages size))))

(define (too-large? db retention)
  (> (used-bytes db) (retention-most retention)))


;;; Steps: (db retention now cursor) -> the next cursor, or #f: there is no more.

(define (newest-fail? db host tag t id)           ;what is old is in the index
  (not (sql-row db "SELECT 1 FROM event_index WHERE host = " host " AND tag = " tag " AND (t, event) > ("
                t ", " id ") AND state = 'fail' LIMIT 1")))

(define (whole? db id)
  "Is the output of the message ID kept although it is old?"
  (match (sql-row db "SELECT e.host, e.tag, e.t, e.state, s.event, s.ok_event FROM event e
 LEFT JOIN subject s ON s.host = e.host AND s.tag = e.tag WHERE e.id = " id)
    (#f (and (sql-row db "SELECT 1 FROM waiting WHERE message = " id) #t))
    (#(host tag t state newest newest-ok)
     (or (eqv? id newest)
         (eqv? id newest-ok)
         (and (string=? state "fail") (newest-fail? db host tag t id))))))

(define (slim! db id body)
  (let ((slimmer (slim body)))
    (when slimmer
      (sql db "UPDATE message SET body = " slimmer " WHERE id = " id))))

(define (output-before db limit)
  "Take the output of the next message that came before LIMIT.  Each is looked at once: a mark says how
far that has come; what is left whole is noted."
  (match (sql-row db "SELECT id, received, body FROM message WHERE id > "
                  (or (mark db "slim") 0) " ORDER BY id LIMIT 1")
    (#(id (? (lambda (received) (< received limit))) body)
     (if (whole? db id)
         (sql db "INSERT OR IGNORE INTO whole (message) VALUES (" id ")")
         (slim! db id body))
     (set-mark! db "slim" id)
     id)
    (_ #f)))

(define (output! db retention now cursor)
  (output-before db (- now (retention-output retention))))

(define (output-early! db retention now cursor)
  (and (too-large? db retention)
       (output-before db now)))

(define (whole! db retention now cursor)
  "Take the output of what was left whole, and need not be any more."
  (match (sql-row db "SELECT w.message, m.body FROM whole w LEFT JOIN message m ON m.id = w.message
 WHERE w.message > " cursor " ORDER BY w.message LIMIT 1")
    (#f #f)
    (#(id body)
     (unless (and body (whole? db id))
       (when body (slim! db id body))
       (sql db "DELETE FROM whole WHERE message = " id))
     id)))

;; Like `sql', of messages m and their events e, if any; those that are needed stay out.  The last piece
;; is a value.
(define-syntax-rule (sql-unneeded db piece ...)
  (sql db piece ... " AND m.id < (SELECT max(id) FROM message)
 AND m.id NOT IN (SELECT message FROM waiting UNION ALL SELECT message FROM postponed
  UNION ALL SELECT message FROM held UNION ALL SELECT message FROM clone
  UNION ALL SELECT event FROM outbox WHERE next IS NOT NULL AND event IS NOT NULL)
 AND NOT EXISTS (SELECT 1 FROM subject s WHERE s.host = e.host AND s.tag = e.tag
  AND (s.event = e.id OR s.ok_event = e.id))
 AND NOT EXISTS (SELECT 1 FROM interruption i WHERE i.host = e.host AND i.tag = e.tag
  AND i.ev = e.id AND i.t1 = 9223372036854775807)
 AND NOT EXISTS (SELECT 1 FROM run r WHERE r.host = e.host AND r.tag = e.tag
  AND r.ev = e.id AND r.t1 = 9223372036854775807)"))

(define (ids rows)
  (map (match-lambda (#(id) id)) rows))

(define %chunk 100)                               ;rows a statement

(define (last-of-chunk db cursor limit)
  "Return the last id of the next messages behind CURSOR that came before LIMIT, or #f."
  (sql-value db "SELECT max(id) FROM (SELECT id FROM message WHERE id > " cursor
             " AND received < " limit " ORDER BY id LIMIT " %chunk ")"))

(define (repeats! db retention now cursor)
  "Roll up what said ok between an ok and an ok: the first and the last of a row stay, so what comes too
late makes no span longer.  Each is looked at once: a mark says how far that has come."
  (let* ((from (or (mark db "repeats") 0))
         (until (last-of-chunk db from
                               (- now (min %repeats (retention-messages retention))))))
    (and until
         (begin
           (roll-up! db (ids (sql-unneeded db "SELECT e.id FROM event e JOIN message m ON m.id = e.id
 WHERE e.state = 'ok' AND e.facts IS NULL AND 'ok' =
 (SELECT p.state FROM event_index p WHERE p.host = e.host AND p.tag = e.tag AND (p.t, p.event) < (e.t, e.id)
  AND p.state <> '' ORDER BY p.t DESC, p.event DESC LIMIT 1)
 AND 'ok' =
 (SELECT n.state FROM event_index n WHERE n.host = e.host AND n.tag = e.tag AND (n.t, n.event) > (e.t, e.id)
  AND n.state <> '' ORDER BY n.t, n.event LIMIT 1)
 AND e.id > " from " AND e.id <= " until)))
           (set-mark! db "repeats" until)
           until))))

(define (messages-before db cursor limit)
  "Roll up the next messages behind CURSOR that came before LIMIT."
  (let ((until (last-of-chunk db cursor limit)))
    (and until
         (begin
           (roll-up! db (ids (sql-unneeded db "SELECT m.id FROM message m LEFT JOIN event e ON e.id = m.id
 WHERE m.id > " cursor " AND m.id <= " until)))
           (sql db "DELETE FROM aside WHERE message > " cursor " AND message <= " until
                " AND message NOT IN (SELECT id FROM message WHERE id > " cursor " AND id <= " until ")")
           until))))

(define (messages! db retention now cursor)
  (messages-before db cursor (- now (retention-messages retention))))

(define (messages-early! db retention now cursor)
  (and (too-large? db retention)
       (messages-before db cursor (- now %least))))

(define (decisions! db retention now cursor)
  "Count and remove the next decisions behind CURSOR, but the newest of each recipient, and those of
what is told of and not over."
  (let* ((limit (- now %decisions))
         (until (sql-value db "SELECT max(id) FROM (SELECT id FROM decision WHERE id > " cursor
                           " AND since < " limit " ORDER BY id LIMIT " %chunk ")")))
    (and until
         (begin
           (tally-decisions! db (ids (sql db "SELECT d.id FROM decision d WHERE d.id > " cursor
 " AND d.id <= " until " AND d.at < " limit " AND EXISTS (SELECT 1 FROM decision n
 WHERE n.subject = d.subject AND n.recipient = d.recipient AND n.id > d.id)
 AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.subject = d.subject AND l.recipient = d.recipient)")))
           until))))

(define (outbox! db retention now cursor)
  "Count and remove the next rows of the outbox behind CURSOR: not those of what is told of and not
over, nor the newest that reached a recipient and the newest that did not."
  (let* ((limit (- now %decisions))
         (until (sql-value db "SELECT max(id) FROM (SELECT id FROM outbox WHERE id > " cursor
                           " AND at < " limit " ORDER BY id LIMIT " %chunk ")")))
    (and until
         (begin
           (tally-outbox! db (ids (sql db "SELECT o.id FROM outbox o WHERE o.id > " cursor
 " AND o.id <= " until " AND o.next IS NULL AND coalesce(o.done, o.at) < " limit
 " AND NOT EXISTS (SELECT 1 FROM about a JOIN ledger l ON l.subject = a.subject
  WHERE a.outbox = o.id AND l.recipient = o.recipient)
 AND EXISTS (SELECT 1 FROM outbox n WHERE n.recipient = o.recipient AND n.id > o.id
  AND n.next IS NULL AND (n.done IS NULL) = (o.done IS NULL))")))
           until))))

(define (notes! db retention now cursor)
  "Remove what people and receivers said long ago."
  (let ((limit (- now %notes)))
    (sql db "DELETE FROM silence WHERE t1 < " limit)
    (sql db "DELETE FROM diary WHERE struck < " limit " OR (\"on\" < " limit " AND cron IS NULL)")
    (and (positive? (sql-changes db "DELETE FROM note WHERE (subject, recipient, key) IN
 (SELECT subject, recipient, key FROM note WHERE at < " limit " LIMIT 1000)"))
         0)))

(define (delete-over! db relation limit)
  "Remove a chunk of the rows of RELATION that were over before LIMIT; return how many."
  (let* ((names (lambda (columns)
                  (string-join (map (lambda (column) (quoted (sql-name column))) columns) ", ")))
         (key (match (relation-indexes relation) (((#f . key) . _) (names key))))
         (table (quoted (relation-table relation)))
         (end (if (eq? 'event (relation-kind relation)) "t" "t1")))
    (%db-run db (string-append "DELETE FROM " table " WHERE (" key ") IN (SELECT " key " FROM " table
                               " WHERE " end " < ? ORDER BY " end " LIMIT 1000)")
             (list limit))
    (%db-changes db)))

(define (kept! db retention now cursor)
  "Remove what is over for longer than the declaration of its relation says, and what was refused as long
ago as messages are kept."
  (sql db "DELETE FROM refused WHERE t < " (- now (retention-messages retention))
       " AND rowid IN (SELECT rowid FROM refused ORDER BY rowid LIMIT 1000)")
  (let ((removed (fold (lambda (relation sum)
                         (if (relation-keep relation)
                             (+ sum (delete-over! db relation (- now (relation-keep relation))))
                             sum))
                       0 (declared-relations db))))
    (and (positive? removed) 0)))

(define %steps
  `((output ,output! 1) (whole ,whole! 1) (repeats ,repeats! ,%chunk) (messages ,messages! ,%chunk)
    (decisions ,decisions! ,%chunk) (outbox ,outbox! ,%chunk) (notes ,notes! ,%rows)
    (kept ,kept! ,%rows)
    (output-early ,output-early! 1) (messages-early ,messages-early! ,%chunk)))


;;; A pass, slice by slice.

(define (position db)
  "Return how far the pass of DB has come: the rest of the steps, and the cursor of the first."
  (match (string-tokenize (or (mark db "retention") "output 0"))
    ((name cursor)
     (values (or (find-tail (lambda (step) (eq? (string->symbol name) (first step))) %steps)
                 %steps)
             (string->number cursor)))))

(define (run-slice! db retention now)
  "Go on with the pass of DB; return whether there is more of it."
  (define deadline (+ (%monotonic) %slice))
  (define (stop steps cursor)
    (match steps
      (() (set-mark! db "retention" "output 0") #f)
      (((name . _) . _)
       (set-mark! db "retention" (format #f "~a ~a" name cursor))
       #t)))
  (call-with-values (lambda () (position db))
    (lambda (steps cursor)
      (let loop ((steps steps) (cursor cursor) (rows 0))
        (if (or (null? steps) (>= rows %rows) (>= (%monotonic) deadline))
            (stop steps cursor)
            (match steps
              (((_ step weight) . rest)
               (match (step db retention now cursor)
                 (#f (loop rest 0 rows))
                 (next (loop steps next (+ rows weight)))))))))))

(define (plan-retention! db config now)
  "Let the clock begin with the first pass, if it makes none yet."
  (unless (due-at db 'retention "")
    (due! db (+ now (* 10 60 %second)) 'retention "")))

(define (retain! batch at key)
  "Do a slice of the pass; the clock's work `retention'."
  (let* ((db (batch-db batch))
         (now (batch-now batch))
         (retention (config-retention (policy-config (batch-policy batch)))))
    (due! db
          (cond ((run-slice! db retention now) (+ now %pause))
                ((too-large? db retention) (+ now %hour))
                (else (+ now %day)))
          'retention "")))
