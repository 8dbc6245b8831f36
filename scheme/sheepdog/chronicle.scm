;;; chronicle.scm -- subjects, their spans, and what was decided and told of them, in the database
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Rows to records and back; each procedure takes part in the caller's transaction.

(define-module (sheepdog chronicle)
  #:use-module (sheepdog core)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog ledger)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (load-subject begin-subject! insert-subjects! update-lives! update-news!
            next-subject-id
            insert-events! index-rest! change-span! note-late! late-reason
            make-hold hold-reason hold-key hold-since hold-until hold-past
            ledgers-and-holds write-ledger! write-hold! held-by-key held-for
            last-decision write-decisions!
            last-ok))


;;; Subjects, their events and spans.

(define-inlinable (text->state text)
  (and (not (string-null? text)) (string->symbol text)))

(define-inlinable (state->text state)
  (or state ""))

(define (text->times text)
  (map string->number (string-tokenize text)))

(define-inlinable (times->text times)
  (if (null? times)
      ""
      (string-join (map number->string times))))

(define (load-subject db host tag)
  "Return the subject HOST/TAG, or #f."
  (match (sql db "SELECT id, monitor, heard, every, state, hard, since, bad_since, worst,
 failures, at, received, sender, seq, event, summary, ok_event, version, span, past, recent,
 changes, flapping FROM subject WHERE host = " host " AND tag = " tag)
    (() #f)
    ((#(id monitor heard every state hard since bad-since worst failures
        at received sender seq event summary ok-event version span past recent changes
        flapping))
     (make-subject id host tag monitor heard every
                   (text->state state) (text->state hard) since bad-since
                   (text->state worst) failures
                   at received sender seq event summary ok-event version
                   #:span span #:past past #:recent recent
                   #:changes (text->times changes) #:flapping flapping))))

(define %most-subjects 20000)                     ;that one sender may begin

(define (begin-subject! db sender)
  "Count one more subject begun by SENDER (an id); return #f when it has begun too many: a flood
of names must not fill the memory of people and machines."
  (or (positive? (sql-changes db "UPDATE sender SET subjects = subjects + 1 WHERE id = " sender
                              " AND subjects < " %most-subjects))
      (not (sql-row db "SELECT 1 FROM sender WHERE id = " sender))))

(define (next-subject-id db)
  "Return an id that no subject has, nor one after it."
  (+ 1 (or (sql-value db "SELECT max(id) FROM subject") 0)))

(define (insert-subjects! db subjects)
  "Write SUBJECTS, an alist from ids to subjects that are new."
  (%db-run-many! db "INSERT INTO subject (id, host, tag, monitor, heard, every, state, hard,
 since, bad_since, worst, failures, at, received, sender, seq, event, summary, ok_event,
 span, past, recent, changes, flapping, version)
 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0)"
                 (map (match-lambda
                       ((id . s)
                        (list id (subject-host s) (subject-tag s)
                              (subject-monitor s) (subject-heard s) (subject-every s)
                              (state->text (subject-state s)) (state->text (subject-hard s))
                              (subject-since s) (subject-bad-since s)
                              (state->text (subject-worst s)) (subject-failures s)
                              (subject-at s) (subject-received s) (subject-sender s)
                              (subject-seq s) (subject-event s) (subject-summary s)
                              (subject-ok-event s)
                              (subject-span s) (subject-past s) (subject-recent s)
                              (times->text (subject-changes s)) (subject-flapping s))))
                      subjects)))

(define (update-lives! db subjects)
  "Write SUBJECTS, an alist from ids to subjects that are known."
  (%db-run-many! db "UPDATE subject SET monitor = ?, heard = ?, every = ?, state = ?, hard = ?,
 since = ?, bad_since = ?, worst = ?, failures = ?, at = ?, received = ?, sender = ?, seq = ?,
 event = ?, summary = ?, ok_event = ?, span = ?, past = ?, recent = ?, changes = ?, flapping = ?,
 version = version + 1 WHERE id = ?"
                 (map (match-lambda
                       ((id . s)
                        (list (subject-monitor s) (subject-heard s) (subject-every s)
                              (state->text (subject-state s)) (state->text (subject-hard s))
                              (subject-since s) (subject-bad-since s)
                              (state->text (subject-worst s)) (subject-failures s)
                              (subject-at s) (subject-received s) (subject-sender s)
                              (subject-seq s) (subject-event s) (subject-summary s)
                              (subject-ok-event s)
                              (subject-span s) (subject-past s) (subject-recent s)
                              (times->text (subject-changes s)) (subject-flapping s)
                              id)))
                      subjects)))

(define (update-news! db subjects)
  "Write SUBJECTS, likewise, of which only the newest result is another, which is like the one before."
  (%db-run-many! db "UPDATE subject SET monitor = ?, heard = ?, every = ?, failures = ?, recent = ?,
 at = ?, received = ?, sender = ?, seq = ?, event = ?, summary = ?, ok_event = ?,
 version = version + 1 WHERE id = ?"
                 (map (match-lambda
                       ((id . s)
                        (list (subject-monitor s) (subject-heard s) (subject-every s)
                              (subject-failures s) (subject-recent s) (subject-at s)
                              (subject-received s) (subject-sender s) (subject-seq s)
                              (subject-event s) (subject-summary s)
                              (subject-ok-event s) id)))
                      subjects)))

(define %small-batch 200)                         ;events that are indexed with their batch
(define %most-unindexed 16384)                    ;events, else

(define (indexed db)
  "Return the id up to which all events of DB are in the index, table event_index."
  (sql-value db "SELECT value FROM mark WHERE name = 'indexed'"))

(define (index-up-to! db indexed newest)
  "Let the index, which has all up to INDEXED, have all up to NEWEST."
  (sql db "INSERT INTO event_index (host, tag, t, event, state)
 SELECT host, tag, t, id, state FROM event WHERE id > " indexed " ORDER BY host, tag, t, id")
  (sql db "UPDATE mark SET value = " newest " WHERE name = 'indexed'"))

(define (index-events! db ids)
  "Let the index follow the events IDS, not empty, just written.  It lags behind while many
come; then it is made for all at once: one write a subject, not one a batch."
  (let ((indexed (indexed db))
        (newest (fold max 0 ids)))
    (define (index-one! id)
      (sql db "INSERT OR IGNORE INTO event_index (host, tag, t, event, state)
 SELECT host, tag, t, id, state FROM event WHERE id = " id))
    ;; What was aside for a while comes after its time.
    (for-each index-one! (filter (lambda (id) (<= id indexed)) ids))
    (when (and (> newest indexed)
               (or (<= (length ids) %small-batch)
                   (> (- newest indexed) %most-unindexed)))
      (index-up-to! db indexed newest))))

(define (unindexed? db)
  (> (or (sql-value db "SELECT max(id) FROM event") 0) (indexed db)))

(define (index-all! db)
  (when (unindexed? db)
    (index-up-to! db (indexed db) (sql-value db "SELECT max(id) FROM event"))))

(define (index-rest! db)
  "Index what a flood has left out, in a transaction of its own: readers look through all of
that again for each subject."
  (when (unindexed? db)
    (with-transaction db
      (index-all! db))))

(define* (insert-events! db rows #:key index?)
  "Write ROWS, lists (ID T RX HOST TAG MONITOR KIND STATE SUMMARY ELAPSED FACTS), as events; FACTS is
as of when their facts count, in ms, or #f.  With INDEX? all that was said is in the index then."
  (unless (null? rows)
    (%db-run-many! db "INSERT INTO event (id, t, rx, host, tag, monitor, kind, state, summary,
 elapsed, facts) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
                   rows)
    (index-events! db (map car rows)))
  (when index?
    (index-all! db)))

(define (change-span! db host tag change now)
  "Write CHANGE, as `subject-after' tells it, of the span of HOST/TAG, known at NOW (ms)."
  (match change
    (('begin t0 worst reason hard event planned?)
     ;; A span that began and ended in the same millisecond opens again.
     (sql db "INSERT INTO interruption (host, tag, worst, reason, hard, planned, \"end\",
 failures, t0, t1, ev, last, known) VALUES (" host ", " tag ", " worst ", " reason ", " hard
 ", " (if planned? 1 0) ", '', 0, " t0 ", " %open-end ", " event ", NULL, " now ")
 ON CONFLICT (host, tag, t0) DO UPDATE SET worst = excluded.worst, hard = excluded.hard,
 \"end\" = '', t1 = excluded.t1, last = NULL"))
    (('change t0 worst hard)
     (sql db "UPDATE interruption SET worst = " worst ", hard = coalesce(" hard ", hard)
 WHERE host = " host " AND tag = " tag " AND t0 = " t0))
    (('end t0 t1 failures event planned?)
     (sql db "UPDATE interruption SET t1 = " t1 ", \"end\" = 'ok', failures = " failures
          ", last = " event ", planned = planned AND " (if planned? 1 0)
          " WHERE host = " host " AND tag = " tag " AND t0 = " t0))
    (('move t0 earlier)
     (sql db "UPDATE OR REPLACE interruption SET t0 = " earlier
          " WHERE host = " host " AND tag = " tag " AND t0 = " t0))
    (('drop t0)
     (sql db "DELETE FROM interruption WHERE host = " host " AND tag = " tag
          " AND t0 = " t0))
    (('close t0 t1)
     (sql db "UPDATE interruption SET t1 = " t1 ", \"end\" = 'closed'
 WHERE host = " host " AND tag = " tag " AND t0 = " t0))
    (('undo t)
     (sql db "DELETE FROM late WHERE host = " host " AND tag = " tag " AND t > " t))))

(define (note-late! db host tag deadline base reason)
  "Note that the clock found HOST/TAG late at DEADLINE, for REASON: an ok after BASE and before that
refutes it."
  (sql db "INSERT OR REPLACE INTO late (host, tag, t, base, reason) VALUES (" host ", " tag
       ", " deadline ", " base ", " reason ")"))

(define (late-reason db host tag)
  "Return why the clock found HOST/TAG late the last time, in words, or #f."
  (sql-value db "SELECT reason FROM late WHERE host = " host " AND tag = " tag
             " ORDER BY t DESC LIMIT 1"))

(define (last-ok db subject)
  "Return when SUBJECT was last ok and how long its command ran then, as (T . MS|#f); #f: never."
  (match (and (subject-ok-event subject)
              (sql-row db "SELECT t, elapsed FROM event WHERE id = "
                       (subject-ok-event subject)))
    (#(t elapsed) (cons t elapsed))
    (_ #f)))


;;; Decisions, the ledger, holds.

;; Why nothing is told to a recipient of a subject just now.
(define-record-type <hold>
  (make-hold reason key since until past)
  hold?
  (reason hold-reason)                            ;string: the first word of the verdict's
  (key hold-key)                                  ;string: what it hangs on; "": time alone
  (since hold-since)                              ;ms
  (until hold-until)                              ;ms | #f: no time
  (past hold-past))                               ;integer: spans of the past that are untold

(define (ledgers-and-holds db subject)
  "Return whom something of SUBJECT (an id) was told in its present incident, or is kept from: a list
of (RECIPIENT LEDGER|#f HOLD|#f)."
  (map (match-lambda
         (#(recipient told flap first since thread reminders version reason key held until past)
          (list recipient
                (and version
                     (make-ledger (map string->symbol (string-tokenize told)) (= 1 flap)
                                  first since thread reminders version))
                (and reason (make-hold reason key held until past)))))
       (sql db "SELECT l.recipient, told, flap, first, l.since, thread, reminders, version,
 h.reason, h.key, h.since, h.until, h.past
 FROM ledger l LEFT JOIN hold h ON h.subject = l.subject AND h.recipient = l.recipient
 WHERE l.subject = " subject "
UNION ALL
SELECT recipient, NULL, NULL, NULL, NULL, NULL, NULL, NULL, reason, key, since, until, past
 FROM hold h WHERE subject = " subject " AND NOT EXISTS
 (SELECT 1 FROM ledger l WHERE l.subject = h.subject AND l.recipient = h.recipient)")))

(define (write-ledger! db subject recipient old new)
  "Replace OLD by NEW, each a ledger or #f, as what RECIPIENT was told of SUBJECT (an id).
Return #f, and change nothing, when OLD is not what stands there any more."
  (define (told ledger)
    (string-join (map symbol->string (ledger-told ledger))))
  (define (flap ledger)
    (if (ledger-flap? ledger) 1 0))
  (positive?
   (cond ((and (not old) (not new)) 1)
         ((not old)
          (sql-changes db "INSERT INTO ledger (subject, recipient, told, flap, first, since,
 thread, reminders, version) VALUES (" subject ", " recipient ", " (told new) ", " (flap new)
 ", " (ledger-first new) ", " (ledger-since new) ", " (ledger-thread new) ", "
 (ledger-reminders new) ", " (ledger-version new) ") ON CONFLICT DO NOTHING"))
         ((not new)
          (sql-changes db "DELETE FROM ledger WHERE subject = " subject
                       " AND recipient = " recipient
                       " AND version = " (ledger-version old)))
         (else
          (sql-changes db "UPDATE ledger SET told = " (told new) ", flap = " (flap new)
                       ", reminders = " (ledger-reminders new) ", version = "
                       (ledger-version new) " WHERE subject = " subject " AND recipient = "
                       recipient " AND version = " (ledger-version old))))))

(define (write-hold! db subject recipient hold)
  "Let HOLD, or nothing if it is #f, keep news of SUBJECT (an id) from RECIPIENT."
  (if hold
      (sql db "INSERT INTO hold (subject, recipient, reason, key, since, until, past) VALUES ("
           subject ", " recipient ", " (hold-reason hold) ", " (hold-key hold) ", "
           (hold-since hold) ", " (hold-until hold) ", " (hold-past hold) ")
 ON CONFLICT DO UPDATE SET reason = excluded.reason, key = excluded.key, since = excluded.since,
 until = excluded.until, past = excluded.past")
      (sql db "DELETE FROM hold WHERE subject = " subject " AND recipient = " recipient)))

(define (held-by-key db reasons key)
  "Return the ids of the subjects of which something is on hold for one of REASONS (strings) that hangs
on KEY."
  (delete-duplicates
   (append-map (lambda (reason)
                 (map (match-lambda (#(subject) subject))
                      (sql db "SELECT DISTINCT subject FROM hold WHERE reason = " reason
                           " AND key = " key)))
               reasons)))

(define (held-for db recipient reasons)
  "Return the ids of the subjects of which something is kept from RECIPIENT for one of REASONS, those
first that wait longest."
  (map (match-lambda (#(subject) subject))
       (sql db "SELECT subject FROM hold WHERE recipient = " recipient " AND reason IN
 (SELECT value FROM json_each(" (%json-write (list->vector reasons)) ")) ORDER BY since, subject")))

(define (last-decision db subject recipient)
  "Return the newest decision on telling RECIPIENT of SUBJECT (an id), as #(ID VERDICT REASON)
with the verdict a string, or #f."
  (sql-row db "SELECT id, verdict, reason FROM decision WHERE subject = " subject
           " AND recipient = " recipient " ORDER BY id DESC LIMIT 1"))

(define (write-decisions! db known new)
  "Write decisions: KNOWN are lists (COUNT AT EVENT ID) of equal ones to count, NEW lists
(SUBJECT RECIPIENT SINCE AT EVENT VERDICT REASON COUNT), in order."
  (%db-run-many! db "UPDATE decision SET count = count + ?, at = ?, event = ? WHERE id = ?"
                 known)
  (%db-run-many! db "INSERT INTO decision (subject, recipient, since, at, event, verdict,
 reason, count) VALUES (?,?,?,?,?,?,?,?)"
                 new))
