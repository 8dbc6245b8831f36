;;; mail-scenarios.scm -- flapping, the past, mailers that fail and digests, in stories
;;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Flapping, and what comes late.

(scenario "N11: flapping is told once, and its end"
  '(("10:00:30" problem "FAIL h/t") ("10:06:30" recovery "ok h/t after 6 min, 2 failures")
    ("10:11:30" flapping "flapping h/t: now ok")
    ("11:58:30" flapping-over "ok h/t, flapping no more"))
  (play "" (map (lambda (n)
                  (list (ms->time (+ (time->ms "10:00") (* 120000 n))) (if (even? n) "fail" "ok")))
                (iota 32))
        #:result (lambda (world)
                   (map (match-lambda ((time recipient kind title) (list time kind title)))
                        (told world)))))
(define (spool . messages)
  "Return MESSAGES, (TIME HEARD STATE), as those of one sender."
  (map (lambda (message n)
         (match message
           ((time heard state) (list heard state #:time time #:sender 7 #:seq n))))
       messages (iota (length messages) 1)))
(scenario "N24: what came and went while a machine was cut off is one line"
  '((("d1 08:01:36" history "2 failures of h/t while it was cut off, both over"))
    ((no "fine" 1) (hold "catching-up" 4) (hold "grouped" 1))
    0 0)
  (play "" (spool '("d1 02:00" "d1 08:00:05" "fail") '("d1 03:00" "d1 08:00:05" "ok")
                  '("d1 04:00" "d1 08:00:06" "fail") '("d1 05:00" "d1 08:00:06" "ok"))
        #:until "d1 12:00"
        #:result (lambda (world)
                   (list (map (match-lambda ((time recipient kind title) (list time kind title)))
                              (told world))
                         (decided world)
                         (sql-value (world-db world) "SELECT count(*) FROM ledger")
                         (sql-value (world-db world) "SELECT count(*) FROM bygone")))))
(scenario "N24 (b): what is still wrong is a problem"
  '(("d1 08:01:36" problem "h/t failed on Mon 23 Nov at 04:00; it was ok since Mon 23 Nov at 03:00. It was heard on Mon 23 Nov at 08:00."))
  (play "" (spool '("d1 02:00" "d1 08:00:05" "fail") '("d1 03:00" "d1 08:00:05" "ok")
                  '("d1 04:00" "d1 08:00:06" "fail"))
        #:until "d1 12:00"
        #:result (lambda (world)
                   (map (match-lambda
                          (#(at kind text)
                           (list (ms->time at) (string->symbol kind)
                                 (first (string-split text #\newline)))))
                        (sql (world-db world)
                             "SELECT at, kind, json_extract(action, '$[1].text') FROM outbox")))))
(scenario "N25: an older result of another sender is no news"
  '(() ((no "fine" 2) (no "older-result" 1)) (ok ok) (("10:00:00" "10:00:05" fail "10:00:00")))
  (play "" '(("10:00:06" "ok" #:time "10:00:05" #:sender 7 #:seq 1)
             ("10:00:10" "fail" #:time "10:00:00" #:sender 8 #:seq 1))
        #:result (lambda (world)
                   (append (told-and-decided world) (list (state world) (spans world))))))


;;; Mail that cannot go.

(define* (post world from until works? #:key (dies (const #f)))
  "Let the mailer be called from FROM to UNTIL, second by second, as (WORKS? ms) says; (DIES ms) says
that we die before we know of it.  Return its calls: a list of (TIME WENT? ID TITLE)."
  (define db (world-db world))
  (define (try! now)
    (filter-map
     (lambda (head)
       (and (<= (head-due head now) now)
            (let ((row (with-transaction db
                         (join-waiting! db head)
                         (take-row! db head now)))
                  (works? (works? now)))
              (with-transaction db
                (cond ((dies now) (release-rows! db now))
                      (works? (mark-done! db row now))
                      (else (mark-failed! db row "busy" #f now))))
              (match (row-action row)
                (('notify notice)
                 (list (ms->time now) works? (assq-ref notice 'id)
                       (string-drop (assq-ref notice 'title) 11)))))))
     (outbox-heads db)))
  (let loop ((now (time->ms from)) (calls '()))
    (if (> now (time->ms until))
        (concatenate (reverse calls))
        (begin
          (until! world (ms->time now))
          (loop (+ now 1000) (cons (try! now) calls))))))

(define (mailer-fails ms)
  (not (< ms (time->ms "10:10"))))
(scenario "N23: what waits for a mailer goes as one mail"
  '(("10:00:30" #f "FAIL h/t") ("10:01:30" #f "FAIL h/t") ("10:03:30" #f "FAIL h/t")
    ("10:07:30" #f "FAIL 10:00-10:02, ok now: h/t") ("10:15:30" #t "FAIL 10:00-10:02, ok now: h/t"))
  (play "" '(("10:00" "fail"))
        #:until "10:00"
        #:result (lambda (world)
                   (let* ((calls (post world "10:00" "10:01:59" mailer-fails))
                          (more (begin
                                  (message! world "10:02" "ok")
                                  (post world "10:02" "10:20" mailer-fails))))
                     (map (match-lambda ((time went? id title) (list time went? title)))
                          (append calls more))))))
(scenario "N23 (b): who dies before he knows that it went sends it again, as the same"
  '((("10:00:30" "FAIL h/t") ("10:00:30" "FAIL h/t") ("10:05:30" "ok h/t after 2 min, 1 failure")) 2)
  (play "" '(("10:00" "fail"))
        #:until "10:00"
        #:result (lambda (world)
                   (let* ((died? #f)
                          (dies (lambda (ms)
                                  (and (not died?)
                                       (begin (set! died? #t) #t))))
                          (first (post world "10:00" "10:00:30" (const #t) #:dies dies))
                          (again (post world "10:00:30" "10:01" (const #t)))
                          (end (begin
                                 (message! world "10:02" "ok")
                                 (post world "10:02" "10:06" (const #t))))
                          (calls (append first again end)))
                     (list (map (match-lambda ((time went? id title) (list time title))) calls)
                           (length (delete-duplicates (map third calls))))))))


;;; Digests.

(define (texts world)
  "Return what was told: a list of (TIME RECIPIENT KIND LINE...)."
  (map (match-lambda
         (#(at recipient kind title text)
          (cons* (ms->time at) recipient (string->symbol kind) title
                 (drop-right (string-split text #\newline) 2))))
       (sql (world-db world) "SELECT at, recipient, kind, json_extract(action, '$[1].title'),
 json_extract(action, '$[1].text') FROM outbox WHERE kind <> '' ORDER BY id")))

(define n26 '(("10:00" "fail") ("11:00" "ok") ("12:00" "fail" #:subject "h/u")
              ("d1 09:00" "ok" #:subject "h/u")))
(scenario "N26: a digest is the telling; what is over is listed once"
  '((("d1 07:00:00" "a@x" digest "[sheepdog] digest: 1 not ok, 1 over"
      "Not ok:" "  FAIL h/u since Sun 22 Nov at 12:00: fail"
      "Over:" "  FAIL h/t Sun 22 Nov at 10:00-11:00: fail")
     ("d2 07:00:00" "a@x" digest "[sheepdog] digest: 0 not ok, 1 over"
      "Over:" "  FAIL h/u Sun 22 Nov at 12:00-Mon 23 Nov at 09:00: fail"))
    ((no "fine" 1) (hold "digest" 1) (no "recovered-before-told" 1))
    ((tell "problem" 1) (tell "recovery" 1)))
  (play "(notify (digest \"07:00\"))" n26 #:until "d4 12:00"
        #:result (lambda (world)
                   (list (texts world) (decided world)
                         (filter (match-lambda ((word . _) (eq? 'tell word)))
                                 (verdicts world #:subject "h/u"))))))
(scenario "N26: a report lists, and tells nothing"
  '((("12:00:30" "a@x" problem "FAIL h/u")
     ("d1 07:00:00" "boss@x" report "report: 1 not ok, 0 over")
     ("d1 09:00:30" "a@x" recovery "ok h/u after 21 h, 1 failure")
     ("d2 07:00:00" "boss@x" report "report: 0 not ok, 1 over"))
    1)
  (play "(notify (report \"07:00\" (to \"boss@x\")))" (drop n26 2) #:until "d4 12:00"
        #:result (lambda (world)
                   (list (told world)
                         (sql-value (world-db world)
                                    "SELECT count(DISTINCT recipient) FROM decision")))))
(scenario "N26: whom messages wish for has his digest of just these, when there is one"
  '(("d1 07:00:00" "b@x" digest "[sheepdog] digest: 1 not ok, 1 over"
     "Not ok:" "  FAIL h/u since Sun 22 Nov at 12:00: fail"
     "Over:" "  FAIL h/t Sun 22 Nov at 10:00-11:00: fail")
    ("d1 07:00:00" "c@x" digest "[sheepdog] digest: 1 not ok, 0 over"
     "Not ok:" "  FAIL h/v since Sun 22 Nov at 12:00: fail")
    ("d2 07:00:00" "b@x" digest "[sheepdog] digest: 0 not ok, 1 over"
     "Over:" "  FAIL h/u Sun 22 Nov at 12:00-Mon 23 Nov at 09:00: fail")
    ("d3 07:00:00" "c@x" digest "[sheepdog] digest: 0 not ok, 1 over"
     "Over:" "  FAIL h/v Sun 22 Nov at 12:00-Tue 24 Nov at 09:00: fail"))
  (let ((b '(#:more ((mailto . "b@x")))) (c '(#:more ((mailto . "c@x")))))
    (play "(notify (digest \"07:00\") (to sender))"
          `(("10:00" "fail" ,@b) ("11:00" "ok" ,@b) ("12:00" "fail" #:subject "h/u" ,@b)
            ("12:00" "fail" #:subject "h/v" ,@c) ("d1 09:00" "ok" #:subject "h/u" ,@b)
            ("d2 09:00" "ok" #:subject "h/v" ,@c))
          #:until "d4 12:00" #:result texts)))
(scenario "N17: an escalation may go to whom the message wishes for"
  '(("10:00:30" "a@x" problem "FAIL h/t") ("12:00:30" "b@x" problem "FAIL h/t")
    ("12:30:30" "a@x" recovery "ok h/t after 2 h 30 min, 1 failure")
    ("12:30:30" "b@x" recovery "ok h/t after 2 h 30 min, 1 failure"))
  (play "(escalate \"h/*\" (after \"2h\") (to sender))"
        '(("10:00" "fail" #:more ((mailto . "b@x"))) ("12:30" "ok"))))
(scenario "N5: what was over before it was told is a line in a digest"
  '(("d1 07:00:00" "a@x" digest "[sheepdog] digest: 0 not ok, 1 over"
     "Over:" "  FAIL h/t Sun 22 Nov at 10:00-10:00: fail"))
  (play "(notify (digest \"07:00\"))" '(("10:00" "fail") ("10:00:20" "ok")) #:until "d2 12:00"
        #:result texts))
(scenario "N26: what is silenced says so"
  '(("d1 07:00:00" "a@x" digest "[sheepdog] digest: 1 not ok, 0 over"
     "Not ok:" "  FAIL h/t since Sun 22 Nov at 10:30: fail (silenced by #1)"))
  (play "(notify (digest \"07:00\"))"
        (list (silence-at "10:00" "h/*" "d1 12:00") '("10:30" "fail")) #:until "d1 12:00"
        #:result texts))
