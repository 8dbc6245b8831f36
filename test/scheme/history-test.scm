;;; history-test.scm -- what the database says, asked for people
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog archive)
             (sheepdog chronicle)
             (sheepdog core)
             (sheepdog history)
             (sheepdog message)
             (sheepdog pattern)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 receive)
             (rnrs bytevectors)
             (srfi srfi-1))

(define (call-with-store proc)
  (with-temporary-directory (directory)
    (let ((db (open-store (string-append directory "/test.db") 'create)))
      (dynamic-wind
        (const #t)
        (lambda () (proc db))
        (lambda () (%db-close! db))))))

(define* (say! db id t host tag state #:key (elapsed #f) (kind "bark") (summary ""))
  (sql db "INSERT INTO event (id, t, rx, host, tag, monitor, kind, state, summary, elapsed)
 VALUES (" id ", " t ", " (+ t 5) ", " host ", " tag ", 'error', " kind ", " state ", "
 summary ", " elapsed ")"))

(define* (stand! db id host tag state event #:key (ok-event #f) (failures 0)
                 (bad-since #f) (every #f))
  (sql db "INSERT INTO subject (id, host, tag, monitor, heard, every, state, hard, since,
 bad_since, worst, failures, at, received, sender, seq, event, summary, ok_event, version)
 VALUES (" id ", " host ", " tag ", 'error', 300, " every ", " state ", " state
 ", 200, " bad-since ", '', " failures ", 300, 300, 1, 1, " event ", 'summary', " ok-event
 ", 0)"))

(define (keep! db id sender seq body)
  (sql db "INSERT INTO sender (name) VALUES (" sender ") ON CONFLICT DO NOTHING")
  (sql db "INSERT INTO message (id, sender, seq, received, sent, body, length) VALUES ("
       id ", " (sql-value db "SELECT id FROM sender WHERE name = " sender)
       ", " seq ", 300, 290, " (string->utf8 body) ", " (string-length body) ")"))

(define (summary-of entry)
  "ENTRY in short, for comparing."
  (list (entry-id entry) (entry-host entry) (entry-tag entry) (entry-state entry)
        (entry-before entry) (entry-nth entry) (entry-told entry)))

(define (fill! db)
  "A small herd: web1 fails for the second time in a row, web2 has only pings."
  (say! db 1 100 "web1" "dump" "ok" #:elapsed 40)
  (say! db 2 150 "web2" "PING" "ok" #:kind "ping")
  (say! db 3 200 "web1" "dump" "fail" #:elapsed 50)
  (say! db 4 250 "web1" "dump" "" #:kind "start")
  (say! db 5 300 "web1" "dump" "fail" #:elapsed 60)
  (say! db 6 120 "web3" "disk /" "warn")           ;heard late, of long ago
  (stand! db 1 "web1" "dump" "fail" 5 #:ok-event 1 #:failures 2 #:bad-since 200)
  (stand! db 2 "web2" "PING" "ok" 2 #:ok-event 2 #:every 900000)
  (stand! db 3 "web3" "disk /" "warn" 6 #:failures 1 #:bad-since 120)
  (keep! db 5 "3f9c0000000000000000000000000000" 44
         "{\"tag\":\"dump\",\"host\":\"web1\",\"outcome\":{\"status\":2}}")
  (keep! db 7 "3f9c0000000000000000000000000000" 45 "nonsense")
  (sql db "INSERT INTO aside (message, at, reason) VALUES (7, 310, '1:1: no object')")
  (sql db "INSERT INTO outbox (at, recipient, action, subject, event, kind, tries, next, done)
 VALUES (201, 'a@x', '[]', 1, 3, 'problem', 1, NULL, 202)")
  (sql db "INSERT INTO outbox (at, recipient, action, subject, event, kind, tries, next, error)
 VALUES (301, 'b@x', '[]', 1, 5, 'problem', 2, 900, 'exit status 75')")
  (sql db "INSERT INTO about (subject, outbox, event, kind) VALUES (1, 1, 3, 'problem'), (1, 2, 5, 'problem')")
  (sql db "INSERT INTO decision (subject, recipient, since, at, event, verdict, reason, count)
 VALUES (1, 'a@x', 200, 200, 3, 'tell', 'problem', 1), (1, 'a@x', 300, 300, 5, 'no', 'same', 1)"))

(run-tests "history"
  (call-with-store
   (lambda (db)
     (fill! db)

     (test-equal "subjects come sorted, with their last success"
       '(("web1" "dump" fail fail 200 200 2 300 5 100 40 60 #f)
         ("web2" "PING" ok ok 200 #f 0 300 2 150 #f #f 900000)
         ("web3" "disk /" warn warn 200 120 1 300 6 #f #f #f #f))
       (map (lambda (s)
              (map (lambda (of) (of s))
                   (list standing-host standing-tag standing-state standing-hard
                         standing-since standing-bad-since standing-failures
                         standing-heard standing-event standing-ok-at
                         standing-ok-elapsed standing-elapsed standing-every)))
            (subjects db)))
     (test-equal "a pattern chooses among them"
       '("dump")
       (map standing-tag (subjects db (pattern "web1" #:bare? #t))))
     (test-equal "one is found by its name"
       '("web3" #f)
       (list (standing-host (find-subject db "web3" "disk /"))
             (find-subject db "web3" "disk")))
     (test-equal "run times, the oldest first; none where no command runs"
       '((40 50 60) ())
       (map (run-times db) (take (subjects db) 2)))
     (test-equal "the last eight of those in the index and of those that it lacks, by time"
       '(4 3 7 8 9 10 11 12)
       (call-with-store
        (lambda (db)
          (for-each (lambda (id t) (say! db id t "web1" "dump" "ok" #:elapsed id))
                    (iota 7 1) '(100 110 130 120 80 90 140))
          (index-rest! db)
          (for-each (lambda (id t) (say! db id t "web1" "dump" "ok" #:elapsed id))
                    (iota 6 8) '(150 160 170 180 190 70))
          (say! db 14 200 "web2" "dump" "ok" #:elapsed 14)
          (stand! db 1 "web1" "dump" "ok" 12)
          ((run-times db) (find-subject db "web1" "dump")))))

     (test-equal "the newest entries by time: what was before, how many, who was told"
       '((6 "web3" "disk /" warn #f 1 ())
         (2 "web2" "PING" ok #f 0 ())
         (3 "web1" "dump" fail ok 1 ("a@x"))
         (4 "web1" "dump" #f #f 0 ())
         (5 "web1" "dump" fail fail 2 ("b@x")))
       (map summary-of (newest-entries db #f #:limit 5)))
     (test-equal "of the present incident those are held that were only put off since"
       '((2 #f) (4 #f) (5 #t) (6 #t))
       (call-with-store
        (lambda (db)
          (for-each (lambda (id state) (say! db id (* 10 id) "a" "b" state))
                    (iota 6 1) '("ok" "fail" "ok" "fail" "fail" "fail"))
          (stand! db 1 "a" "b" "fail" 6 #:failures 3 #:bad-since 40)
          (sql db "INSERT INTO decision (subject, recipient, since, at, event, verdict, reason,
 count) VALUES (1, 'a@x', 40, 40, 4, 'no', 'same', 1),
 (1, 'a@x', 50, 60, 6, 'hold', 'silenced #1', 2),
 (1, 'b@x', 40, 40, 4, 'hold', 'soft 1/3', 1), (1, 'b@x', 60, 60, 6, 'no', 'milder', 1)")
          (map (lambda (entry) (list (entry-id entry) (entry-held? entry)))
               (newest-entries db #f #:states '(fail))))))
     (test-equal "of a pattern, however the tag is written"
       '(6)
       (map entry-id (newest-entries db (pattern "web3/disk /") #:limit 20)))
     (test-equal "since and before, and of some states"
       '((3 4) (3 4) (3 5) (1 2))
       (list (map entry-id (newest-entries db #f #:since 200 #:until 300))
             (map entry-id (newest-entries db (pattern "web1/*") #:since 200 #:until 300))
             (map entry-id (newest-entries db #f #:states '(fail)))
             (map entry-id (newest-entries db (pattern "*/*") #:states '(ok)))))
     (test-equal "a pattern that fits nothing finds nothing"
       '()
       (newest-entries db (pattern "nobody/*") #:limit 20))
     (test-equal "what came after one, and where to go on"
       '((4 5) 6)
       (receive (entries last) (entries-after db 3 (pattern "web1/*"))
         (list (map entry-id entries) last)))
     (test-equal "the newest one" 6 (newest-id db))

     (test-equal "a message is found by its id, with what became of it"
       '(5 "3f9c0000000000000000000000000000" 44 300 290 #f #f)
       (let ((stored (find-message db 5)))
         (map (lambda (of) (of stored))
              (list stored-id stored-sender stored-seq stored-received stored-sent
                    stored-aside stored-waiting?))))
     (test-equal "and by the beginning of its sender"
       '((5) ())
       (list (message-ids db "3f9c" 44) (message-ids db "9c" 44)))
     (test-equal "what is aside has its reason"
       '((7 "1:1: no object" 310))
       (map (lambda (stored)
              (list (stored-id stored) (stored-aside stored) (stored-aside-at stored)))
            (aside-messages db)))
     (test-equal "a message is read, nonsense is not"
       '("dump" #f)
       (list (message-tag (read-message (find-message db 5)))
             (read-message (find-message db 7))))
     (test-equal "the outcome of an event"
       '(((status . 2)) #f)
       (list (event-outcome db 5) (event-outcome db 1)))

     (let ((web1 (car (subjects db))))
       (test-equal "what was told of a subject, the oldest first"
         '(("a@x" 3 202 #f) ("b@x" 5 #f "exit status 75"))
         (map (lambda (t)
                (list (telling-recipient t) (telling-event t) (telling-done t)
                      (telling-error t)))
              (tellings db web1)))
       (test-equal "or of one message"
         '("b@x") (map telling-recipient (tellings db web1 #:event 5)))
       (test-equal "the newest verdict for each recipient"
         '(("a@x" no "same" 5))
         (map (lambda (v)
                (list (verdict-recipient v) (verdict-verdict v) (verdict-reason v)
                      (verdict-event v)))
              (newest-verdicts db web1)))))))
