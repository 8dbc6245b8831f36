;;; round-senders-test.scm -- whom the server believes: floods of names, wrong clocks, newer versions
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog round)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (rnrs bytevectors)
             (srfi srfi-1))

(setenv "TZ" "UTC")
(tzset)

(define now 1795335303000)

(define (call-with-server text proc)
  "Call PROC with a store and the configuration TEXT."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/sheepdog.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (chmod file #o600)
      (let* ((db (open-store (string-append directory "/sheepdog.db") 'create))
             (result (proc db (read-config file))))
        (%db-close! db)
        result))))

(define* (arrive! db body #:key (sender 0) (seq #f) (received now))
  "Let BODY, a string or an alist, wait; return its id."
  (let ((id (+ 1 (or (sql-value db "SELECT max(id) FROM message") 0))))
    (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES (" id ", "
         sender ", " (or seq id) ", " received ", "
         (string->utf8 (if (string? body) body (%json-write body))) ", 1)")
    (sql db "INSERT INTO waiting (message) VALUES (" id ")")
    id))

(define* (bark state #:key (host "h") (tag "t") (time #f) (more '()))
  `((host . ,host) (tag . ,tag) (state . ,state) ,@(if time `((time . ,time)) '()) ,@more))

(define (handle-all! db config)
  (let loop ((rounds 0))
    (if (or (zero? (handle-waiting! db config now)) (> rounds 20))
        rounds
        (loop (+ rounds 1)))))

(define (state db host tag)
  (match (sql-row db "SELECT state, hard, failures FROM subject WHERE host = " host
                  " AND tag = " tag)
    (#(state hard failures) (list (string->symbol state) (string->symbol hard) failures))
    (#f #f)))

(define (aside db)
  (map (match-lambda (#(id reason) (list id reason)))
       (sql db "SELECT message, reason FROM aside ORDER BY message")))

(define mail "(config (mailto \"a@x\"))")

(define* (add-sender! db id name #:key (subjects 0))
  (sql db "INSERT INTO sender (id, name, subjects) VALUES (" id ", " name ", " subjects ")"))

(define (own-words db)
  (map (match-lambda
         (#(host tag state summary) (list host tag (string->symbol state) summary)))
       (sql db "SELECT e.host, e.tag, e.state, e.summary FROM event e
JOIN message m ON m.id = e.id JOIN sender s ON s.id = m.sender
WHERE s.name = 'the server' ORDER BY e.id")))

(run-tests "round-senders"
  (test-equal "who tells of too many subjects is not believed any more, but of those he told of"
    '(("h/old" "h/t0") ((3 "too many subjects from aaaa")) 20000 0)
    (call-with-server mail
      (lambda (db config)
        (add-sender! db 1 (make-string 32 #\a) #:subjects 19998)
        (arrive! db (bark "ok" #:tag "old") #:sender 1)
        (arrive! db (bark "ok" #:tag "t0") #:sender 1)
        (arrive! db (bark "ok" #:tag "t1") #:sender 1)
        (arrive! db (bark "ok" #:tag "old") #:sender 1)
        (handle-all! db config)
        (list (map (match-lambda (#(name) name))
                   (sql db "SELECT host || '/' || tag FROM subject
 WHERE tag NOT LIKE 'sheepdog %' ORDER BY 1"))
              (aside db)
              (sql-value db "SELECT subjects FROM sender WHERE id = 1")
              (sql-value db "SELECT count(*) FROM waiting")))))
  (test-equal "others are"
    '((ok ok 0))
    (call-with-server mail
      (lambda (db config)
        (add-sender! db 1 (make-string 32 #\a) #:subjects 20000)
        (add-sender! db 2 (make-string 32 #\b))
        (arrive! db (bark "ok" #:tag "new") #:sender 2)
        (handle-all! db config)
        (list (state db "h" "new")))))
  (test-equal "a clock that is wrong is said once, and that it is right; the order is that of numbers"
    '((("h" "sheepdog clock" warn "its clock is 3 h behind")
       ("h" "sheepdog clock" ok "its clock is right"))
      (ok ok 0))
    (call-with-server mail
      (lambda (db config)
        (define (sent! state seq offset)
          (let ((id (arrive! db (bark state #:time (/ (+ now offset) 1000.0)) #:sender 1 #:seq seq)))
            (sql db "UPDATE message SET sent = " (+ now offset) " WHERE id = " id)
            (handle-all! db config)))
        (add-sender! db 1 (make-string 32 #\a))
        (sent! "fail" 1 0)
        (sent! "warn" 2 (* -3 3600000))
        (sent! "fail" 3 (* -3 3600000))
        (sent! "ok" 4 1000)
        (sent! "ok" 5 2000)
        (list (own-words db) (state db "h" "t")))))
  (test-equal "senders without clocks of their own say nothing about them"
    '()
    (call-with-server mail
      (lambda (db config)
        (arrive! db (bark "ok" #:time "1970-01-01T00:00:00Z"))
        (arrive! db (bark "ok" #:time "2106-02-07T06:28:16Z"))
        (handle-all! db config)
        (own-words db))))
  (test-equal "what is of a newer version waits for us to speak it"
    '(((1 "version 3, I speak 1")) 0 (ok ok 0) ())
    (call-with-server mail
      (lambda (db config)
        (arrive! db (bark "ok" #:more '((v . 3))))
        (handle-all! db config)
        (retry-versions! db)                    ;the first time it is only noted what we speak
        (handle-all! db config)
        (retry-versions! db)
        (let ((before (aside db)) (waiting (sql-value db "SELECT count(*) FROM waiting")))
          ;; As an upgrade would find it: spoken now, not when it went aside.
          (sql db "UPDATE message SET body = " (string->utf8 (%json-write (bark "ok")))
               " WHERE id = 1")
          (set-mark! db "speaks" 0)
          (retry-versions! db)
          (handle-all! db config)
          (list before waiting (state db "h" "t") (aside db)))))))
