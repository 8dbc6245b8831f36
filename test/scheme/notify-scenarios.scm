;;; notify-scenarios.scm -- what holds and stops news, in stories
;;; SPDX-License-Identifier: GPL-3.0-or-later

;;; One subject.

(define fail-fail-ok '(("10:05" "fail") ("10:10" "fail") ("10:15" "ok")))

(scenario "N1: two failures are one problem and one recovery"
  '((("10:05:30" "FAIL h/t") ("10:15:30" "ok h/t after 10 min, 2 failures"))
    ((no "fine" 1) (hold "grouped" 1) (no "same" 1) (hold "grouped" 1)))
  (play "" fail-fail-ok #:result told-and-decided))
(scenario "N1 (b): the first message ever is a failure"
  '(("10:00:30" "FAIL h/t"))
  (play "" '(("10:00" "fail")) #:first '() #:result told-a))
(scenario "N1 (c): new and ok is fine"
  '(() ((no "fine" 1)))
  (play "" '(("10:00" "ok")) #:first '() #:result told-and-decided))
(scenario "N2: three in a row"
  '((("10:06:30" "FAIL h/t") ("10:20:30" "ok h/t after 16 min, 3 failures"))
    ((no "fine" 1) (no "soft 1/3" 1) (no "soft 2/3" 1) (no "fine" 1) (no "soft 1/3" 1)
     (no "soft 2/3" 1) (hold "grouped" 1) (hold "grouped" 1))
    (("10:01:00" "10:03:00" fail -) ("10:04:00" "10:20:00" fail "10:06:00")))
  (play "(notify (after 3))"
        '(("10:01" "fail") ("10:02" "fail") ("10:03" "ok") ("10:04" "fail") ("10:05" "fail")
          ("10:06" "fail") ("10:20" "ok"))
        #:result (lambda (world) (append (told-and-decided world) (list (spans world))))))
(scenario "N3: three of five, two good ones"
  '((("10:05:30" "FAIL h/t") ("10:21:30" "ok h/t after 16 min, 1 failure"))
    ((no "fine" 1) (no "soft 1/3" 1) (no "fine" 1) (no "soft 2/3" 1) (no "fine" 1)
     (hold "grouped" 1) (no "same" 1) (hold "grouped" 1)))
  (play "(notify (after 3 5) (ok-after 2))"
        '(("10:01" "fail") ("10:02" "ok") ("10:03" "fail") ("10:04" "ok") ("10:05" "fail")
          ("10:20" "ok") ("10:21" "ok"))
        #:result told-and-decided))
(scenario "N4: bad for ten minutes"
  '(("10:30:30" "FAIL h/t"))
  (play "(notify (for \"10m\"))"
        '(("10:00" "fail") ("10:05" "fail") ("10:08" "ok") ("10:20" "fail") ("10:25" "fail")
          ("10:32" "fail"))
        #:result told-a))
(scenario "N5: over before it was told"
  '(() ((no "fine" 1) (hold "grouped" 1) (no "recovered-before-told" 1))
    (("10:00:00" "10:00:20" fail "10:00:00")))
  (play "" '(("10:00" "fail") ("10:00:20" "ok"))
        #:result (lambda (world) (append (told-and-decided world) (list (spans world))))))
(scenario "N9: warn, acknowledged, fail"
  '(("10:00:30" "warn h/t") ("10:30:30" "FAIL h/t")
    ("11:00:30" "ok h/t after 1 h, 2 failures"))
  (play "(notify (on warn fail recovery))"
        (list '("10:00" "warn") (ack-at "10:10" #:rank 1) '("10:30" "fail") '("11:00" "ok"))
        #:result told-a))
(scenario "N10: still failing is no news"
  '((("10:00:30" "FAIL h/t")) ((no "fine" 1) (hold "grouped" 1) (no "same" 2)))
  (play "" '(("d1 10:00" "fail") ("d2 10:00" "fail") ("d3 10:00" "fail")) #:until "d4 00:00"
        #:result (lambda (world)
                   (list (map (match-lambda ((time title) (list (string-drop time 3) title)))
                              (told-a world))
                         (decided world)))))
(scenario "N10 (b): but for reminders"
  '(("d1 10:00:30" "FAIL h/t") ("d2 10:00:30" "still FAIL h/t") ("d3 10:00:30" "still FAIL h/t"))
  (play "(notify (repeat \"1d\"))" '(("d1 10:00" "fail") ("d2 10:00" "fail") ("d3 10:00" "fail"))
        #:until "d3 12:00" #:result told-a))
(scenario "N20: warn that nobody asks for, fail, warn, ok"
  '(("10:30:30" "FAIL h/t") ("11:00:30" "now warn h/t after 1 h, 3 failures"))
  (play "" '(("10:00" "warn") ("10:30" "fail") ("11:00" "warn") ("11:30" "ok")) #:result told-a))
(scenario "N20 (b): warn that is asked for"
  '((("10:00:30" "warn h/t") ("10:30:30" "FAIL h/t")
     ("11:30:30" "ok h/t after 1 h 30 min, 3 failures"))
    ((no "fine" 1) (hold "grouped" 1) (hold "grouped" 1) (no "milder" 1) (hold "grouped" 1)))
  (play "(notify (on warn fail recovery))"
        '(("10:00" "warn") ("10:30" "fail") ("11:00" "warn") ("11:30" "ok"))
        #:result told-and-decided))
(scenario "N22: who was told in office hours is told of the end after them"
  '(("17:00:30" "hpc@x" problem "FAIL h/t")
    ("19:00:30" "hpc@x" recovery "ok h/t after 2 h, 1 failure")
    ("20:00:30" "a@x" problem "FAIL h/t")
    ("d1 09:00:30" "a@x" recovery "ok h/t after 13 h, 1 failure"))
  (play "(window office (time \"08:00-18:00\")) (notify (subject \"h/*\") (during office) (to \"hpc@x\")) (notify)"
        '(("17:00" "fail") ("19:00" "ok") ("20:00" "fail") ("d1 09:00" "ok")) #:until "d2 00:00"))
(scenario "N22: a window that begins or ends is no news, whatever is heard meanwhile"
  '(("17:00:30" "hpc@x" problem "FAIL h/t") ("d1 07:00:30" "hpc@x" recovery "ok h/t after 14 h, 3 failures"))
  (play "(window office (time \"08:00-18:00\")) (notify (subject \"h/*\") (during office) (to \"hpc@x\")) (notify)"
        '(("17:00" "fail") ("18:10" "fail") ("23:00" "fail") ("d1 07:00" "ok")) #:until "d1 12:00"))


;;; Who cannot be told, who was told by another.

(scenario "that somebody cannot be reached is told to the others"
  '(("10:00:30" "b@x" problem "FAIL server/sheepdog mail"))
  (play "(notify (to \"a@x\" \"b@x\"))" '(("10:00" "fail" #:subject "server/sheepdog mail"))
        #:first (list (lambda (world)
                        (sql (world-db world) "INSERT INTO outbox (at, recipient, action, kind,
 tries, next, error) VALUES (1, 'a@x', '[]', '', 1, NULL, 'no such user')")))))
(scenario "E9 (b): what another clock has told is not told again"
  '((("10:05:30" "FAIL h/t")) ((no "fine" 1) (hold "grouped" 1) (hold "grouped" 1) (no "claimed" 1)))
  (play "" (list '("10:05" "fail")
                 ;; Of what its own connection does a batch is not aware.
                 (at "10:06" (lambda (world)
                               (sql (world-db world) "UPDATE ledger SET version = version + 1")))
                 '("10:15" "ok"))
        #:until "10:20" #:result told-and-decided))


;;; Silences, acknowledgements, escalation.

(scenario "N6: a silence holds what begins in it; what is still true afterwards is told then"
  '((("12:00:30" "FAIL h/t")) ((no "fine" 1) (hold "silenced #1" 1) (hold "grouped" 1)))
  (play "" (list (silence-at "10:00" "h/*" "12:00") '("10:30" "fail"))
        #:result told-and-decided))
(scenario "N6: likewise of the configuration"
  '(("12:00:30" "FAIL h/t"))
  (play "(silence \"h/*\" (until \"2026-11-22 12:00\"))" '(("10:30" "fail")) #:result told-a))
(scenario "N6 (b): what is over is never told"
  '(() ((no "fine" 1) (hold "silenced #1" 1) (no "never-told" 1)))
  (play "" (list (silence-at "10:00" "h/*" "12:00") '("10:30" "fail") '("11:00" "ok"))
        #:result told-and-decided))
(scenario "N7: no silence keeps an end"
  '((("09:10:30" "FAIL h/t") ("11:00:30" "ok h/t after 1 h 50 min, 1 failure") ("12:00:30" "FAIL h/t"))
    ((no "fine" 1) (hold "grouped" 1) (hold "grouped" 1) (hold "silenced #1" 1) (hold "grouped" 1)))
  (play "" (list '("09:10" "fail") (silence-at "10:00" "h/*" "12:00") '("11:00" "ok")
                 '("11:30" "fail"))
        #:result told-and-decided))
(scenario "N8: an acknowledgement holds reminders, and ends with what it is about"
  '((("10:00:30" "FAIL h/t") ("11:00:30" "ok h/t after 1 h, 2 failures")
     ("12:00:30" "FAIL h/t"))
    ((no "fine" 1) (hold "grouped" 1) (no "same" 1) (hold "acked #1" 1) (hold "grouped" 1)
     (hold "grouped" 1))
    0)
  (play "(notify (repeat \"30m\"))"
        (list '("10:00" "fail") (ack-at "10:10") '("10:15" "fail") '("11:00" "ok")
              '("12:00" "fail"))
        #:until "12:10"
        #:result (lambda (world) (append (told-and-decided world) (list (acks-open world))))))
(scenario "N16: a silence during a window: what begins in it is planned"
  '(("d2 04:00:30" "FAIL h/t")
    ((no "fine" 1) (hold "silenced sheepdog.conf:1" 1) (no "never-told" 1) (hold "grouped" 1))
    (1 0))
  (play "(window night (days tue) (time \"02:00-04:00\")) (silence \"h/*\" (during night))"
        '(("d2 02:30" "fail") ("d2 03:30" "ok") ("d2 04:00" "fail")) #:until "d2 05:00"
        #:result (lambda (world)
                   (list (first (told-a world))
                         (map (match-lambda
                                ((word reason count)
                                 (list word
                                       (if (string-prefix? "silenced " reason)
                                           (string-append "silenced " (basename reason))
                                           reason)
                                       count)))
                              (decided world))
                         (map (match-lambda (#(planned) planned))
                              (sql (world-db world)
                                   "SELECT planned FROM interruption ORDER BY t0"))))))
(define escalate "(escalate \"h/*\" (after \"2h\") (to \"boss@x\"))")
(scenario "N17: what lasts is escalated; all who were told are told of the end"
  '(("10:00:30" "a@x" problem "FAIL h/t") ("12:00:30" "boss@x" problem "FAIL h/t")
    ("12:30:30" "a@x" recovery "ok h/t after 2 h 30 min, 1 failure")
    ("12:30:30" "boss@x" recovery "ok h/t after 2 h 30 min, 1 failure"))
  (play escalate '(("10:00" "fail") ("12:30" "ok"))))
(scenario "N17 (b): not what is acknowledged"
  '((("10:00:30" "a@x" problem "FAIL h/t")
     ("12:30:30" "a@x" recovery "ok h/t after 2 h 30 min, 1 failure"))
    ((hold "not-yet" 1) (hold "acked #1" 1) (no "never-told" 1)))
  (play escalate (list '("10:00" "fail") (ack-at "11:00") '("12:30" "ok"))
        #:result (lambda (world) (list (told world) (decided world "h/t" "boss@x")))))


;;; Groups, limits.

(define* (failures count time seconds #:optional (from 1))
  "Return messages that COUNT subjects fail from TIME on, one each SECONDS."
  (map (lambda (n)
         (list (ms->time (+ (time->ms time) (* 1000 seconds n))) "fail"
               #:subject (format #f "h~a/t" (+ from n))))
       (iota count)))

(scenario "N18: a storm is one mail"
  '(("10:00:30" "45 FAIL on h1, h2, h3, h4 and 41 more")
    ("10:05:30" "5 FAIL on h46, h47, h48, h49 and 1 more"))
  (play "" (append (map (lambda (n) (list (if (< n 20) "10:00" "10:00:20") "fail"
                                          #:subject (format #f "h~a/t" n)))
                        (iota 45 1))
                   (failures 5 "10:01" 0 46))
        #:result told-a))
(scenario "N19: no more than twenty mails an hour; the rest goes as one"
  '(20 ("10:00:00" "FAIL h1/t") ("10:19:00" "FAIL h20/t")
    (("11:00:00" "5 FAIL on h21, h22, h23, h24 and 1 more"))
    ((hold "limited" 1)))
  (play "(notify (group \"0s\" \"0s\"))" (failures 25 "10:00" 60)
        #:result (lambda (world)
                   (let ((told (told-a world)))
                     (list (- (length told) 1) (first told) (list-ref told 19)
                           (drop told 20)
                           (decided world "h21/t"))))))


;;; Dependencies.

(define web "(depends \"web/*\" (on \"r1/PING\" \"r2/PING\"))")
(scenario "N14: while one of a redundant pair is up what needs it is told"
  '(("10:00:30" "FAIL r1/PING") ("10:10:30" "FAIL web/www"))
  (play web '(("10:00" "fail" #:subject "r1/PING") ("10:10" "fail" #:subject "web/www"))
        #:result told-a))
(scenario "N14 (b): with both down it is not"
  '((("10:00:30" "2 FAIL on r1, r2")) ((hold "parent r1/PING r2/PING" 1)))
  (play web '(("10:00" "fail" #:subject "r1/PING") ("10:00" "fail" #:subject "r2/PING")
              ("10:10" "fail" #:subject "web/www"))
        #:result (lambda (world) (told-and-decided world #:subject "web/www"))))
(scenario "N14: what was held is told, if it is still true, once its parent is back"
  '((("10:00:30" "2 FAIL on r1, r2")
     ("10:30:30" "ok r1/PING after 30 min, 1 failure")
     ("10:35:30" "FAIL web/www"))
    ((hold "parent r1/PING r2/PING" 1) (hold "settle r1/PING r2/PING" 1) (hold "grouped" 1)))
  (play web '(("10:00" "fail" #:subject "r1/PING") ("10:00" "fail" #:subject "r2/PING")
              ("10:10" "fail" #:subject "web/www") ("10:30" "ok" #:subject "r1/PING"))
        #:result (lambda (world) (told-and-decided world #:subject "web/www"))))
