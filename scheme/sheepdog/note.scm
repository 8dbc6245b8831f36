;;; note.scm -- notes of receivers: each key is told once, and waits till it may be
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog note)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:export (add-note! waiting-notes noted-subjects told-note!))

(define (add-note! db subject recipient key text event now)
  "Let the note KEY with TEXT, of the message EVENT about SUBJECT (an id), wait for RECIPIENT.  Return
#f, and change nothing, when KEY was told him before, or waits."
  (positive? (sql-changes db "INSERT INTO note (subject, recipient, key, at, text, event, waits)
 VALUES (" subject ", " recipient ", " key ", " now ", " text ", " event ", 1)
 ON CONFLICT DO NOTHING")))

(define (waiting-notes db subject recipient)
  "Return the notes about SUBJECT (an id) that wait for RECIPIENT, the oldest first: a list of
(KEY TEXT EVENT)."
  (map vector->list
       (sql db "SELECT key, text, event FROM note WHERE recipient = " recipient
            " AND waits = 1 AND subject = " subject " ORDER BY at, event, key")))

(define (noted-subjects db recipient)
  "Return the ids of the subjects of which notes wait for RECIPIENT."
  (map (match-lambda (#(subject) subject))
       (sql db "SELECT DISTINCT subject FROM note WHERE recipient = " recipient
            " AND waits = 1 ORDER BY subject")))

(define (told-note! db subject recipient key now)
  "Let the note KEY about SUBJECT wait no longer for RECIPIENT, who was told at NOW."
  (sql db "UPDATE note SET waits = 0, text = '', at = " now " WHERE subject = " subject
       " AND recipient = " recipient " AND key = " key))
