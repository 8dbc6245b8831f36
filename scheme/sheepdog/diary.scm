;;; diary.scm -- what people want to be reminded of: at which moments, and in which words
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  An appointment has one date or those of a cron line, and reminders so long before each.
;; A moment is when one of its dates comes, or a reminder of it.  All times are epoch milliseconds.

(define-module (sheepdog diary)
  #:use-module (sheepdog occurrence)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (next-date
            appointment appointment? appointment-name appointment-text appointment-on
            appointment-cron appointment-remind appointment-to
            moment moment? moment-at moment-date moment-ahead
            find-moment next-moment moment-over? next-after
            ahead-words moment-words moment-key))

(define-record-type <appointment>
  (make-appointment name text on cron remind to)
  appointment?
  (name appointment-name)                         ;string
  (text appointment-text)                         ;string
  (on appointment-on)                             ;ms | #f: CRON says when
  (cron appointment-cron)                         ;cron | #f
  (remind appointment-remind)                     ;list of ms: how long before, too
  (to appointment-to))                            ;list of DEST; (): whom the clause names

(define* (appointment name text #:key on cron (remind '()) (to '()))
  "Return the appointment NAME, told as TEXT at ON or whenever CRON, in our zone, comes true, and
REMIND ms before, to TO or, where that is empty, to whom the clause names."
  (make-appointment name text on cron remind to))

(define-record-type <moment>
  (moment at date ahead)
  moment?
  (at moment-at)                                  ;when it is to be told
  (date moment-date)                              ;of what
  (ahead moment-ahead))                           ;how long before, ms

(define (next-date appointment after)
  "Return the first date of APPOINTMENT after AFTER, or #f."
  (match appointment
    (($ <appointment> _ _ #f cron) (next-occurrence cron (local-zone) after))
    (($ <appointment> _ _ on) (and (> on after) on))))

(define (last-date appointment now)
  "Return the last date of APPOINTMENT up to NOW, or #f."
  (match appointment
    (($ <appointment> _ _ #f cron) (last-occurrence cron (local-zone) now))
    (($ <appointment> _ _ on) (and (<= on now) on))))

(define (next-moment appointment after)
  "Return the first moment of APPOINTMENT after AFTER, or #f: there is none any more."
  (reduce (lambda (moment first)
            (if (< (moment-at moment) (moment-at first)) moment first))
          #f
          (filter-map (lambda (ahead)
                        (let ((date (next-date appointment (+ after ahead))))
                          (and date (moment (- date ahead) date ahead))))
                      (cons 0 (appointment-remind appointment)))))

(define (find-moment appointment at)
  "Return the moment of APPOINTMENT that is AT, or #f: there is none."
  (let ((found (next-moment appointment (- at 1))))
    (and found (= at (moment-at found)) found)))

(define (moment-over? appointment moment now)
  "Has MOMENT of APPOINTMENT nothing to say any more at NOW?  Of a reminder whose date has come, or a
date after which another came, the newer one is told."
  (if (zero? (moment-ahead moment))
      (> (last-date appointment now) (moment-date moment))
      (<= (moment-date moment) now)))

(define (next-after appointment at now)
  "Return when APPOINTMENT is next to be looked at, after AT, at NOW, or #f: never.  Of many dates that
were missed that is the last."
  (let ((next (and=> (next-moment appointment at) moment-at))
        (missed (last-date appointment now)))
    (if (and next missed (> missed at) (< next missed))
        missed
        next)))

(define %late (* 60 60 1000))                     ;ms, after which a moment was missed
(define %day-ms (* 24 60 60 1000))

(define (ahead-words ms)
  "Return \"7 days\", \"1 day\", \"12 h\"."
  (if (and (>= ms %day-ms) (< (remainder ms %day-ms) %late))
      (plural (quotient ms %day-ms) "day")
      (duration->text ms)))

(define (date-words date now)
  "Return the DATE that was missed: \"on 1 December\", or today \"at 07:00\"."
  (if (string=? (time->local "%F" date) (time->local "%F" now))
      (time->local "at %H:%M" date)
      (time->local "%-d %B" date)))

(define (moment-words appointment moment now)
  "Return what is said of MOMENT of APPOINTMENT at NOW, one line."
  (let* ((text (appointment-text appointment))
         (late? (> (- now (moment-at moment)) %late)))
    (match moment
      (($ <moment> _ date 0)
       (if late?
           (string-append "was due " (date-words date now) ": " text)
           text))
      (($ <moment> _ date ahead)
       (string-append "in " (ahead-words (if late? (- date now) ahead)) ": " text)))))

(define (moment-key appointment moment)
  "Return what tells MOMENT from all others of all appointments: it is told once."
  (format #f "~a ~a ~a" (appointment-name appointment) (moment-date moment)
          (moment-ahead moment)))
