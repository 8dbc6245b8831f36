;;; occurrence-test.scm -- cron lines, minute by minute over years, where clocks change
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog occurrence)
             (sheepdog schedule)
             (sheepdog test)
             (sheepdog zone)
             (ice-9 match)
             (ice-9 popen)
             (ice-9 rdelim)
             (srfi srfi-1))

(define (utc year month day hour minute)
  (+ (* %day (date->days year month day)) (* 3600000 hour) (* 60000 minute)))

;; The slow and obvious way: Python looks at the clock each minute.
(define %watch "
import sys, zoneinfo, datetime
zone, begin, end, *crons = sys.argv[1:]
zone, begin, end = zoneinfo.ZoneInfo(zone), int(begin) // 1000, int(end) // 1000

def field(text, least, most):
    chosen = set()
    for item in text.split(','):
        span, _, step = item.partition('/')
        low, _, high = (f'{least}-{most}' if span == '*' else span).partition('-')
        chosen |= set(range(int(low), int(high or low) + 1, int(step or 1)))
    return chosen

class Cron:
    def __init__(self, text):
        m, h, d, mon, w = text.split()
        self.text, self.starred = text, m[0] == '*' or h[0] == '*'
        self.m, self.h = field(m, 0, 59), field(h, 0, 23)
        self.d, self.mon, self.w = field(d, 1, 31), field(mon, 1, 12), field(w, 0, 6)
        self.either = d != '*' and w != '*'
    def fits(self, t):
        if t.minute not in self.m or t.hour not in self.h or t.month not in self.mon: return False
        day, weekday = t.day in self.d, t.isoweekday() % 7 in self.w
        return (day or weekday) if self.either else (day and weekday)

crons = [Cron(text) for text in crons]
minute = datetime.timedelta(minutes=1)
def local(t): return datetime.datetime.fromtimestamp(t, zone).replace(tzinfo=None, fold=0)
latest = local(begin - 60)
for t in range(begin, end, 60):
    now = local(t)
    shown = []                       # what no clock showed before: this minute, and what was skipped
    while latest < now:
        latest += minute
        shown.append(latest)
    for cron in crons:
        if cron.fits(now) if cron.starred else any(cron.fits(s) for s in shown):
            print(cron.text, t * 1000, sep='|')
")

(define (watch-the-clock texts zone from until)
  "Return lists (CRON INSTANT ...) of when each of TEXTS comes true in ZONE."
  (let* ((port (apply open-pipe* OPEN_READ "/usr/bin/python3" "-c" %watch zone
                      (number->string from) (number->string until) texts))
         (table (map list texts)))
    (let loop ((table table))
      (match (read-line port)
        ((? eof-object?)
         (close-pipe port)
         (map (match-lambda ((text . instants) (cons text (reverse instants)))) table))
        (line
         (match (string-split line #\|)
           ((text instant)
            (loop (assoc-set! table text
                              (cons (string->number instant) (assoc-ref table text)))))))))))

(define (forward cron zone from until)
  (let loop ((ms (- from 1)) (found '()))
    (match (next-occurrence cron zone ms)
      ((? (lambda (at) (and at (< at until))) at) (loop at (cons at found)))
      (_ (reverse found)))))

(define (backward cron zone from until)
  (let loop ((ms (- until 1)) (found '()))
    (match (last-occurrence cron zone ms)
      ((? (lambda (at) (and at (>= at from))) at) (loop (- at 1) (cons at found)))
      (_ found))))

(define (differences texts zone-name from until)
  "Return what of TEXTS comes true in ZONE-NAME at other times than the clock shows, or never."
  (let ((zone (find-zone zone-name)))
    (filter-map (match-lambda
                  ((text . wanted)
                   (let ((cron (parse-cron text)))
                     (and (not (and (pair? wanted)
                                    (equal? wanted (forward cron zone from until))
                                    (equal? wanted (backward cron zone from until))))
                          (list text zone-name)))))
                (watch-the-clock texts zone-name from until))))

(define (next text zone . from)
  (next-occurrence (parse-cron text) (find-zone zone) (apply utc from)))

(run-tests "occurrence"
  (test-equal "a time that the clock skips comes true after the gap, the next day as always"
    (list (utc 2026 3 29 1 0) (utc 2026 3 30 0 30))
    (list (next "30 2 * * *" "Europe/Berlin" 2026 3 28 12 0)
          (next "30 2 * * *" "Europe/Berlin" 2026 3 29 1 0)))
  (test-equal "a time that the clock shows twice comes true once"
    (list (utc 2026 10 25 0 30) (utc 2026 10 26 1 30))
    (list (next "30 2 * * *" "Europe/Berlin" 2026 10 24 12 0)
          (next "30 2 * * *" "Europe/Berlin" 2026 10 25 0 30)))
  (test-equal "each hour is each hour that the clock shows"
    (list (utc 2026 10 25 0 0) (utc 2026 10 25 1 0) (utc 2026 10 25 2 0))
    (list (next "0 * * * *" "Europe/Berlin" 2026 10 24 23 30)
          (next "0 * * * *" "Europe/Berlin" 2026 10 25 0 0)
          (next "0 * * * *" "Europe/Berlin" 2026 10 25 1 0)))
  (test-equal "29 February is found over eight years, in both directions"
    (list (utc 2104 2 29 0 0) (utc 2096 2 29 0 0))
    (list (next "0 0 29 2 *" "UTC" 2096 3 1 0 0)
          (last-occurrence (parse-cron "0 0 29 2 *") (find-zone "UTC") (utc 2104 2 28 0 0))))
  (test-equal "the instant itself is no next occurrence, but it is the last"
    (list (utc 2026 5 2 5 0) (utc 2026 5 1 5 0))
    (list (next "0 5 * * *" "UTC" 2026 5 1 5 0)
          (last-occurrence (parse-cron "0 5 * * *") (find-zone "UTC") (utc 2026 5 1 5 0))))
  (test-equal "two years of minutes in Berlin"
    '()
    (differences '("30 2 * * *" "0 * * * *" "15,45 1-3 * * *" "*/20 2 * * 0" "0 0 1 * 1"
                   "7 */5 13 * *" "59 23 31 12 *")
                 "Europe/Berlin" (utc 2026 1 1 0 0) (utc 2028 1 1 0 0)))
  (test-equal "a year of minutes where half an hour is changed"
    '()
    (differences '("45 1 * * *" "10,40 2 * * *" "*/15 1,2 * * *")
                 "Australia/Lord_Howe" (utc 2025 1 1 0 0) (utc 2026 1 1 0 0)))
  (test-equal "a year in which midnight is skipped and shown twice"
    '()
    (append (differences '("0 0 * * *" "30 23 * * *" "30 * * * *" "0 0 * * 0")
                         "America/Sao_Paulo" (utc 2018 1 1 0 0) (utc 2019 3 1 0 0))
            (differences '("0 0 * * *" "30 0 * * *" "*/30 * * * *")
                         "Asia/Gaza" (utc 2024 1 1 0 0) (utc 2025 1 1 0 0))))
  (test-equal "a day that never was"
    '()
    (differences '("0 5 * * *" "*/30 * * * *" "0 5 30 12 *")
                 "Pacific/Apia" (utc 2011 12 1 0 0) (utc 2012 2 1 0 0))))
