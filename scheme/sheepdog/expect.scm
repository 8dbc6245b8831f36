;;; expect.scm -- what is expected of a subject: when it is due, when it is late, and in which words
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  A <demand> is what somebody wrote, `(every "15m") (grace "5m")'; an <expectation> is how far a
;; subject has come under its demand: what satisfied it last, and so what is due next.  It passes limits,
;; one after the other; `pass-limits' tells what that means.
;;
;; An ok counts for the last occurrence of a cron line not after the start of its run and a minute
;; more, since clocks differ; so what is due is a function of the results alone, in any order.
;; All times are epoch milliseconds, durations milliseconds.

(define-module (sheepdog expect)
  #:use-module (sheepdog occurrence)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (demand demand?
            demand-every demand-cron demand-zone demand-grace demand-start-within
            demand-finish-within demand-during demand-by demand-at-most demand-not-quicker
            demand-key demand-place demand->text

            open-run open-run? open-run-id open-run-start open-run-overdue?

            begin-expectation stored-expectation expectation?
            expectation-demand expectation-joined expectation-base expectation-started
            expectation-begun expectation-due expectation-missed
            expectation-before expectation-made-up
            satisfy begin-run missed-since

            limit? limit-kind limit-at limit-run
            next-limit pass-limits))

(define %minute 60000)
(define %hour (* 60 %minute))
(define %early %minute)                           ;that a run may begin before its occurrence
(define %most-boundaries 1000)                    ;of windows that are looked through


;;; Terms.

(define-record-type <demand>
  (make-demand every cron zone grace start-within finish-within during inside boundary by at-most
              not-quicker key place)
  demand?
  (every demand-every)                            ;ms | #f
  (cron demand-cron)                              ;<cron> | #f; one of both is given
  (zone demand-zone)                              ;<zone>
  (grace demand-grace)                            ;ms
  (start-within demand-start-within)              ;ms | #f
  (finish-within demand-finish-within)            ;ms | #f
  (during demand-during)                          ;string: "office", "not office" | #f: always
  (inside demand-inside)                          ;(ms) -> is that open then?
  (boundary demand-boundary)                      ;(ms) -> ms when it next opens or closes | #f
  (by demand-by)                                  ;symbol: success any
  (at-most demand-at-most)                        ;(N . ms) | #f
  (not-quicker demand-not-quicker)                ;ms | #f
  (key demand-key)                                ;string: equal for equal demands only
  (place demand-place))                           ;string: who says so, "FILE:LINE"

(define* (demand #:key every cron (zone (local-zone)) grace start-within finish-within during
                (inside (const #t)) (boundary (const #f)) (by 'success) at-most not-quicker key
                (place ""))
  "Return the demand under which a subject is due EVERY ms or at the times of CRON in ZONE, one of both,
and late GRACE ms after that (default: as EVERY, an hour at most; an hour for CRON).  DURING, a name (#f:
always), is the window outside of which nothing is due: (INSIDE ms) says whether it is open, (BOUNDARY
ms) when it opens or closes next.  BY says what satisfies it, `success' or `any'.  KEY tells
demands apart; PLACE says where they are written."
  (let ((grace (or grace (if every (min every %hour) %hour))))
    (make-demand every cron zone grace start-within finish-within during inside boundary by
                at-most not-quicker
                (or key
                    (object->string (list every (and cron (cron-text cron)) (zone-name zone) grace
                                          start-within finish-within during by at-most
                                          not-quicker)))
                place)))

(define (clock hour minute)
  (string-append (string-pad (number->string hour) 2 #\0) ":"
                 (string-pad (number->string minute) 2 #\0)))

(define (cron->text cron)
  "Return CRON for people: \"daily at 06:00\", \"Mon at 06:00\", else the line itself."
  (match (list (cron-minutes cron) (cron-hours cron) (cron-days cron) (cron-months cron)
               (cron-weekdays cron))
    (((minute) (hour) #f #f #f) (string-append "daily at " (clock hour minute)))
    (((minute) (hour) #f #f (weekday))
     (string-append (string-capitalize (list-ref weekday-names weekday)) " at "
                    (clock hour minute)))
    (_ (string-append "at \"" (cron-text cron) "\""))))

(define (demand->text demand)
  "Return DEMAND for people: \"daily at 06:00, grace 2 h\", \"every 15 min, grace 5 min\"."
  (define (part words value)
    (if value (list (string-append words (period->text value))) '()))
  (string-join
   `(,(if (demand-every demand)
          (string-append "every " (period->text (demand-every demand)))
          (cron->text (demand-cron demand)))
     ,@(if (and (demand-cron demand) (not (equal? (demand-zone demand) (local-zone))))
           (list (zone-name (demand-zone demand)))
           '())
     ,@(part "grace " (demand-grace demand))
     ,@(part "begun within " (demand-start-within demand))
     ,@(part "ended within " (demand-finish-within demand))
     ,@(match (demand-at-most demand)
         (#f '())
         ((n . span) (list (format #f "at most ~a in ~a" n (period->text span)))))
     ,@(part "not quicker than " (demand-not-quicker demand))
     ,@(if (demand-during demand) (list (string-append "during " (demand-during demand))) '())
     ,@(if (eq? 'any (demand-by demand)) '("by any message") '()))
   ", "))


;;; When something is due.

(define (enter demand ms)
  "Return MS, or when the window of DEMAND opens next if that is closed then; #f: never."
  (let loop ((ms ms) (left %most-boundaries))
    (cond ((not ms) #f)
          (((demand-inside demand) ms) ms)
          ((zero? left) #f)
          (else (loop ((demand-boundary demand) ms) (- left 1))))))

(define (due-after demand ms)
  "Return what is due next after MS, where something was due; #f: nothing ever."
  (enter demand
         (if (demand-every demand)
             (+ ms (demand-every demand))
             (next-occurrence (demand-cron demand) (demand-zone demand) ms))))

(define (due-satisfied demand base started)
  "Return what is due next when the newest result that satisfies DEMAND came at BASE, and the run that
began last of those began at STARTED."
  (due-after demand
             (if (demand-every demand)
                 base
                 (or (last-occurrence (demand-cron demand) (demand-zone demand) (+ started %early))
                     started))))

(define (first-due demand joined base started)
  "Return what is due next where no miss is counted yet; nothing was due before JOINED."
  (if base
      (let ((due (due-satisfied demand base started)))
        (and due (enter demand (max due joined))))
      (due-after demand joined)))


;;; Expectations.

(define-record-type <expectation>
  (make-expectation demand joined base started begun due missed before made-up)
  expectation?
  (demand expectation-demand)                     ;<demand>
  (joined expectation-joined)                     ;ms: since when this demand counts
  (base expectation-base)                         ;ms: the newest result that satisfied | #f: none
  (started expectation-started)                   ;ms: when the last run that satisfied began | #f
  (begun expectation-begun)                       ;ms: when any run began last | #f
  (due expectation-due)                           ;ms | #f: never
  (missed expectation-missed)                     ;integer: limits passed since BASE
  (before expectation-before)                     ;integer: of the row of misses before
  (made-up expectation-made-up))                  ;ms: the result that ended that row | #f

(define* (begin-expectation demand joined #:key base started begun (missed 0) (before 0) made-up)
  "Return the expectation that begins at JOINED under DEMAND, of a subject that satisfied such
a demand last at BASE by a run that began at STARTED (#f: never)."
  (make-expectation demand joined base started begun
                    (first-due demand joined base started) missed before made-up))

(define stored-expectation make-expectation)      ;as it was read from a row

(define (satisfy expectation at start)
  "Return EXPECTATION after a result at AT, of a run that began at START, that satisfies its demand."
  (match expectation
    (($ <expectation> demand joined base started begun due missed before made-up)
     (if (and base (<= at base) (<= start started))
         expectation
         (let ((base (if base (max at base) at))
               (started (if started (max start started) start))
               (some? (positive? missed)))
           (make-expectation demand joined base started begun
                             (first-due demand joined base started)
                             0
                             (if some? missed before) (if some? at made-up)))))))

(define (missed-since expectation since)
  "Return how many were missed in the row that lasts, or that ended at SINCE or later."
  (match expectation
    (($ <expectation> demand joined base started begun due missed before made-up)
     (cond ((positive? missed) missed)
           ((and made-up (>= made-up since)) before)
           (else 0)))))

(define (begin-run expectation start)
  "Return EXPECTATION after a run began at START."
  (match expectation
    (($ <expectation> demand joined base started begun due missed before made-up)
     (if (and begun (>= begun start))
         expectation
         (make-expectation demand joined base started start due missed before made-up)))))

(define (with-due expectation due missed)
  (match expectation
    (($ <expectation> demand joined base started begun _ _ before made-up)
     (make-expectation demand joined base started begun due missed before made-up))))

(define (miss expectation)
  "Return EXPECTATION after what was due did not come: the next is due."
  (with-due expectation
            (due-after (expectation-demand expectation) (expectation-due expectation))
            (+ 1 (expectation-missed expectation))))

(define (period-start expectation)
  "Return since when what happens is about what is due now."
  (let ((demand (expectation-demand expectation)))
    (- (expectation-due expectation)
       (or (demand-every demand) %early))))


;;; Limits.

(define-record-type <open-run>
  (open-run id start overdue?)
  open-run?
  (id open-run-id)                                ;string; "": it has no name
  (start open-run-start)                          ;ms
  (overdue? open-run-overdue?))                   ;has it passed its limit?

(define-record-type <limit>
  (make-limit kind at run)
  limit?
  (kind limit-kind)                               ;symbol: start finish grace
  (at limit-at)                                   ;ms
  (run limit-run))                                ;<open-run> of `finish' | #f

(define (of-period? expectation run)
  "Is RUN about what is due now?"
  (and (expectation-due expectation)
       (>= (open-run-start run) (period-start expectation))))

(define (start-limits expectation)
  (let ((within (demand-start-within (expectation-demand expectation)))
        (due (expectation-due expectation))
        (begun (expectation-begun expectation)))
    (if (and within due
             (not (and begun (>= begun (period-start expectation)))))
        (list (make-limit 'start (+ due within) #f))
        '())))

(define (finish-limits expectation runs)
  (let ((within (demand-finish-within (expectation-demand expectation))))
    (if within
        (filter-map (lambda (run)
                      (and (not (open-run-overdue? run))
                           (make-limit 'finish (+ (open-run-start run) within) run)))
                    runs)
        '())))

(define (grace-limits expectation runs)
  "Return the limit that grace is, unless a run of what is due has time still."
  (let ((demand (expectation-demand expectation))
        (due (expectation-due expectation)))
    (if (and due
             (not (and (demand-finish-within demand)
                       (any (lambda (run)
                              (and (not (open-run-overdue? run)) (of-period? expectation run)))
                            runs))))
        (list (make-limit 'grace (+ due (demand-grace demand)) #f))
        '())))

(define* (next-limit expectation runs #:optional drained)
  "Return two values: when EXPECTATION, whose subject has the open RUNS, is to be looked at next, and the
<limit> that it passes then; #f and #f: never.  DRAINED is when all was heard that had been sent while
we were deaf (#f: we never were): no patience ends before that and a grace more."
  (define (first-of limits)
    (fold (lambda (limit best)
            (if (or (not best) (< (limit-at limit) (limit-at best))) limit best))
          #f limits))
  (match (first-of (append (start-limits expectation)
                           (finish-limits expectation runs)
                           (grace-limits expectation runs)))
    (#f (values #f #f))
    (limit
     (values (if drained
                 (max (limit-at limit)
                      (+ drained (demand-grace (expectation-demand expectation))))
                 (limit-at limit))
             limit))))


;;; What it means that a limit was passed.

(define (moment ms)
  (time->local "%a %-d %b %H:%M" ms))

(define (silence-words expectation heard)
  "Return in words why it is late, if it was HEARD last then (ms, #f: never)."
  (let ((base (expectation-base expectation)))
    (cond ((not heard) "never heard")
          ((or (< heard (period-start expectation))
               (and base (<= heard base)))
           (string-append "not heard since " (moment heard)))
          (base (string-append "heard, but not ok since " (moment base)))
          (else "heard, but never ok"))))

(define (due-words expectation)
  (string-append "due " (moment (expectation-due expectation)) ", grace "
                 (period->text (demand-grace (expectation-demand expectation)))))

(define (reason expectation limit heard)
  (match (limit-kind limit)
    ('start (string-append "not started, due " (moment (expectation-due expectation))))
    ('finish
     (let ((run (limit-run limit)))
       (string-append "still running since " (moment (open-run-start run))
                      (if (string-null? (open-run-id run))
                          ""
                          (string-append ", run " (open-run-id run))))))
    ('grace
     (string-append (silence-words expectation heard) "; " (due-words expectation)))))

(define (unmet? expectation limit hard heard)
  "Does a subject whose hard state is HARD stay as it is when it passes LIMIT, because it failed and
was HEARD to (ms, #f: never)?"
  (and (eq? 'fail hard)
       heard
       (expectation-due expectation)
       (>= heard (period-start expectation))))

(define (after-limit expectation limit)
  "Return EXPECTATION after LIMIT was passed.  A run that lasts too long is no miss but of what is due."
  (if (and (limit-run limit) (not (of-period? expectation (limit-run limit))))
      expectation
      (miss expectation)))

(define (end-of-patience runs run)
  "Return RUNS once RUN has passed its limit."
  (map (lambda (other)
         (if (eq? other run)
             (open-run (open-run-id run) (open-run-start run) #t)
             other))
       runs))

(define %most-misses 1000)                        ;that are counted one by one

(define (skip-to expectation now)
  "Return EXPECTATION with what is due after NOW, without counting."
  (let ((demand (expectation-demand expectation)))
    (with-due expectation (due-after demand now) (expectation-missed expectation))))

(define* (pass-limits expectation runs now hard heard #:optional drained)
  "Pass all limits of EXPECTATION up to NOW, for a subject with the open RUNS whose hard state is HARD
(#f: none) and which was HEARD last then (ms, #f: never); DRAINED as for `next-limit'.  Return three
values: EXPECTATION afterwards, its misses counted, of more than a thousand a thousand; RUNS afterwards;
and the flip, (DEADLINE . REASON), when the subject is late since DEADLINE because of REASON, or #f:
nothing changes, since it is late already, or failed and was heard in each period."
  (let loop ((expectation expectation) (runs runs) (flip #f) (left %most-misses))
    (receive (at limit) (next-limit expectation runs drained)
      (cond ((or (not at) (> at now)) (values expectation runs flip))
            ((zero? left) (values (skip-to expectation now) runs flip))
            (else
             (loop (after-limit expectation limit)
                   (end-of-patience runs (limit-run limit))
                   (or flip
                       (and (not (eq? 'late hard))
                            (not (unmet? expectation limit hard heard))
                            (cons (limit-at limit) (reason expectation limit heard))))
                   (- left 1)))))))
