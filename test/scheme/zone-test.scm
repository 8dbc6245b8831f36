;;; zone-test.scm -- time zones, compared with those of Python
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog test)
             (sheepdog zone)
             (ice-9 match)
             (ice-9 popen)
             (ice-9 rdelim)
             (srfi srfi-1))

(define %zones
  '("Europe/Berlin" "America/Chicago" "America/Sao_Paulo" "Australia/Lord_Howe" "Asia/Kathmandu"
    "Africa/Casablanca" "Pacific/Apia" "Europe/Dublin" "America/Scoresbysund" "Asia/Gaza" "UTC"))

(define %oracle "
import random, sys, zoneinfo, datetime
random.seed(int(sys.argv[1]))
for name in sys.argv[2:]:
    zone = zoneinfo.ZoneInfo(name)
    for n in range(300):
        t = random.randrange(-2000000000, 6000000000)
        at = datetime.datetime.fromtimestamp(t, datetime.timezone.utc).astimezone(zone)
        print(name, t, int(at.utcoffset().total_seconds()))
")

(define (oracle seed)
  "Return lists (ZONE SECONDS OFFSET) of what Python's zoneinfo says."
  (let* ((port (apply open-pipe* OPEN_READ "/usr/bin/python3" "-c" %oracle
                      (number->string seed) %zones))
         (lines (let loop ((lines '()))
                  (match (read-line port)
                    ((? eof-object?) (reverse lines))
                    (line (loop (cons line lines)))))))
    (close-pipe port)
    (map (lambda (line)
           (match (string-split line #\space)
             ((name seconds offset)
              (list name (string->number seconds) (string->number offset)))))
         lines)))

(define berlin (find-zone "Europe/Berlin"))

(define (utc year month day hour minute)
  (+ (* %day (date->days year month day)) (* 3600000 hour) (* 60000 minute)))

(define (with-tz tz thunk)
  (let ((before (getenv "TZ")))
    (dynamic-wind
      (lambda () (setenv "TZ" tz))
      thunk
      (lambda () (if before (setenv "TZ" before) (unsetenv "TZ"))))))

(run-tests "zone"
  (test-equal "dates are counted and found again, over four centuries"
    '()
    (filter-map (lambda (days)
                  (let ((date (days->date days)))
                    (and (not (= days (apply date->days date))) date)))
                (iota 40000 -20000 11)))
  (test-equal "the first of March 2000 was a Wednesday, day 11017"
    '(11017 (2000 3 1) 3)
    (list (date->days 2000 3 1) (days->date 11017) (weekday-of 11017)))
  (test-equal "every zone has the offsets that Python finds, from 1906 to 2160"
    (list (* 300 (length %zones)) '())
    (let ((said (oracle 4711)))
      (list (length said)
      (filter (match-lambda
                ((name seconds offset)
                 (not (= (* 1000 offset) (zone-offset (find-zone name) (* 1000 seconds))))))
              said))))
  (test-equal "what the clock skips is the end of the gap, what it doubles the first passage"
    (list (utc 2026 3 29 1 0) (utc 2026 3 29 1 0) (utc 2026 10 25 0 30) (utc 2026 7 1 10 0))
    (map (lambda (local) (local->instant berlin local))
         (list (utc 2026 3 29 2 0) (utc 2026 3 29 2 30) (utc 2026 10 25 2 30)
               (utc 2026 7 1 12 0))))
  (test-equal "the next change is found in the table and by the rule behind it"
    (list (utc 2026 10 25 1 0) (utc 2027 3 28 1 0) (utc 2101 3 27 1 0) #f)
    (list (next-transition berlin (utc 2026 5 1 0 0))
          (next-transition berlin (utc 2026 10 25 1 0))
          (next-transition berlin (utc 2101 1 1 0 0))
          (next-transition (find-zone "UTC") 0)))
  (test-equal "no zone is outside of the tables, or no table"
    '(#f #f #f #f)
    (map find-zone '("Europe/Atlantis" "../../../etc/localtime" "/etc/localtime" "zone.tab")))
  (test-equal "TZ may name a zone, a rule, or nothing sensible"
    (list (* 2 3600000) (* 2 3600000) (* -4 3600000) (* 12600000) 0)
    (map (lambda (tz)
           (with-tz tz (lambda () (zone-offset (local-zone) (utc 2026 7 1 0 0)))))
         '("Europe/Berlin" ":Europe/Berlin" "EST5EDT,M3.2.0,M11.1.0" "<+0330>-3:30" "nonsense!"))))
