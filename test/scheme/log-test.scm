;;; log-test.scm -- what was said, whole answers
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog history)
             (sheepdog message)
             (sheepdog quantity)
             (sheepdog test)
             (sheepdog view document)
             (sheepdog view log)
             (rnrs bytevectors))

(setenv "TZ" "UTC")
(tzset)

(define (at text)
  (or (parse-time text 0) (error "no time" text)))

(define* (said id time host tag state #:key before (nth 0) (summary "") elapsed
               (told '()) (held? #f) (kind 'bark))
  (entry id (at time) (at time) host tag "error" kind state before nth summary elapsed
         told held?))

(define %late
  (said 1830 "2026-11-21 22:34" "tux02" "PING" 'late #:before 'ok #:nth 1
        #:summary "none for 30 min" #:told '("admin@myhost.eu")))

(define %failed
  (said 1841 "2026-11-22 06:00" "penguin2" "BORG-ETC" 'fail #:before 'fail #:nth 3
        #:summary "borg exited with status 2 after 0.4 s" #:elapsed 400))

(define %body
  "{\"v\":1,\"host\":\"penguin2\",\"tag\":\"BORG-ETC\",\"monitor\":\"error\",
 \"summary\":\"borg exited with status 2 after 0.4 s\",
 \"outcome\":{\"command\":\"borg create\",\"status\":2,\"elapsed\":0.4,\"user\":\"ibackup\",
 \"stdout\":\"\",\"stderr\":\"no repository\"},\"fields\":{\"used\":91},\"extra\":[1]}")

(define %message
  (bytes->message (string->utf8 %body) 1841 (at "2026-11-22 06:00") #f))

(define (outcome entry)
  '((status . 2)))

(run-tests "log"
  (test-equal "a change of state, a state, and what nobody was told"
    '("2026-11-21 22:34:00  tux02     PING      ok -> LATE  none for 30 min"
      "2026-11-22 06:00:00  penguin2  BORG-ETC  FAIL        exit 2 (3rd, no mail)")
    (log-lines (list %late %failed)
               #:outcome (lambda (entry)
                           (and (eq? 'fail (entry-state entry)) '((status . 2))))))

  (test-equal "what is on hold may still be told"
    '("2026-11-22 06:00:00  a  b  ok -> FAIL  no answer (not yet)")
    (log-lines (list (said 1 "2026-11-22 06:00" "a" "b" 'fail #:before 'ok #:nth 1
                           #:summary "no answer" #:held? #t))))

  (test-equal "what tells no state shows its kind; a success how long it took"
    '("2026-11-22 06:00:00  a  b  start"
      "2026-11-22 06:00:00  a  b  log         a note"
      "2026-11-22 06:00:00  a  b  FAIL -> ok  14 min")
    (log-lines (list (said 1 "2026-11-22 06:00" "a" "b" #f #:kind 'start)
                     (said 2 "2026-11-22 06:00" "a" "b" #f #:kind 'log
                           #:summary "a note")
                     (said 3 "2026-11-22 06:00" "a" "b" 'ok #:before 'fail
                           #:elapsed (* 14 60000) #:summary "exit status 0"))))

  (test-equal "a bad result that was told needs no remark"
    '("2026-11-22 06:00:00  a  b  warn  91 %")
    (log-lines (list (said 1 "2026-11-22 06:00" "a" "b" 'warn #:nth 1 #:summary "91 %"
                           #:told '("log")))))

  (test-equal "lines are cut at 79 columns, or not"
    '(79 200)
    (let ((entries (list (said 1 "2026-11-22 06:00" "a" "b" 'ok
                               #:summary (make-string 169 #\x)))))
      (list (string-length (car (log-lines entries)))
            (string-length (car (log-lines entries #:wide? #t))))))

  (test-equal "text of others is escaped"
    "2026-11-22 06:00:00  a\\x1b;  b\\x0a;  ok  \\x202e;x"
    (car (log-lines (list (said 1 "2026-11-22 06:00" "a\x1b" "b\n" 'ok
                                #:summary "\u202ex")))))

  (test-equal "JSON has the ancestor's keys on top, the message, and what became of it"
    '((time . "2026-11-22T06:00:00Z") (time_epoch . 1795327200)
      (elapsed . 0.4) (user . "ibackup") (host . "penguin2") (command . "borg create")
      (tag . "BORG-ETC") (stdout . "") (stderr . "no repository") (status . 2)
      (err . "FAIL")
      (monitor . "error") (kind . bark) (state . fail)
      (summary . "borg exited with status 2 after 0.4 s")
      (v . 1)
      (outcome . ((command . "borg create") (status . 2) (elapsed . 0.4)
                  (user . "ibackup") (stdout . "") (stderr . "no repository")))
      (fields . ((used . 91)))
      (id . 1841)
      (received . "2026-11-22T06:00:00Z") (received_epoch . 1795327200)
      (was . fail) (notified . #()))
    (document->json (log-message %failed %message)))

  (test-equal "the ancestor's words for states"
    '("SUCCESS" "WARNING" "FAIL" "WARNING" "FAIL" null)
    (map (lambda (state)
           (assq-ref (log-message (said 1 "2026-11-22 06:00" "a" "b" state) #f) 'err))
         '(ok warn fail unknown late #f)))

  (test-equal "a message that is no longer kept still has its line"
    '((time . "2026-11-21T22:34:00Z") (time_epoch . 1795300440)
      (elapsed . null) (user . null) (host . "tux02") (command . null)
      (tag . "PING") (stdout . null) (stderr . null) (status . null) (err . "FAIL")
      (monitor . "error") (kind . bark) (state . late) (summary . "none for 30 min")
      (id . 1830)
      (received . "2026-11-21T22:34:00Z") (received_epoch . 1795300440)
      (was . ok) (notified . #("admin@myhost.eu")))
    (document->json (log-message %late #f)))

  (test-equal "Org is a table"
    '("| id   | time                   | host  | tag  | was | state | summary         |"
      "|------+------------------------+-------+------+-----+-------+-----------------|"
      "| 1830 | [2026-11-21 Sat 22:34] | tux02 | PING | ok  | late  | none for 30 min |")
    (log-org (list %late))))
