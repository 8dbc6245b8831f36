;;; expectation.scm -- what is expected of each subject, and how far it has come, in the database
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Rows to records and back; each procedure takes part in the caller's transaction.

(define-module (sheepdog expectation)
  #:use-module (sheepdog demand)
  #:use-module (sheepdog due)
  #:use-module (sheepdog expect)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:export (expected? find-expectation write-expectation! schedule! drop-expectation!
            misses deadline
            asked-rules ask! unask! asked
            exempt? exempt! unexempt! exemptions))


;;; Expectations.

(define (demand-id! db demand)
  "Return the row of DEMAND, made if there is none."
  (or (sql-value db "SELECT id FROM demand WHERE key = " (demand-key demand))
      (begin
        (sql db "INSERT INTO demand (key, words, place, every) VALUES (" (demand-key demand)
             ", " (demand->text demand) ", " (demand-place demand) ", "
             (demand-every demand) ")")
        (demand-id! db demand))))

(define (find-expectation db subject demand)
  "Return two values: the expectation of SUBJECT (an id) under DEMAND, or #f; and whether something
else was demanded of it."
  (match (sql-row db "SELECT d.key, e.joined, e.base, e.started, e.begun, e.due, e.missed, e.before,
 e.made_up FROM expectation e JOIN demand d ON d.id = e.demand WHERE e.subject = " subject)
    (#f (values #f #f))
    (#(key joined base started begun due missed before made-up)
     (if (string=? key (demand-key demand))
         (values (stored-expectation demand joined base started begun due missed before made-up)
                 #f)
         (values #f #t)))))

(define (write-expectation! db subject expectation)
  "Let EXPECTATION be that of SUBJECT (an id)."
  (sql db "INSERT INTO expectation (subject, demand, joined, base, started, begun, due, missed, before,
 made_up) VALUES (" subject ", " (demand-id! db (expectation-demand expectation)) ", "
 (expectation-joined expectation) ", " (expectation-base expectation) ", "
 (expectation-started expectation) ", " (expectation-begun expectation) ", "
 (expectation-due expectation) ", " (expectation-missed expectation) ", "
 (expectation-before expectation) ", " (expectation-made-up expectation) ")
 ON CONFLICT (subject) DO UPDATE SET demand = excluded.demand, joined = excluded.joined,
 base = excluded.base, started = excluded.started, begun = excluded.begun, due = excluded.due,
 missed = excluded.missed, before = excluded.before, made_up = excluded.made_up"))

(define (schedule! db subject expectation runs drained)
  "Let the clock look at EXPECTATION, of SUBJECT (an id) with the open RUNS, when it passes its next
limit; DRAINED as for `next-limit'."
  (receive (at limit) (next-limit expectation runs drained)
    (if at
        (due! db at 'deadline subject)
        (undue! db 'deadline subject))))

(define (drop-expectation! db subject)
  "Let nothing be expected of SUBJECT (an id); return whether something was."
  (undue! db 'deadline subject)
  (positive? (sql-changes db "DELETE FROM expectation WHERE subject = " subject)))

(define (expected? db subject)
  "Is anything expected of SUBJECT (an id)?"
  (and (sql-value db "SELECT 1 FROM expectation WHERE subject = " subject)
       #t))

(define (misses db subject since)
  "Return how many times in a row SUBJECT (an id) missed what was expected of it, in a row that lasts
or ended at SINCE (ms) or later."
  (or (sql-value db "SELECT CASE WHEN missed > 0 THEN missed WHEN made_up >= " since
                 " THEN before ELSE 0 END FROM expectation WHERE subject = " subject)
      0))

(define (deadline db subject)
  "Return when SUBJECT (an id) is late unless it is heard of before, in ms, or #f: never."
  (due-at db 'deadline subject))


;;; What people asked for.

(define %place "sheepdog expect")                 ;of their demands

(define (asked-rules db)
  "Return the rules that people made by command, a list in the order of making."
  (map (match-lambda
         (#(text every cron grace finish)
          (demand-rule (pattern text)
                (demand #:every every #:cron (and cron (parse-cron cron)) #:grace grace
                        #:finish-within finish #:place %place))))
       (sql db "SELECT pattern, every, cron, grace, finish_within FROM asked ORDER BY id")))

(define* (ask! db text who now #:key every cron grace finish-within)
  "Let WHO demand of all that the pattern TEXT fits EVERY ms or CRON (text), GRACE and FINISH-WITHIN in
ms or #f; it replaces what he who came before demanded of TEXT."
  (unask! db text)
  (sql db "INSERT INTO asked (pattern, every, cron, grace, finish_within, who, at) VALUES ("
       text ", " every ", " cron ", " grace ", " finish-within ", " who ", " now ")"))

(define (unask! db text)
  "Let nobody demand anything of TEXT by command; return whether somebody did."
  (positive? (sql-changes db "DELETE FROM asked WHERE pattern = " text)))

(define (asked db)
  "Return what people asked for: a list of (RULE WHO AT)."
  (map (match-lambda* ((rule #(who at)) (list rule who at)))
       (asked-rules db)
       (sql db "SELECT who, at FROM asked ORDER BY id")))

(define (exempt? db host tag)
  "Did somebody take HOST/TAG from under all patterns?"
  (and (sql-value db "SELECT 1 FROM exempt WHERE host = " host " AND tag = " tag)
       #t))

(define (exempt! db host tag who now)
  (sql db "INSERT INTO exempt (host, tag, who, at) VALUES (" host ", " tag ", " who ", " now ")
 ON CONFLICT DO NOTHING"))

(define (unexempt! db host tag)
  (sql db "DELETE FROM exempt WHERE host = " host " AND tag = " tag))

(define (exemptions db)
  "Return who was taken from under patterns: a list of (HOST TAG WHO AT)."
  (map vector->list (sql db "SELECT host, tag, who, at FROM exempt ORDER BY host, tag")))
