;;; rollup.scm -- messages that are old become numbers: counted by day, then removed
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Each procedure takes part in the caller's transaction.

(define-module (sheepdog rollup)
  #:use-module (sheepdog core)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (roll-up! tally-decisions! tally-outbox!))

(define (ids->json ids)
  (%json-write (list->vector ids)))


;;; What was received for ever.

(define (note-removed! db sender first last)
  "Note that the numbers FIRST to LAST of SENDER (an id) were stored, and are there no more."
  (let ((from (match (sql-row db "SELECT first, last FROM removed WHERE sender = " sender
                              " AND first < " first " ORDER BY first DESC LIMIT 1")
                (#(below end) (if (= end (- first 1)) below first))
                (#f first)))
        (until (or (sql-value db "SELECT last FROM removed WHERE sender = " sender
                              " AND first = " (+ last 1))
                   last)))
    (sql db "DELETE FROM removed WHERE sender = " sender " AND first BETWEEN " from " AND " until)
    (sql db "INSERT INTO removed (sender, first, last) VALUES (" sender ", " from ", " until ")")))

(define (note-numbers! db json)
  "Note the numbers of the messages JSON, an array of ids; a sender without own numbers has none."
  (let ((add! (match-lambda ((sender first . last) (note-removed! db sender first last)))))
    (and=> (fold (lambda (row run)
                   ;; RUN: (SENDER FIRST . LAST) | #f
                   (match (cons row run)
                     ((#(sender seq) same first . (? (lambda (last) (= seq (+ last 1)))))
                      (if (= sender same)
                          (cons* same first seq)
                          (begin (add! run) (cons* sender seq seq))))
                     ((#(sender seq) . #f) (cons* sender seq seq))
                     ((#(sender seq) . run) (add! run) (cons* sender seq seq))))
                 #f
                 (sql db "SELECT m.sender, m.seq FROM message m JOIN sender s ON s.id = m.sender
 WHERE m.id IN (SELECT value FROM json_each(" json ")) AND m.variant = 0 AND s.highest > 0
 ORDER BY m.sender, m.seq"))
           add!)))


;;; Messages.

(define (forget-claims! db json)
  "Note that what the messages JSON, an array of ids, claimed of facts is known no longer: what comes
late from before them cannot be entered among it."
  (let ((last (sql-value db "SELECT max(facts) FROM event WHERE id IN
 (SELECT value FROM json_each(" json "))"))
        (told (sql-value db "SELECT max(t) FROM _told WHERE ev IN
 (SELECT value FROM json_each(" json "))")))
    (when (or last told)
      (sql db "DELETE FROM _told WHERE ev IN (SELECT value FROM json_each(" json "))")
      (sql db "INSERT INTO mark (name, value) VALUES ('facts-from', "
           (+ 1 (max (or last 0) (or told 0))) ")
 ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"))))

(define (roll-up! db ids)
  "Remove the messages IDS and their events; what they told is counted in the table daily."
  (unless (null? ids)
    (let ((json (ids->json ids)))
      (sql db "INSERT INTO daily (host, tag, day, state, n, first, last, timed, least, total, most)
 SELECT host, tag, strftime('%Y-%m-%d', t / 1000, 'unixepoch', 'localtime'), state, count(*),
  min(t), max(t), count(elapsed), min(elapsed), coalesce(sum(elapsed), 0), max(elapsed)
 FROM event WHERE id IN (SELECT value FROM json_each(" json ")) GROUP BY 1, 2, 3, 4
 ON CONFLICT (host, tag, day, state) DO UPDATE SET n = n + excluded.n,
  first = min(first, excluded.first), last = max(last, excluded.last),
  timed = timed + excluded.timed, total = total + excluded.total,
  least = min(coalesce(least, excluded.least), coalesce(excluded.least, least)),
  most = max(coalesce(most, excluded.most), coalesce(excluded.most, most))")
      (note-numbers! db json)
      (sql db "DELETE FROM event_index WHERE (host, tag, t, event) IN
 (SELECT host, tag, t, id FROM event WHERE id IN (SELECT value FROM json_each(" json ")))")
      (forget-claims! db json)
      (sql db "DELETE FROM event WHERE id IN (SELECT value FROM json_each(" json "))")
      (sql db "DELETE FROM whole WHERE message IN (SELECT value FROM json_each(" json "))")
      (sql db "DELETE FROM message WHERE id IN (SELECT value FROM json_each(" json "))"))))


;;; Decisions, and what was sent.

(define (tally-decisions! db ids)
  "Remove the decisions IDS; they are counted in the table tally."
  (unless (null? ids)
    (let ((json (ids->json ids)))
      (sql db "INSERT INTO tally (subject, recipient, day, verdict, reason, n)
 SELECT subject, recipient, strftime('%Y-%m-%d', since / 1000, 'unixepoch', 'localtime'), verdict,
  reason, sum(count)
 FROM decision WHERE id IN (SELECT value FROM json_each(" json ")) GROUP BY 1, 2, 3, 4, 5
 ON CONFLICT (subject, recipient, day, verdict, reason) DO UPDATE SET n = n + excluded.n")
      (sql db "DELETE FROM decision WHERE id IN (SELECT value FROM json_each(" json "))"))))

(define (tally-outbox! db ids)
  "Remove the rows IDS of the outbox; they are counted in the table tally."
  (unless (null? ids)
    (let ((json (ids->json ids)))
      (sql db "INSERT INTO tally (subject, recipient, day, verdict, reason, n)
 SELECT coalesce(subject, 0), recipient, strftime('%Y-%m-%d', at / 1000, 'unixepoch', 'localtime'),
  CASE WHEN done IS NULL THEN 'given-up' ELSE 'sent' END, kind, count(*)
 FROM outbox WHERE id IN (SELECT value FROM json_each(" json ")) GROUP BY 1, 2, 3, 4, 5
 ON CONFLICT (subject, recipient, day, verdict, reason) DO UPDATE SET n = n + excluded.n")
      (sql db "DELETE FROM about WHERE outbox IN (SELECT value FROM json_each(" json "))")
      (sql db "DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(" json "))"))))
