;;; annals.scm -- what was said otherwise than by messages: by the clock, and of days whose messages have gone
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Reading only.  Entries as of (sheepdog history), without an id: of the kind `late', stamped with the
;; deadline, and `day', a row for each day, subject and state, stamped with the first of its messages.

(define-module (sheepdog annals)
  #:use-module (sheepdog history)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (lateness-between days-between))

(define %open-end 9223372036854775807)

(define (fits? pattern host tag)
  (or (not pattern) (pattern-matches? pattern host tag)))


;;; By the clock.

(define (told-late db host tag at)
  "Return the recipients who were told between AT and the end of its span that HOST/TAG is not ok."
  (map (match-lambda (#(recipient) recipient))
       (sql db "SELECT DISTINCT o.recipient FROM subject s JOIN about a ON a.subject = s.id
 JOIN outbox o ON o.id = a.outbox WHERE s.host = " host " AND s.tag = " tag
 " AND a.kind IN ('problem', 'change', 'flapping') AND o.at >= " at
 " AND o.at <= coalesce((SELECT min(t1) FROM interruption
  WHERE host = " host " AND tag = " tag " AND t0 <= " at " AND t1 > " at "), " %open-end ")
 ORDER BY 1")))

(define (held-late? db host tag at)
  "Is telling somebody that HOST/TAG is late since AT only put off?"
  (= 1 (sql-value db "SELECT EXISTS (SELECT 1 FROM subject s JOIN hold h ON h.subject = s.id
 WHERE s.host = " host " AND s.tag = " tag " AND s.bad_since <= " at ")")))

(define (late-entry db host tag at reason)
  (entry #f at at host tag "" 'late 'late
         (state-before db host tag at %open-end)
         (+ 1 (bad-in-a-row db host tag at %open-end))
         reason #f
         (told-late db host tag at)
         (held-late? db host tag at)))

(define (lateness-between db pattern since until)
  "Return what the clock found late from SINCE to UNTIL (ms) of what PATTERN (#f: all) fits."
  (filter-map (match-lambda
                (#(host tag at reason)
                 (and (fits? pattern host tag)
                      (late-entry db host tag at reason))))
              (sql db "SELECT host, tag, t, reason FROM late WHERE t >= " since " AND t < " until)))


;;; Days.

(define (clock ms)
  (time->local "%H:%M" ms))

(define (day-words n first last timed least total most)
  "Return \"24 times, 00:05 to 23:05, took 2 s to 14 s, 4 s on average\"."
  (string-append (plural n "time") ", " (clock first)
                 (if (> n 1) (string-append " to " (clock last)) "")
                 (cond ((zero? timed) "")
                       ((= least most) (string-append ", took " (duration->text least)))
                       (else (string-append ", took " (duration->text least) " to "
                                            (duration->text most) ", "
                                            (duration->text (quotient total timed))
                                            " on average")))))

(define (days-between db pattern since until)
  "Return what is left of the days of which messages from SINCE to UNTIL (ms) have gone, of what PATTERN
(#f: all) fits."
  (filter-map
   (match-lambda
     (#(host tag state n first last timed least total most)
      (and (fits? pattern host tag)
           (entry #f first last host tag "" 'day
                  (and (not (string-null? state)) (string->symbol state))
                  #f 0 (day-words n first last timed least total most) #f '() #f))))
   (sql db "SELECT host, tag, state, n, first, last, timed, least, total, most FROM daily
 WHERE last >= " since " AND first < " until)))
