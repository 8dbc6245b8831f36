;;; occurrence.scm -- when a cron line comes true, in a zone, over changes of its clock
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A line with fixed minute and hour comes true once a day that fits: where the clock skips it, at the
;; first instant after the gap; where the clock shows it twice, the first time.  A line with `*' in
;; either goes by the clock on the wall, whatever that shows.  All times are epoch milliseconds.

(define-module (sheepdog occurrence)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (next-occurrence last-occurrence))

(define %minute 60000)
(define %most-days (* 366 9))                     ;29 February may be 8 years off: 1896, 1904

(define (by-the-clock? cron)
  "Does CRON have a `*' in minute or hour?"
  (match (string-tokenize (cron-text cron))
    ((minute hour . _) (or (string-prefix? "*" minute) (string-prefix? "*" hour)))))

(define (fits? n allowed)
  (or (not allowed) (memv n allowed)))

(define (day-fits? cron days)
  "Does the day DAYS after 1970-01-01 fit CRON?  Of a restricted day and a restricted weekday one
is enough, as in crontab(5)."
  (match (days->date days)
    ((year month day)
     (let ((day? (fits? day (cron-days cron)))
           (weekday? (fits? (weekday-of days) (cron-weekdays cron))))
       (and (fits? month (cron-months cron))
            (if (and (cron-days cron) (cron-weekdays cron))
                (or day? weekday?)
                (and day? weekday?)))))))

(define (clock-times cron)
  "Return what CRON asks for of a day, in ms after midnight, ascending."
  (append-map (lambda (hour)
                (map (lambda (minute) (* %minute (+ (* 60 hour) minute)))
                     (or (cron-minutes cron) (iota 60))))
              (or (cron-hours cron) (iota 24))))

(define (all-instants zone local)
  "Return all instants at which a clock of ZONE shows LOCAL."
  (filter (lambda (ms) (= local (instant->local zone ms)))
          (delete-duplicates
           (map (lambda (shift) (- local (zone-offset zone (+ local shift))))
                (list (- %day) %day)))))

(define (occurrences-of cron zone days)
  "Return the instants, ascending, at which CRON comes true in ZONE on the local day DAYS after
1970-01-01."
  (if (day-fits? cron days)
      (let* ((midnight (* %day days))
             (locals (map (lambda (after) (+ midnight after)) (clock-times cron)))
             (steady (steady-offset zone midnight)))
        (cond (steady (map (lambda (local) (- local steady)) locals))
              ((by-the-clock? cron)
               (sort (append-map (lambda (local) (all-instants zone local)) locals) <))
              (else
               (delete-duplicates
                (map (lambda (local) (local->instant zone local)) locals)))))
      '()))

(define (steady-offset zone midnight)
  "Return the offset of ZONE around the local day that begins at MIDNIGHT, or #f when it changes."
  (let* ((from (- midnight %day))
         (change (next-transition zone from)))
    (and (or (not change) (> change (+ midnight (* 2 %day))))
         (zone-offset zone from))))

(define (local-day zone ms)
  (floor-quotient (instant->local zone ms) %day))

(define (search cron zone day step choose)
  "Return what CHOOSE, a procedure from the ascending instants of one or two days to one of them
or #f, finds first, from DAY on in steps of STEP days, or #f."
  (let loop ((day day) (left %most-days))
    (and (positive? left)
         (or (choose (append (occurrences-of cron zone (min day (+ day step)))
                             (occurrences-of cron zone (max day (+ day step)))))
             (loop (+ day step) (- left 1))))))

(define (next-occurrence cron zone ms)
  "Return when CRON comes true next after MS in ZONE, or #f: never in the next years."
  (search cron zone (- (local-day zone ms) 1) 1
          (lambda (instants) (find (lambda (at) (> at ms)) instants))))

(define (last-occurrence cron zone ms)
  "Return when CRON came true last in ZONE, at MS or before, or #f: never in the last years."
  (search cron zone (+ (local-day zone ms) 1) -1
          (lambda (instants) (find (lambda (at) (<= at ms)) (reverse instants)))))
