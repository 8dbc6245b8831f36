;;; due.scm -- the index of all that is timed: what is to be done when
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; One row for a kind of work (a symbol) and what it is about (its key, an integer or string).
;; (sheepdog clock) does it.  Each procedure takes part in the caller's transaction.

(define-module (sheepdog due)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (due! due-by! undue! due-at next-due
            due-row? due-row-at due-row-kind due-row-key due-row-tries
            due-rows failing-due postpone-due!))

(define (due! db at kind key)
  "Let the work KIND on KEY be done at AT (ms), and not when it was to be done before."
  (sql db "INSERT INTO due (kind, key, at) VALUES (" kind ", " key ", " at ")
 ON CONFLICT (kind, key) DO UPDATE SET at = excluded.at, tries = 0"))

(define (due-by! db at kind key)
  "Let the work KIND on KEY be done at AT (ms) at the latest."
  (sql db "INSERT INTO due (kind, key, at) VALUES (" kind ", " key ", " at ")
 ON CONFLICT (kind, key) DO UPDATE SET at = excluded.at, tries = 0 WHERE excluded.at < due.at"))

(define (undue! db kind key)
  "Let the work KIND on KEY not be done."
  (sql db "DELETE FROM due WHERE kind = " kind " AND key = " key))

(define (due-at db kind key)
  "Return when the work KIND on KEY is to be done, in ms, or #f."
  (sql-value db "SELECT at FROM due WHERE kind = " kind " AND key = " key))

(define (next-due db)
  "Return when the next work is to be done, in ms, or #f: there is none."
  (sql-value db "SELECT min(at) FROM due"))


;;; For the clock.

(define-record-type <due-row>
  (make-due-row at kind key tries)
  due-row?
  (at due-row-at)                                 ;ms
  (kind due-row-kind)                             ;symbol
  (key due-row-key)                               ;integer | string
  (tries due-row-tries))                          ;integer: how often it raised in a row

(define (due-rows db now limit)
  "Return the first LIMIT of what is to be done by NOW (ms), the oldest first."
  (map (match-lambda
         (#(at kind key tries) (make-due-row at (string->symbol kind) key tries)))
       (sql db "SELECT at, kind, key, tries FROM due WHERE at <= " now
            " ORDER BY at, kind, key LIMIT " limit)))

(define (failing-due db)
  "Return how much of what is to be done raised at its last try."
  (sql-value db "SELECT count(*) FROM due WHERE tries > 0"))

(define (postpone-due! db row at)
  "Let ROW, which raised, be tried again at AT (ms)."
  (sql db "UPDATE due SET at = " at ", tries = tries + 1 WHERE kind = " (due-row-kind row)
       " AND key = " (due-row-key row)))
