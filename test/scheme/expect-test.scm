;;; expect-test.scm -- what is due, what is late, minute by minute over years
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog expect)
             (sheepdog schedule)
             (sheepdog test)
             (sheepdog window)
             (sheepdog zone)
             (ice-9 match)
             (ice-9 popen)
             (ice-9 rdelim)
             (ice-9 receive)
             (srfi srfi-1))

(setenv "TZ" "UTC")
(tzset)

(define minute 60000)
(define hour (* 60 minute))

(define* (utc year month day #:optional (hours 0) (minutes 0))
  (+ (* %day (date->days year month day)) (* hour hours) (* minute minutes)))

(define berlin (find-zone "Europe/Berlin"))
(define nightly (demand #:cron (parse-cron "0 5 * * *") #:zone (find-zone "UTC")
                       #:grace (* 2 hour)))
(define often (demand #:every (* 15 minute) #:grace (* 5 minute)))
(define d1 (utc 2026 11 23))
(define d2 (+ d1 %day))

(define (now-due expectation)
  (list (expectation-due expectation) (expectation-missed expectation)))

(define* (pass expectation now #:key (runs '()) (hard 'ok) heard drained)
  "Return (FLIP DUE MISSED OVERDUE-RUNS)."
  (receive (expectation runs flip) (pass-limits expectation runs now hard heard drained)
    (list flip (expectation-due expectation) (expectation-missed expectation)
          (map open-run-id (filter open-run-overdue? runs)))))

(define* (looks expectation #:key (runs '()) drained)
  "Return (KIND AT), the next limit."
  (receive (at limit) (next-limit expectation runs drained)
    (and at (list (limit-kind limit) at))))

;; The slow and obvious way.  Python looks at each minute: what came true, which runs were good, and
;; whether anything that came true more than GRACE ago lacks a good run of its own or of a later one.
(define %watch "
import sys, zoneinfo, datetime
zone, begin, end, grace, spec, window, *oks = sys.argv[1:]
zone, begin, end, grace = zoneinfo.ZoneInfo(zone), int(begin) // 1000, int(end) // 1000, int(grace) // 1000
oks = {int(at) // 1000: int(start) // 1000 for at, _, start in (ok.partition(':') for ok in oks)}
window = [int(h) for h in window.split('-')] if window else None

def field(text, least, most):
    chosen = set()
    for item in text.split(','):
        span, _, step = item.partition('/')
        low, _, high = (f'{least}-{most}' if span == '*' else span).partition('-')
        chosen |= set(range(int(low), int(high or low) + 1, int(step or 1)))
    return chosen

every = int(spec) // 1000 if ' ' not in spec else None
if not every:
    m, h, d, mon, w = spec.split()
    starred, either = m[0] == '*' or h[0] == '*', d != '*' and w != '*'
    m, h, d, mon, w = field(m, 0, 59), field(h, 0, 23), field(d, 1, 31), field(mon, 1, 12), field(w, 0, 6)
def fits(t):
    if t.minute not in m or t.hour not in h or t.month not in mon: return False
    day, weekday = t.day in d, t.isoweekday() % 7 in w
    return (day or weekday) if either else (day and weekday)

step = datetime.timedelta(minutes=1)
def local(t): return datetime.datetime.fromtimestamp(t, zone).replace(tzinfo=None, fold=0)
latest, base, late, best = local(begin), begin, None, begin
asked = []                           # [when it came true, when it was due: the window was open]
for t in range(begin, end, 60):
    now = local(t)
    true = False
    if every:
        true = t > base and (t - (asked[-1][1] or t) if asked else t - base) >= every
    else:
        shown = []
        while latest < now:
            latest += step
            shown.append(latest)
        true = t > begin and (fits(now) if starred else any(fits(s) for s in shown))
    if true and (every or t > best + 60): asked.append([t, None])
    if not window or window[0] <= now.hour < window[1]:
        for o in asked:
            if o[1] is None: o[1] = t
    if t in oks:
        passed = {o[1] for o in asked if o[1] is not None and o[1] + grace < t}
        best = max(best, oks[t])
        if every: asked, base = [], t
        else: asked = [o for o in asked if o[0] > best + 60]
        if late is not None: print(late * 1000, t * 1000, len(passed))
        late = None
    passed = [o[1] + grace for o in asked if o[1] is not None and o[1] + grace <= t]
    if passed and late is None: late = min(passed)
if late is not None: print(late * 1000, 'open', 0)
")

(define (watch-the-clock zone from until grace spec window oks)
  "Return the list of (LATE-SINCE UNTIL|open MISSED) that Python sees; OKS are pairs (AT . START)."
  (let ((port (apply open-pipe* OPEN_READ "/usr/bin/python3" "-c" %watch zone
                     (number->string from) (number->string until) (number->string grace)
                     spec window
                     (map (match-lambda ((at . start) (format #f "~a:~a" at start))) oks))))
    (let loop ((rows '()))
      (match (read-line port)
        ((? eof-object?) (close-pipe port) (reverse rows))
        (line (loop (cons (map (lambda (word) (or (string->number word) (string->symbol word)))
                               (string-tokenize line))
                          rows)))))))

(define (live demand from until oks)
  "Return the same as our expectation lives it: limits at the moments that it names, results as they
come, before the limits of that moment."
  (let loop ((expectation (begin-expectation demand from)) (oks oks) (late #f) (rows '()))
    (define (pass-up-to moment)
      (receive (passed runs flip)
          (pass-limits expectation '() moment (if late 'late 'ok) from)
        (values passed (or late (and=> flip car)))))
    (match oks
      (((at . start) . rest)
       (receive (expectation late) (pass-up-to (- at 1))
         (let ((after (satisfy expectation at start)))
           (loop after rest #f
                 (if late
                     (cons (list late at (missed-since after at)) rows)
                     rows)))))
      (()
       (receive (expectation late) (pass-up-to (- until 1))
         (reverse (if late (cons (list late 'open 0) rows) rows)))))))

(define (random-oks from until gap longest seed)
  "Return pairs (AT . START) on whole minutes: about one each GAP minutes, runs of up to LONGEST, some
days without any."
  (let ((state (seed->random-state seed)))
    (let loop ((at from) (oks '()))
      (let ((at (+ at (* minute (+ 1 (random (* 2 gap) state)
                                   (if (zero? (random 12 state)) (* 5 gap) 0))))))
        (if (>= at until)
            (reverse oks)
            (loop at (cons (cons at (max from (- at (* minute (random longest state))))) oks)))))))

(define* (differences spec zone grace from until gap #:key (longest 90) (hours #f) (seed 7))
  "Return #f, or what we see of SPEC that Python does not, and the reverse."
  (let* ((oks (random-oks from until gap longest seed))
         (window (and hours (window #:span (cons (* 60 (car hours)) (* 60 (cdr hours)))
                                    #:zone (find-zone zone))))
         (cron (and (string-index spec #\space) (parse-cron spec)))
         (theirs (watch-the-clock zone from until grace spec
                                  (if hours (format #f "~a-~a" (car hours) (cdr hours)) "")
                                  oks))
         (ours (live (demand #:cron cron #:every (and (not cron) (string->number spec))
                            #:zone (find-zone zone) #:grace grace
                            #:during (and window "office")
                            #:inside (lambda (ms) (or (not window) (inside? window ms)))
                            #:boundary (lambda (ms) (next-boundary window ms)))
                     from until oks)))
    (and (not (and (> (length theirs) 5) (equal? theirs ours)))
         (list spec (length theirs) (length ours)
               (take (lset-difference equal? theirs ours)
                     (min 4 (length (lset-difference equal? theirs ours))))
               (take (lset-difference equal? ours theirs)
                     (min 4 (length (lset-difference equal? ours theirs))))))))

(run-tests "expect"
  (test-equal "what is due: a period after the result, the occurrence after that of the run"
    (list (list (utc 2026 11 23 10 15) 0) (list d2 0))
    (list (now-due (satisfy (begin-expectation often (utc 2026 11 23 9 0))
                            (utc 2026 11 23 10 0) (utc 2026 11 23 9 59)))
          (match (now-due (satisfy (begin-expectation nightly d1)
                                   (utc 2026 11 23 5 20) (utc 2026 11 23 5 0)))
            ((due missed) (list (- due (* 5 hour)) missed)))))
  (test-equal "scenario E14: a run from 04:59:40 counts for 05:00; one from d1 for d1, whenever it ends"
    (list (list (utc 2026 11 24 5 0) 0) (list (utc 2026 11 24 5 0) 0))
    (map now-due
         (list (satisfy (begin-expectation nightly d1) (utc 2026 11 23 5 20)
                        (- (utc 2026 11 23 5 0) 20000))
               (satisfy (begin-expectation nightly d1) (utc 2026 11 24 7 0)
                        (utc 2026 11 23 5 0)))))
  (test-equal "scenario E5: each occurrence once where the clock changes, each hour three times"
    (list (utc 2026 3 29 1 0) (utc 2026 10 25 0 30) (utc 2026 10 26 1 30)
          (utc 2026 10 25 0 0) (utc 2026 10 25 1 0) (utc 2026 10 25 2 0))
    (let ((fixed (demand #:cron (parse-cron "30 2 * * *") #:zone berlin))
          (hourly (demand #:cron (parse-cron "0 * * * *") #:zone berlin)))
      (define (due demand . from)
        (expectation-due (begin-expectation demand (apply utc from))))
      (list (due fixed 2026 3 28 12) (due fixed 2026 10 24 12) (due fixed 2026 10 25 0 30)
            (due hourly 2026 10 24 23 30) (due hourly 2026 10 25 0) (due hourly 2026 10 25 1))))
  (test-equal "grace, if none is given: the period, an hour at most; for a cron line an hour"
    (list (* 15 minute) hour hour)
    (list (demand-grace (demand #:every (* 15 minute)))
          (demand-grace (demand #:every (* 24 hour)))
          (demand-grace (demand #:cron (parse-cron "0 5 * * *")))))
  (test-equal "who joins late is late a grace after that at the earliest"
    (list (list 'grace (+ d1 (* 8 hour))) (list 'grace (utc 2026 11 24 7 0)))
    (list (looks (begin-expectation nightly (+ d1 (* 6 hour)) #:base (- d1 (* 15 hour))
                                    #:started (- d1 (* 16 hour))))
          (looks (begin-expectation nightly (+ d1 (* 6 hour))))))
  (test-equal "a limit passed: late since the deadline, however late we look; the next is due"
    (list (list (cons (utc 2026 11 23 7 0)
                      "not heard since Sun 22 Nov 05:30; due Mon 23 Nov 05:00, grace 2 h")
                (utc 2026 11 24 5 0) 1 '())
          (list #f (utc 2026 11 25 5 0) 1 '())
          (list #f (utc 2026 11 23 5 0) 0 '()))
    (let ((expectation (satisfy (begin-expectation nightly (utc 2026 11 1))
                                (utc 2026 11 22 5 30) (utc 2026 11 22 5 0)))
          (second-day (satisfy (begin-expectation nightly (utc 2026 11 1))
                               (utc 2026 11 23 5 30) (utc 2026 11 23 5 0))))
      (list (pass expectation (+ (utc 2026 11 23 7 0) 45000) #:heard (utc 2026 11 22 5 30))
            (pass second-day (utc 2026 11 24 7 0) #:hard 'late)
            (pass expectation (- (utc 2026 11 23 7 0) 1)))))
  (test-equal "what failed and was heard stays fail; one that is not even heard becomes late"
    (list (list #f (utc 2026 11 24 5 0) 1 '())
          (list (cons (utc 2026 11 24 7 0)
                      "not heard since Mon 23 Nov 05:10; due Tue 24 Nov 05:00, grace 2 h")
                (utc 2026 11 25 5 0) 2 '()))
    (let ((expectation (begin-expectation nightly d1)))
      (map (lambda (now)
             (pass expectation now #:hard 'fail #:heard (utc 2026 11 23 5 10)))
           (list (utc 2026 11 23 7 0) (utc 2026 11 24 7 0)))))
  (test-equal "the reasons: never heard; heard, but never ok; heard, but not ok since"
    '("never heard; due Mon 23 Nov 00:15, grace 5 min"
      "heard, but never ok; due Mon 23 Nov 00:15, grace 5 min"
      "heard, but not ok since Mon 23 Nov 00:00; due Mon 23 Nov 00:15, grace 5 min"
      "not heard since Mon 23 Nov 00:00; due Mon 23 Nov 00:15, grace 5 min")
    (let ((base (begin-expectation often d1)))
      (map (match-lambda ((expectation heard)
                          (cdr (first (pass expectation (+ d1 hour) #:hard 'warn #:heard heard)))))
           (list (list base #f) (list base (+ d1 minute))
                 (list (satisfy base d1 d1) (+ d1 minute)) (list (satisfy base d1 d1) d1)))))
  (test-equal "misses are counted, a thousand at most, and what ends them knows how many they were"
    (list 4 1000 '(4 0))
    (let ((expectation (satisfy (begin-expectation often d1) d1 d1)))
      (define (missed now)
        (receive (expectation runs flip) (pass-limits expectation '() now 'ok d1)
          expectation))
      (let ((over (satisfy (missed (+ d1 (* 66 minute))) (+ d1 (* 70 minute))
                           (+ d1 (* 70 minute)))))
        (list (expectation-missed (missed (+ d1 (* 66 minute))))
              (expectation-missed (missed (+ d1 (* 400 %day))))
              (list (missed-since over d1) (missed-since over d2))))))
  (test-equal "an older result counts once what it satisfies lies ahead of what was known"
    (list (utc 2026 11 24 5 0) (utc 2026 11 25 5 0) (utc 2026 11 25 5 0))
    (let ((later (satisfy (begin-expectation nightly d1) (utc 2026 11 24 5 20)
                          (utc 2026 11 24 5 0))))
      (list (expectation-due (satisfy (begin-expectation nightly d1) (utc 2026 11 23 5 41)
                                      (utc 2026 11 23 5 0)))
            (expectation-due (satisfy later (utc 2026 11 23 5 41) (utc 2026 11 23 5 0)))
            ;; A run of the day before ends after that of the day.
            (expectation-due (satisfy later (utc 2026 11 24 6 0) (utc 2026 11 23 5 0))))))
  (test-equal "start-within: not started, unless a run began"
    (list (list 'start (utc 2026 11 23 5 30))
          (list (cons (utc 2026 11 23 5 30) "not started, due Mon 23 Nov 05:00")
                (utc 2026 11 24 5 0) 1 '())
          (list 'grace (utc 2026 11 23 7 0)))
    (let* ((demand (demand #:cron (parse-cron "0 5 * * *") #:zone (find-zone "UTC")
                         #:grace (* 2 hour) #:start-within (* 30 minute)))
           (expectation (begin-expectation demand d1)))
      (list (looks expectation)
            (pass expectation (utc 2026 11 23 5 30))
            (looks (begin-run expectation (- (utc 2026 11 23 5 0) minute))))))
  (test-equal "finish-within: a run of what is due has its time; when that is over it is late, and missed"
    (list (list 'finish (utc 2026 11 23 11 2))
          (list (cons (utc 2026 11 23 11 2) "still running since Mon 23 Nov 05:02, run A")
                (utc 2026 11 24 5 0) 1 '("A"))
          (list 'grace (utc 2026 11 23 7 0)))
    (let* ((demand (demand #:cron (parse-cron "0 5 * * *") #:zone (find-zone "UTC")
                         #:grace (* 2 hour) #:finish-within (* 6 hour)))
           (expectation (begin-expectation demand d1))
           (run (lambda (start) (open-run "A" start #f))))
      (list (looks expectation #:runs (list (run (utc 2026 11 23 5 2))))
            (pass expectation (utc 2026 11 23 11 2) #:runs (list (run (utc 2026 11 23 5 2)))
                  #:heard (utc 2026 11 23 5 2))
            (looks expectation #:runs (list (run (utc 2026 11 23 4 0)))))))
  (test-equal "a run of an earlier period that lasts too long is late, and what is due stays due"
    (list (cons (utc 2026 11 23 3 0) "still running since Mon 23 Nov 01:00")
          (utc 2026 11 24 2 10) 0 '(""))
    (let ((demand (demand #:every %day #:finish-within (* 2 hour))))
      (pass (satisfy (begin-expectation demand d1) (utc 2026 11 23 2 10) (utc 2026 11 23 2 0))
            (utc 2026 11 23 3 0)
            #:runs (list (open-run "" (utc 2026 11 23 1 0) #f))
            #:heard (utc 2026 11 23 2 10))))
  (test-equal "after an outage of ours patience begins anew; what flips then keeps its old deadline"
    (list (list 'grace (+ d1 (* 3 hour) (* 5 minute)))
          #f
          (+ d1 (* 20 minute)))
    (let ((expectation (satisfy (begin-expectation often d1) d1 d1))
          (drained (+ d1 (* 3 hour))))
      (list (looks expectation #:drained drained)
            (first (pass expectation (+ drained (* 5 minute) -1) #:drained drained))
            (car (first (pass expectation (+ drained (* 5 minute)) #:drained drained))))))
  (test-equal "a demand in words"
    '("every 15 min, grace 5 min"
      "daily at 05:00, grace 2 h"
      "Mon at 06:30, Europe/Berlin, grace 1 h, begun within 30 min, ended within 6 h"
      "at \"*/5 * * * *\", grace 1 h, at most 1 in 20 h, not quicker than 2 s, by any message")
    (map demand->text
         (list often
               (demand #:cron (parse-cron "0 5 * * *") #:grace (* 2 hour))
               (demand #:cron (parse-cron "30 6 * * 1") #:zone berlin #:start-within (* 30 minute)
                      #:finish-within (* 6 hour))
               (demand #:cron (parse-cron "*/5 * * * *") #:at-most (cons 1 (* 20 hour))
                      #:not-quicker 2000 #:by 'any))))
  (test-false "two years of minutes, a nightly job in Berlin"
    (differences "30 2 * * *" "Europe/Berlin" (* 2 hour) (utc 2026 1 1) (utc 2028 1 1) 1400))
  (test-false "a year of each hour in Berlin"
    (differences "0 * * * *" "Europe/Berlin" (* 20 minute) (utc 2026 1 1) (utc 2027 1 1) 70))
  (test-false "a year of a period, whatever the clock shows"
    (differences (number->string (* 90 minute)) "Europe/Berlin" (* 30 minute)
                 (utc 2026 1 1) (utc 2027 1 1) 100))
  (test-false "a year where midnight is skipped and shown twice"
    (differences "0,30 0 * * *" "America/Sao_Paulo" (* 45 minute)
                 (utc 2018 1 1) (utc 2019 3 1) 1300))
  (test-false "a year of office hours, each twenty minutes"
    (differences "*/20 * * * *" "Europe/Berlin" (* 15 minute) (utc 2026 1 1) (utc 2027 1 1) 25
                 #:longest 12 #:hours '(8 . 18)))
  (test-false "a year of office hours, a period"
    (differences (number->string (* 45 minute)) "Europe/Berlin" (* 15 minute)
                 (utc 2026 1 1) (utc 2027 1 1) 60 #:hours '(8 . 18))))
