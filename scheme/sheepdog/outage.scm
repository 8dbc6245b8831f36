;;; outage.scm -- times in which the server was deaf: silence in them proves nothing
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A gap between two rounds, a step of our clock, a queue that cannot be read: from then on nothing is
;; found late, until all is heard that was sent meanwhile; and from that moment each expectation has a
;; grace more.  What is missing then is late since its old deadline.  All times are epoch milliseconds
;; but those of the monotonic clock.

(define-module (sheepdog outage)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (make-hearing heed!
            begin-call! idle-call!
            deafness outage-words))

(define %minute 60000)
(define %outage (* 2 %minute))                    ;shorter ones are none
(define %step %minute)                            ;of our clock, that counts
(define %pause 30000)                             ;between two notes of a round


;;; The rows.  One is open at most: from its end on we are deaf.

(define (open-outage db)
  "Return #(T0 SURE?) of the outage that lasts, or #f."
  (match (sql-row db "SELECT t0, sure FROM outage WHERE t1 = 9223372036854775807
 ORDER BY t0 DESC LIMIT 1")
    (#(t0 sure) (vector t0 (= 1 sure)))
    (#f #f)))

(define (begin-outage! db since reason sure?)
  "Be deaf since SINCE because of REASON, if we are not already; SURE? says that this counts however
short it is."
  (match (open-outage db)
    (#(t0 known?)
     (when (and sure? (not known?))
       (sql db "UPDATE outage SET sure = 1, reason = " reason " WHERE t0 = " t0)))
    (#f
     (sql db "INSERT INTO outage (t0, t1, reason, sure) VALUES (" since
          ", 9223372036854775807, " reason ", " (if sure? 1 0) ")
 ON CONFLICT (t0) DO UPDATE SET t1 = excluded.t1, sure = excluded.sure"))))

(define (counts? t0 sure? now)
  (or sure? (>= (- now t0) %outage)))

(define (heard-all! db policy now)
  "Note that at NOW all is heard that was sent while we were deaf.  Takes part in the caller's
transaction."
  (match (open-outage db)
    (#f #f)
    (#(t0 sure?)
     (cond ((counts? t0 sure? now)
            (sql db "UPDATE outage SET t1 = " (max now t0) " WHERE t0 = " t0)
            (note-outage! db policy "expect"
                          (sql-value db "SELECT reason FROM outage WHERE t0 = " t0)
                          (min t0 now) now))
           (else
            (sql db "DELETE FROM outage WHERE t0 = " t0))))))

(define (deafness db now)
  "Return two values: when all was heard that had been sent while we were deaf last, in ms, NOW if we
still are, #f if we never were; and until when nothing is to be found late, because it is not sure yet
whether we are deaf, or #f."
  (match (sql-row db "SELECT t0, t1, sure FROM outage ORDER BY t0 DESC LIMIT 1")
    (#f (values #f #f))
    (#(t0 9223372036854775807 sure)
     (if (counts? t0 (= 1 sure) now)
         (values now #f)
         (values #f (+ t0 %outage))))
    (#(t0 t1 _) (values t1 #f))))

(define (outage-words db since)
  "Return the sentence that what was missed at SINCE was missed in an outage of ours, or #f: it was
not."
  (match (sql-row db "SELECT t0, t1, reason FROM outage WHERE t0 <= " since " AND " since
                  " < t1 AND t1 < 9223372036854775807 ORDER BY t0 DESC LIMIT 1")
    (#(t0 t1 reason)
     (string-append "The server heard nothing from " (time->local "%a %-d %b %H:%M" t0) " to "
                    (time->local "%a %-d %b %H:%M" t1) ": " reason "."))
    (#f #f)))


;;; A daemon, round by round.

(define-record-type <hearing>
  (new-hearing now clock)
  hearing?
  (now hearing-now set-hearing-now!)              ;ms: of the round before | #f: there was none
  (clock hearing-clock set-hearing-clock!))       ;monotonic ms, of that

(define (make-hearing)
  (new-hearing #f #f))

(define (gap hearing db now clock)
  "Return (SINCE . REASON) when we did not work since SINCE, or our clock was set, or #f."
  (let* ((before (hearing-now hearing))
         (last (or before (last-round db))))
    (cond ((not last) #f)
          ((and (not before) (> (- now last) %outage))
           (cons last "it did not run"))
          ((and (not before) (> (- last now) %step))
           (cons now "its clock was set back"))
          ((not before) #f)
          ((> (- clock (hearing-clock hearing)) %outage)
           (cons last "it stood still"))
          (else
           (let ((step (- (- now last) (- clock (hearing-clock hearing)))))
             (cond ((> step %step)
                    (cons last (string-append "its clock went on by " (duration->text step)
                                              " at once")))
                   ((< step (- %step))
                    (cons now (string-append "its clock was set back by "
                                             (duration->text (- step)))))
                   (else #f)))))))

(define* (heed! hearing db policy now clock #:key trouble idle?)
  "Note at the round of NOW and CLOCK (monotonic) whether we hear what is sent: TROUBLE is what keeps us
from reading the queue, (SINCE . TEXT), or #f; IDLE? says that nothing waits in it nor for us."
  (let ((found (gap hearing db now clock)))
    (set-hearing-now! hearing now)
    (set-hearing-clock! hearing clock)
    (when (or found trouble
              (and idle? (open-outage db)))
      (with-transaction db
        (when found
          (begin-outage! db (car found) (cdr found) #t))
        (when trouble
          (begin-outage! db (car trouble)
                         (string-append "it could not read its queue: " (cdr trouble)) #f))
        (when (and idle? (not trouble))
          (heard-all! db policy now))))))


;;; A machine that is its own server, and works now and then.

(define (begin-call! db now uptime)
  "Note at NOW that we were deaf if this machine, UPTIME ms after its start (#f: not known), was off
since our last round; that we had nothing to do for a while is no outage."
  (let ((last (last-round db)))
    (when (and last uptime (> (- now uptime) last))
      (with-transaction db
        (begin-outage! db last "this machine was off" #t)))))

(define (idle-call! db policy now)
  "Note at NOW that nothing waits that was sent."
  (when (or (open-outage db)
            (> (abs (- now (or (last-round db) 0))) %pause))
    (with-transaction db
      (heard-all! db policy now)
      (note-round! db now))))
