;;; death-test.scm -- what the worker before died of: one message is charged, one plugin suspected
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog death)
             ((sheepdog message) #:select (message-id))
             (sheepdog plugin)
             (sheepdog policy)
             (sheepdog round)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog suspect)
             (sheepdog test)
             (ice-9 match)
             (rnrs bytevectors))

(define now 1795335303000)
(define minute 60000)

(define (call-with-server proc)
  "Call PROC with a store and a policy."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/sheepdog.conf")))
      (call-with-output-file file
        (lambda (port) (display "(config (name \"server\") (mailto \"a@x\"))" port)))
      (chmod file #o600)
      (let* ((db (open-store (string-append directory "/sheepdog.db") 'create))
             (config (read-config file))
             ;; So that its own messages get numbers of nobody else.
             (result (begin
                       (sql db "INSERT INTO sender (id, name) VALUES (1000000, 'the server')")
                       (proc db config (policy config)))))
        (%db-close! db)
        result))))

(define* (arrive! db monitor tag #:optional sender)
  "Let a failure that MONITOR saw wait, of SENDER, else of one of its own; return its id."
  (let ((id (+ 1 (or (sql-value db "SELECT max(id) FROM message") 0)))
        (body (string->utf8
               (%json-write `((host . "h") (tag . ,tag) (state . "fail")
                              (monitor . ,monitor))))))
    (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES (" id
         ", " (or sender id) ", " id ", " now ", " body ", 1)")
    (sql db "INSERT INTO waiting (message) VALUES (" id ")")
    id))

(define (count-all! db)
  "Let it be as in the middle of a batch: what waits is counted."
  (sql db "UPDATE waiting SET attempts = attempts + 1"))

(define (waiting db)
  (map (match-lambda (#(id attempts) (cons id attempts)))
       (sql db "SELECT message, attempts FROM waiting ORDER BY message")))

(define (postponed db)
  (map (match-lambda (#(id plugin attempts) (list id plugin attempts)))
       (sql db "SELECT message, plugin, attempts FROM postponed ORDER BY message")))

(define (told db)
  "Return what is known of the plugin, as it is told: (STATE . SUMMARY), the last first."
  (map (match-lambda (#(state summary) (cons (string->symbol state) summary)))
       (sql db "SELECT state, summary FROM event WHERE tag = 'sheepdog monitor touchy'
 ORDER BY id DESC")))

(define (states db)
  (map (match-lambda (#(tag hard) (cons tag (string->symbol hard))))
       (sql db "SELECT tag, hard FROM subject WHERE host = 'h' ORDER BY tag")))

(define (handle! db config now)
  "Handle all there is at NOW."
  (let loop ((rounds 0))
    (unless (or (zero? (handle-waiting! db config now)) (> rounds 20))
      (loop (+ rounds 1)))))

(define handled '())                              ;ids, the last first

(define-monitor touchy
  "Its receiver works."
  (receive (message)
    (set! handled (cons (message-id message) handled))
    '()))

(define death-text "monitor touchy: its receiver ran longer than 5 s: killed")

(define (die! db policy id at)
  (heed-death! db policy (vector "monitor touchy: its receiver"
                                 "ran longer than 5 s: killed" id) at))

(run-tests "death"
  (test-equal "it counts against the message that was tried, against no other"
    '(((1 . 0) (2 . 0) (3 . 0)) ((1 "monitor touchy" 1)))
    (call-with-server
     (lambda (db config policy)
       (for-each (lambda (tag) (arrive! db "touchy" tag)) '("a" "b" "c"))
       (count-all! db)
       (die! db policy 1 now)
       (list (list-head (waiting db) 3) (postponed db)))))
  (test-equal "outside of a plugin too"
    '(((1 . 0) (2 . 1)) ())
    (call-with-server
     (lambda (db config policy)
       (for-each (lambda (tag) (arrive! db "touchy" tag)) '("a" "b"))
       (count-all! db)
       (heed-death! db policy #("" "died of signal 11 (Segmentation fault)" 2) now)
       (list (waiting db) (suspects db)))))
  (test-equal "of nobody knows what counts against all"
    '((1 . 1) (2 . 1))
    (call-with-server
     (lambda (db config policy)
       (for-each (lambda (tag) (arrive! db "touchy" tag)) '("a" "b"))
       (count-all! db)
       (heed-death! db policy #("" "died of signal 9 (Killed)" 0) now)
       (waiting db))))
  (test-equal "states and notices are there at once, the receivers follow: the untried first"
    `((("a" . fail) ("b" . fail) ("c" . fail)) 3 (2 3 1) ()
      ((ok . "its receiver works again") (warn . ,death-text)))
    (call-with-server
     (lambda (db config policy)
       (for-each (lambda (tag) (arrive! db "touchy" tag)) '("a" "b" "c"))
       (count-all! db)
       (die! db policy 1 now)
       (set! handled '())
       (handle! db config now)
       (list (states db)
             (sql-value db "SELECT count(*) FROM outbox WHERE kind = 'problem'
 AND subject IN (SELECT id FROM subject WHERE host = 'h')")
             (reverse handled)
             (suspects db)
             (told db)))))
  (test-equal "those of one sender in order, what was tried before what follows it"
    '(4 1 2 3)
    (call-with-server
     (lambda (db config policy)
       (for-each (lambda (tag) (arrive! db "touchy" tag 7)) '("a" "b" "c"))
       (arrive! db "touchy" "d" 8)
       (count-all! db)
       (die! db policy 1 now)
       (set! handled '())
       (handle! db config now)
       (reverse handled))))
  (test-equal "what failed twice waits until the others are done"
    '(2 3 1)
    (call-with-server
     (lambda (db config policy)
       (for-each (lambda (tag) (arrive! db "touchy" tag 7)) '("a" "b" "c"))
       (for-each (lambda (id attempts) (postpone! db id "monitor touchy" attempts))
                 '(1 2 3) '(2 0 0))
       (sql db "DELETE FROM waiting")
       (set! handled '())
       (handle! db config now)
       (reverse handled))))
  (test-equal "what comes meanwhile comes after them"
    '(1 2 3)
    (call-with-server
     (lambda (db config policy)
       (for-each (lambda (tag) (arrive! db "touchy" tag 7)) '("a" "b"))
       (for-each (lambda (id) (postpone! db id "monitor touchy" 0)) '(1 2))
       (sql db "DELETE FROM waiting")
       (arrive! db "touchy" "c" 7)
       (set! handled '())
       (handle! db config now)
       (reverse handled))))
  (test-equal "one that dies among others is charged alone"
    '((1 "monitor touchy" 1) (3 "monitor touchy" 1) (4 "monitor touchy" 0))
    (call-with-server
     (lambda (db config policy)
       (for-each (lambda (tag) (arrive! db "touchy" tag)) '("a" "b" "c" "d"))
       (for-each (lambda (id) (postpone! db id "monitor touchy" 0)) '(1 3 4))
       (sql db "DELETE FROM waiting")
       (count-postponed! db '(1))
       (count-postponed! db '(3 4))
       (die! db policy 3 now)
       (postponed db))))
  (test-equal "after three in a row a plugin rests, what it has to do waits, the rest goes on"
    `((("a" . fail) ("b" . fail)) () ((1 "monitor touchy" 1) (4 "monitor touchy" 0))
      (fail . ,(string-append death-text "; it rests for 10 min")))
    (call-with-server
     (lambda (db config policy)
       (arrive! db "touchy" "a")
       (count-all! db)
       (for-each (lambda (n) (die! db policy 1 now)) (iota 3))
       (arrive! db "touchy" "b")
       (set! handled '())
       (handle! db config (+ now (* 9 minute)))
       (list (states db) handled (postponed db) (car (told db))))))
  (test-equal "after its rest it goes on, and that is told"
    '((4 1) () (ok . "its receiver works again"))
    (call-with-server
     (lambda (db config policy)
       (arrive! db "touchy" "a")
       (count-all! db)
       (for-each (lambda (n) (die! db policy 1 now)) (iota 3))
       (arrive! db "touchy" "b")
       (handle! db config now)
       (set! handled '())
       (handle! db config (+ now (* 10 minute)))
       (list (reverse handled) (postponed db) (car (told db))))))
  (test-equal "one more death and it rests longer: 20, 40, 60, 60 min"
    '(#f #f 10 20 40 60 60)
    (call-with-server
     (lambda (db config policy)
       (map (lambda (n)
              (let ((rest (add-death! db "monitor touchy" "x" now)))
                (and rest (/ rest minute))))
            (iota 7)))))
  (test-equal "a rest that ends too far away is the fault of a clock"
    '(1)
    (call-with-server
     (lambda (db config policy)
       (arrive! db "touchy" "a")
       (count-all! db)
       (for-each (lambda (n) (die! db policy 1 (+ now (* 24 60 minute)))) (iota 3))
       (set! handled '())
       (handle! db config now)
       handled)))
  (test-equal "the third death of a message puts it aside; it was entered long ago"
    `((#(1 ,death-text)) () (("a" . fail)))
    (call-with-server
     (lambda (db config policy)
       (arrive! db "touchy" "a")
       (count-all! db)
       (die! db policy 1 now)
       (set! handled '())
       ;; As if the worker had died in its second and in its third attempt.
       (sql db "INSERT INTO suspect (plugin, deaths, how, until)
 VALUES ('monitor touchy', 3, 'x', " (+ now minute) ") ON CONFLICT DO UPDATE SET until = "
            (+ now minute))
       (handle! db config now)
       (sql db "UPDATE postponed SET attempts = 3")
       (die! db policy 1 now)
       (list (sql db "SELECT message, reason FROM aside") (postponed db) (states db)))))
  (test-equal "a plugin that is no monitor's is suspected by its own name"
    '("handler page")
    (call-with-server
     (lambda (db config policy)
       (heed-death! db policy #("handler page: its action" "ended with status 7" 0) now)
       (suspects db))))
  (test-equal "and when it has worked that is told, once"
    '(() ((ok . "it works again") (warn . "handler page: its action ended with status 7")))
    (call-with-server
     (lambda (db config policy)
       (heed-death! db policy #("handler page: its action" "ended with status 7" 0) now)
       (note-alive! db policy "handler page" now)
       (note-alive! db policy "handler page" now)
       (handle! db config now)
       (list (suspects db)
             (map (match-lambda (#(state summary) (cons (string->symbol state) summary)))
                  (sql db "SELECT state, summary FROM event
 WHERE tag = 'sheepdog handler page' ORDER BY id DESC"))))))
  (test-equal "what cannot be decoded without dying is put aside as it is"
    '((#(1 "the process died of it")) #f)
    (call-with-server
     (lambda (db config policy)
       (arrive! db "touchy" "a")
       (sql db "UPDATE waiting SET attempts = 5")
       (handle! db config now)
       (list (sql db "SELECT message, reason FROM aside")
             (sql-value db "SELECT id FROM event WHERE id = 1"))))))
