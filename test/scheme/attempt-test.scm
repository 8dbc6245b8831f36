;;; attempt-test.scm -- a try is counted before it: a process that dies in it leaves the count
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             ((sheepdog message) #:select (message-id))
             (sheepdog plugin)
             (sheepdog round)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (rnrs bytevectors))

(define now 1795335303000)
(define file #f)                                  ;of the database
(define counts '())                               ;that the receiver has seen, the last first

(define (attempts db id)
  "Return how often the message ID was tried, or #f: it does not wait."
  (or (sql-value db "SELECT attempts FROM waiting WHERE message = " id)
      (sql-value db "SELECT attempts FROM postponed WHERE message = " id)))

;; A connection of its own sees only what is committed.
(define-monitor counting
  "Its receiver looks how often its message was tried, and fails."
  (receive (message)
    (let ((db (%db-open file 'read-only)))
      (set! counts (cons (attempts db (message-id message)) counts))
      (%db-close! db)
      (error "not yet"))))

(define (handle-all! db config)
  (let loop ((rounds 0))
    (unless (or (zero? (handle-waiting! db config now)) (> rounds 20))
      (loop (+ rounds 1)))))

(run-tests "attempt"
  (test-equal "each try is counted, and committed, before it"
    '(1 2 3)
    (with-temporary-directory (directory)
      (let ((text (string-append directory "/sheepdog.conf")))
        (call-with-output-file text (lambda (port) (display "(config)" port)))
        (chmod text #o600)
        (set! file (string-append directory "/sheepdog.db"))
        (let ((db (open-store file 'create))
              (body "{\"host\":\"h\",\"tag\":\"t\",\"state\":\"fail\",\"monitor\":\"counting\"}"))
          (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES (1, 0, 1, "
               now ", " (string->utf8 body) ", 1)")
          (sql db "INSERT INTO waiting (message) VALUES (1)")
          (handle-all! db (read-config text))
          (%db-close! db)
          (reverse counts))))))
