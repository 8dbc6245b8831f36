;;; retention-test.scm -- what is old goes and is counted; what something needs stays
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog config)
             (sheepdog retention)
             (sheepdog rollup)
             (sheepdog slim))

(define (text bytes)
  (and bytes (utf8->string bytes)))

(define (slimmed json)
  (text (slim (string->utf8 json))))

(define-syntax-rule (column world piece ...)
  (map (match-lambda (#(value) value)) (sql (world-db world) piece ...)))

(define (rows world query)
  (map vector->list (%db-run (world-db world) query '())))

(define (pass! world day)
  "Let it be DAY in WORLD, and a whole pass be made."
  (until! world (string-append day " 00:00"))
  (sql (world-db world) "UPDATE due SET at = " (world-now world) " WHERE kind = 'retention'")
  (let loop ()
    (settle-round! world)
    (let ((next (sql-value (world-db world) "SELECT at FROM due WHERE kind = 'retention'")))
      (when (< (- next (world-now world)) 60000)
        (set-world-now! world next)
        (loop)))))

(define (with-output text)
  `(#:more ((outcome . ((status . 0) (elapsed . 2.5) (stdout . ,text))))))

(define %config "(config (name \"boss\") (mailto \"a@x\"))")

(define (limits text)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (let ((retention (config-retention (read-config file))))
        (list (/ (retention-messages retention) %day) (/ (retention-output retention) %day)
              (retention-most retention))))))

(run-tests "retention"
  (test-equal "a message loses its output, not how much that was"
    '("{\"tag\":\"x\",\"outcome\":{\"status\":2,\"stdout_bytes\":700,\"stderr_bytes\":6,\"cut\":true}}"
      "{\"tag\":\"x\",\"outcome\":{\"status\":0}}"
      "{\"tag\":\"x\",\"err\":\"FAIL\"}"
      #f #f #f)
    (map slimmed
         '("{\"tag\":\"x\",\"outcome\":{\"status\":2,\"stdout\":\"...\",\"stdout_bytes\":700,\"stderr\":\"caf\\u00e9 \"}}"
           "{\"tag\":\"x\",\"outcome\":{\"status\":0,\"stdout\":\".\"}}"
           "{\"tag\":\"x\",\"err\":\"FAIL\",\"stdout\":\"a\",\"stderr\":\"b\"}"
           "{\"tag\":\"x\",\"outcome\":{\"status\":2,\"stdout\":\"\"}}" "{\"tag\":\"x\"}" "{]")))

  (test-equal "how long things are kept is configured"
    '((400 60 8589934592) (90 60 1048576) (30 30 8589934592))
    (map limits '("(config)"
                  "(config (database \"x\" (max-size \"1MiB\") (keep (messages \"90d\"))))"
                  "(config (database \"x\" (keep (messages \"30d\"))))")))

  (test-equal "output goes after 60 days, but that of the newest ok and the newest fail of a subject"
    '((#f #t #f #t) (2 4) (#f #t #f #f #t) (2 5))
    (call-with-world %config
      (lambda (world)
        (define (with? id)
          (and (string-contains (text (sql-value (world-db world) "SELECT body FROM message WHERE id = " id))
                                "some words")
               #t))
        (for-each (match-lambda
                    ((when state) (apply message! world when state (with-output "some words"))))
                  '(("01:00" "fail") ("02:00" "fail") ("03:00" "ok") ("04:00" "ok")))
        (pass! world "d61")
        (let ((first (map with? '(1 2 3 4)))
              (kept (column world "SELECT message FROM whole ORDER BY 1")))
          (apply message! world "d61 10:00" "ok" (with-output "some words"))
          (pass! world "d62")
          (pass! world "d125")
          (list first kept (map with? '(1 2 3 4 5))
                (column world "SELECT message FROM whole ORDER BY 1"))))))

  (test-equal "of equal ok results in a row the first and the last stay after 30 days, the others are counted"
    '((1 3 4 5) ((3 2500 7500 2500)) ((1 2 2) (2 6 7)))
    (call-with-world %config
      (lambda (world)
        (sql (world-db world) "INSERT INTO sender (id, name, contiguous, highest)
 VALUES (1, 's', 9, 9), (2, 't', 9, 9)")
        (for-each (match-lambda
                    ((when state sender)
                     (apply message! world when state #:sender sender (with-output "some words"))))
                  '(("01:00" "ok" 1) ("02:00" "ok" 1) ("03:00" "ok" 1) ("04:00" "fail" 1)
                    ("05:00" "ok" 2) ("06:00" "ok" 2) ("07:00" "ok" 2)))
        (message! world "d20 10:00" "ok")
        (pass! world "d31")
        (list (column world "SELECT id FROM message WHERE sender > 0 ORDER BY id")
              (rows world "SELECT n, least, total, most FROM daily")
              (rows world "SELECT * FROM removed")))))

  (test-equal "after 400 days messages go, but what something open refers to"
    '((1 2 5 7 8 9 11) 0 ("h/quiet|ok|1" "h/t|fail|1" "h/t|warn|1" "h/u|fail|1") ("2026-11-22|tell|problem|1"))
    ;; What is expected stays open, unheard as it may be.
    (call-with-world "(config (name \"boss\") (mailto \"a@x\") (expect \"h/open\" (every \"500d\")))"
      (lambda (world)
        (define (say! when state subject)
          (message! world when state #:subject subject))
        (say! "01:00" "fail" "h/open")              ;1, 2: of an open span the first and the newest
        (say! "02:00" "fail" "h/open")
        (say! "03:00" "fail" "h/t")                 ;3: over
        (say! "04:00" "warn" "h/t")
        (say! "05:00" "ok" "h/t")                   ;5: the newest, not heard since
        (say! "06:00" "ok" "h/quiet")               ;6: repeated
        (say! "07:00" "ok" "h/quiet")               ;7: the newest
        (say! "08:00" "fail" "h/u")                 ;8: a mail about it still waits
        (say! "09:00" "fail" "h/v")                 ;9: put aside, say
        (say! "10:00" "fail" "h/u")
        (say! "11:00" "ok" "h/u")
        (sql (world-db world) "UPDATE outbox SET done = at, next = NULL WHERE event <> 8 OR event IS NULL")
        (pass! world "d401")
        (list (column world "SELECT id FROM message WHERE received < " (time->ms "d1 00:00") " ORDER BY id")
              (sql-value (world-db world)
                         "SELECT count(*) FROM about WHERE outbox NOT IN (SELECT id FROM outbox)")
              (column world "SELECT host || '/' || tag || '|' || state || '|' || n FROM daily
 WHERE host = 'h' ORDER BY 1")
              (column world "SELECT day || '|' || verdict || '|' || reason || '|' || n FROM tally
 WHERE verdict = 'tell' AND n = 1 AND reason = 'problem' LIMIT 1")))))

  (test-equal "without room output goes early, the oldest first, no more than must; then messages"
    '((#f #f #f #t #t) #t #t)
    (call-with-world "(config (name \"boss\") (database \"x\" (max-size \"1500KiB\")))"
      (lambda (world)
        (define db (world-db world))
        (define (long-bodies)
          (map (match-lambda (#(n) (> n 100000)))
               (sql db "SELECT length(body) FROM message WHERE id IN (1, 5, 13, 19, 20) ORDER BY id")))
        (define (small?)
          (<= (used-bytes db) (* 1500 1024)))
        (for-each (lambda (n)
                    (apply message! world "01:00" "ok"
                           (with-output (make-string 200000 #\x))))
                  (iota 20))
        (until! world "02:00")
        (pass! world "d1")
        (let ((bodies (long-bodies)) (fits? (small?)))
          (for-each (lambda (n)
                      (message! world "d1 10:00" "ok" #:more `((fields . ((x . ,(make-string 100000 #\x)))))))
                    (iota 20))
          (pass! world "d3")
          (list bodies fits? (small?))))))
  (test-equal "a slice is 1000 rows at most; the next one goes on"
    '(1000 2000 2500)
    (call-with-world %config
      (lambda (world)
        (define db (world-db world))
        (define (tallied)
          (sql-value db "SELECT coalesce(sum(n), 0) FROM tally"))
        (until! world "00:00")
        (sql db "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2501)
 INSERT INTO decision (subject, recipient, since, at, event, verdict, reason, count)
 SELECT 1, 'a@x', n, n, 1, 'no', 'same', 1 FROM n")
        (map (lambda (_)
               (sql db "UPDATE due SET at = " (world-now world) " WHERE kind = 'retention'")
               (run-due! db (world-config world) (world-now world))
               (tallied))
             '(1 2 3)))))
  (test-equal "numbers of senders that are gone become ranges"
    '((1 1 3) (1 5 5) (1 7 9))
    (call-with-world %config
      (lambda (world)
        (define db (world-db world))
        (sql db "INSERT INTO sender (id, name, contiguous, highest) VALUES (1, 's', 9, 9)")
        (for-each (lambda (seq)
                    (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES ("
                         seq ", 1, " seq ", 0, " (string->utf8 "{}") ", 2)"))
                  (iota 9 1))
        (with-transaction db
          (for-each (lambda (ids) (roll-up! db ids)) '((2) (5 8) (9 1) (3) (7))))
        (rows world "SELECT * FROM removed"))))
  )
