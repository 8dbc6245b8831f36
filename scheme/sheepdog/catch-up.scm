;;; catch-up.scm -- old messages: of which machines they come in, and what was over before we knew of it
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A machine that was cut off sends its past in one go; what counts is what is true at the end of
;; that.  Each procedure takes part in the caller's transaction.

(define-module (sheepdog catch-up)
  #:use-module (sheepdog due)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (old? note-old! catching-up-until
            note-bygone! bygone-spans bygone-subjects forget-bygone!
            bygone bygone? bygone-from bygone-until bygone-worst bygone-failures))

(define %minute 60000)
(define %hour (* 60 %minute))
(define %old (* 15 %minute))                      ;ms that a message may have been under way
(define %rest %minute)                            ;ms without an old message, then it is over
(define %longest (* 10 %minute))                  ;ms that it lasts at most, once an hour
(define %precision 1000)                          ;ms: a flood need not move its end each time

(define (old? at now)
  "Is what happened at AT, and of which we hear at NOW, of the past?"
  (> (- now at) %old))

(define (note-old! db host now)
  "Note that an old message of HOST came in at NOW: it catches up until a minute after the last, for
ten minutes at most, and not again within the hour."
  (define (end began)
    (min (+ now %rest) (+ began %longest)))
  (define (set-catch-up! began)
    (sql db "INSERT INTO catch_up (host, began, until) VALUES (" host ", " began ", " (end began)
         ") ON CONFLICT (host) DO UPDATE SET began = excluded.began, until = excluded.until")
    (due! db (end began) 'catch-up host))
  (match (sql-row db "SELECT began, until FROM catch_up WHERE host = " host)
    (#f (set-catch-up! now))
    (#(began until)
     (cond ((< now until)
            (when (>= (- (end began) until) %precision)
              (set-catch-up! began)))
           ((>= now (+ began %hour))
            (set-catch-up! now))))))

(define (catching-up-until db host now)
  "Return until when HOST, of which old messages come in at NOW, catches up, in ms, or #f: it does
not."
  (sql-value db "SELECT until FROM catch_up WHERE host = " host " AND until > " now))


;;; Spans that were over when we first heard of them.

(define-record-type <bygone>
  (bygone from until worst failures)
  bygone?
  (from bygone-from)                              ;ms
  (until bygone-until)                            ;ms
  (worst bygone-worst)                            ;symbol
  (failures bygone-failures))                     ;integer

(define (note-bygone! db subject host tag from)
  "Note that the span of SUBJECT (an id), which is HOST/TAG, that began at FROM is over, as an old
message says.  If one began it, too, it is bygone."
  (sql db "INSERT OR IGNORE INTO bygone (subject, t0) SELECT " subject ", t0 FROM interruption
 WHERE host = " host " AND tag = " tag " AND t0 = " from " AND known - t0 > " %old))

(define (bygone-spans db subject)
  "Return the bygone spans of SUBJECT (an id) that nobody has forgotten, the oldest first."
  (map (match-lambda
         (#(from until worst failures) (bygone from until (string->symbol worst) failures)))
       (sql db "SELECT i.t0, i.t1, i.worst, i.failures FROM bygone b
 JOIN subject s ON s.id = b.subject
 JOIN interruption i ON i.host = s.host AND i.tag = s.tag AND i.t0 = b.t0
 WHERE b.subject = " subject " ORDER BY i.t0")))

(define (bygone-subjects db host)
  "Return the ids of the subjects of HOST that have bygone spans."
  (map (match-lambda (#(id) id))
       (sql db "SELECT DISTINCT b.subject FROM bygone b JOIN subject s ON s.id = b.subject
 WHERE s.host = " host " ORDER BY 1")))

(define (forget-bygone! db subject)
  "Forget the bygone spans of SUBJECT (an id): they were told, or nobody wants to know."
  (sql db "DELETE FROM bygone WHERE subject = " subject))
