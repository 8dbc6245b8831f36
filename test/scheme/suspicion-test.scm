;;; suspicion-test.scm -- what the server finds at itself, and when it says so
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog error)
             (sheepdog plugins)
             (sheepdog policy)
             (sheepdog round)
             (sheepdog sql)
             (sheepdog station)
             (sheepdog store)
             (sheepdog suspicion)
             (sheepdog test)
             (ice-9 match)
             (rnrs bytevectors)
             (srfi srfi-1))

(define now 1795335303000)
(define second 1000)
(define minute 60000)
(define hour (* 60 minute))

(define (found . facts-given)
  "Return the findings that are not ok."
  (remove (lambda (finding) (eq? 'ok (cadr finding)))
          (findings (apply facts facts-given))))

(define (call-with-server text proc)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/sheepdog.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (chmod file #o600)
      (let* ((db (open-store (string-append directory "/sheepdog.db") 'create))
             (result (proc db (read-config file))))
        (%db-close! db)
        result))))

(define (said db)
  "Return (HOST TAG STATE SUMMARY) of each message of the server's own."
  (map (match-lambda
         (#(body)
          (let ((message (car (%json-read body))))
            (list (assq-ref message 'host) (assq-ref message 'tag)
                  (and=> (assq-ref message 'state) string->symbol)
                  (assq-ref message 'summary)))))
       (sql db "SELECT body FROM message m JOIN sender s ON s.id = m.sender
 WHERE s.name = 'the server' ORDER BY m.id")))

(define (looking text proc)
  "Call (PROC DB LOOK!) with a server of the configuration TEXT, LOOK! being called with the ms
since its start and the time of the oldest entry in the queue; return what was said."
  (call-with-server text
    (lambda (db config)
      (let ((suspicion (make-suspicion))
            (stations (make-stations)))
        (proc db stations
              (lambda* (ms #:optional queued)
                (look! suspicion db (policy config) stations (const queued) (+ now ms)
                       (+ 50000 ms))
                ;; As if its own messages were handled.
                (sql db "DELETE FROM waiting WHERE message IN (SELECT m.id FROM message m
 JOIN sender s ON s.id = m.sender WHERE s.name = 'the server')")))
        (said db)))))

(define conf "(config (name \"boss\") (mailto \"a@x\"))")

(define (give-up! db recipient at)
  (sql db "INSERT INTO outbox (at, recipient, action, kind, error) VALUES (" at ", " recipient
       ", '[\"log\"]', '', '550 no such user')"))

(run-tests "suspicion"
  (test-group "what it means"
    (test-equal "nothing to find"
      '(("queue" ok "no message waits long") ("mail" ok "all notices go out")
        ("aside" ok "nothing is aside") ("database" ok "there is room in it"))
      (findings (facts)))
    (test-equal "a database over its limit warns"
      '(() (("database" warn "it has 3 KiB, over 2 KiB: what is old is dropped earlier")))
      (list (found #:size 2048 #:most 2048) (found #:size 3072 #:most 2048)))
    (test-equal "a message may wait for a minute"
      '(() (("queue" warn "the oldest message waits since 60 s"))
        (("queue" fail "the oldest message waits since 10 min")))
      (list (found #:lag (- minute 1)) (found #:lag minute) (found #:lag (* 10 minute))))
    (test-equal "a queue that cannot be read fails after two minutes; until then it is not judged"
      '(() () (("queue" fail "unreadable since 2 min: Connection refused")))
      (list (found #:down (- (* 2 minute) 1) #:down-text "x")
            (found #:down 1 #:lag hour)
            (found #:down (* 2 minute) #:down-text "Connection refused")))
    (test-equal "a notice may wait for a quarter of an hour"
      '(() (("mail" warn "the oldest notice waits since 15 min"))
        (("mail" fail "the oldest notice waits since 1 h")))
      (list (found #:outbox (- (* 15 minute) 1)) (found #:outbox (* 15 minute))
            (found #:outbox hour)))
    (test-equal "what was given up fails, however little else waits"
      '((("mail" fail "given up for a@x: 550"))
        (("mail" fail "given up for a@x and 1 more: 550")))
      (list (found #:failed '(("a@x" . "550")))
            (found #:failed '(("a@x" . "550") ("b@x" . "551")))))
    (test-equal "all that is aside fails"
      '((("aside" fail "message 7: 1:1: empty"))
        (("aside" fail "3 messages, the newest message 7: 1:1: empty"))
        (("aside" fail "1000 and more messages, the newest message 7: 1:1: empty")))
      (map (lambda (n) (found #:aside n #:newest-aside "message 7: 1:1: empty"))
           '(1 3 1000))))

  (test-group "a look"
    (test-equal "says nothing where all is well, and leaves a sign of life each half minute"
      (list '() (list now now (+ now (* 30 second)) #f))
      (let* ((signs '())
             (said (looking conf
                     (lambda (db stations look!)
                       (define (sign!) (set! signs (append signs (list (last-sign db)))))
                       (look! 0) (sign!)
                       (look! (* 20 second)) (sign!)
                       (look! (* 30 second)) (sign!)
                       (remove-sign! db) (sign!)))))
        (list said signs)))
    (test-equal "is taken each ten seconds; lag counts when it lasts for two"
      '(("boss" "sheepdog queue" warn "the oldest message waits since 2 min")
        ("boss" "sheepdog queue" fail "the oldest message waits since 11 min")
        ("boss" "sheepdog queue" ok "no message waits long"))
      (looking conf
        (lambda (db stations look!)
          (look! 0 (- now (* 3 minute)))
          (look! 1 (- now (* 3 minute)))
          (look! (* 9 second) (- now (* 3 minute)))
          (look! (* 10 second) (- now (* 2 minute)))
          (look! (* 20 second) (- now (* 3 minute)))
          (look! (* 30 second) (- now (* 11 minute)))
          (look! (* 40 second) (- now (* 11 minute)))
          (look! (* 50 second)))))
    (test-equal "a step of our clock is no lag"
      '()
      (looking conf
        (lambda (db stations look!)
          (look! 0 (- now (* 120 minute)))
          (look! (* 10 second) now)
          (look! (* 20 second) (- now (* 120 minute))))))
    (test-equal "a message that waits in the database counts, too"
      '(("boss" "sheepdog queue" fail "the oldest message waits since 1 h"))
      (looking conf
        (lambda (db stations look!)
          (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES (1, 0, 1, "
               (- now hour) ", x'7b7d', 2), (2, 0, 2, " now ", x'7b7d', 2)")
          (sql db "INSERT INTO waiting (message) VALUES (1), (2)")
          (look! 0)
          (look! (* 10 second)))))
    (test-equal "an unreadable queue is said once, and that it is back"
      '(("boss" "sheepdog queue" fail "unreadable since 2 min: refused")
        ("boss" "sheepdog queue" ok "no message waits long"))
      (looking conf
        (lambda (db stations look!)
          (define (fail) (raise-error 'queue-unreachable "refused"))
          (attempt stations 'take-in 50000 fail)
          (for-each (lambda (s) (look! (* s second))) '(0 60 119 129 139 200))
          (attempt stations 'take-in 300000 (const 0))
          (look! (* 300 second)))))
    (test-equal "what is aside is said, and that it is gone; a new server does not say it again"
      '(("boss" "sheepdog aside" fail "message 7 of nobody: because")
        ("boss" "sheepdog aside" ok "nothing is aside"))
      (call-with-server conf
        (lambda (db config)
          (define (look!)
            ((@ (sheepdog suspicion) look!) (make-suspicion) db (policy config) (make-stations)
             (const #f) now 0))
          (sql db "INSERT INTO aside (message, at, reason) VALUES (7, 5, 'because')")
          (look!)
          (look!)
          (sql db "INSERT INTO aside (message, at, reason) VALUES (8, 5, 'because')")
          (look!)
          (sql db "DELETE FROM aside")
          (look!)
          (look!)
          (said db))))
    (test-equal "mail given up for somebody fails until something reaches him, not another"
      '((1 1 2)
        (("boss" "sheepdog mail" fail "given up for a@x: 550 no such user")
         ("boss" "sheepdog mail" ok "all notices go out")))
      (let* ((counts '())
             (said (looking conf
                     (lambda (db stations look!)
                       (define (look-and-count! ms)
                         (look! ms)
                         (set! counts (append counts (list (length (said db))))))
                       (define (deliver! recipient)
                         (sql db "INSERT INTO outbox (at, recipient, action, kind, done) VALUES ("
                              now ", " recipient ", '[]', '', " now ")"))
                       (give-up! db "a@x" (- now (* 48 hour)))
                       (look-and-count! 0)
                       (deliver! "b@x")
                       (look-and-count! (* 10 second))
                       (deliver! "a@x")
                       (look-and-count! (* 20 second))))))
        (list counts said)))
    (test-equal "of a stranger it counts for a day"
      '(("boss" "sheepdog mail" fail "given up for c@x: 550 no such user")
        ("boss" "sheepdog mail" ok "all notices go out"))
      (looking conf
        (lambda (db stations look!)
          (give-up! db "c@x" (- now (* 23 hour)))
          (look! 0)
          (look! (* 2 hour)))))
    (test-equal "a database that failed for over a minute is told of when it works again"
      '(("boss" "sheepdog database" fail "no room")
        ("boss" "sheepdog database" ok "it works again"))
      (looking conf
        (lambda (db stations look!)
          (define (fail) (raise-error 'database-failed "no room"))
          (attempt stations 'handle 50000 fail)
          (look! 0)
          (attempt stations 'handle 110000 fail)
          (look! (* 60 second))
          (attempt stations 'handle 120000 (const 1))
          (look! (* 70 second))
          (look! (* 80 second)))))
    (test-equal "missing numbers and shared ids are told as notes"
      '(("tux01" "sheepdog spool" #f "3 messages missing from tux01: 2-4")
        ("unknown" "sheepdog spool" #f "1 message missing from bbbbbb: 9")
        ("tux01" "sheepdog spool" #f "two machines share sender id aaaaaa (cloned spool?)"))
      (looking conf
        (lambda (db stations look!)
          (sql db "INSERT INTO sender (id, name) VALUES (1, 'aaaaaa'), (2, 'bbbbbb')")
          (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES
 (1, 1, 5, 0, x'7b7d', 2)")
          (sql db "INSERT INTO event VALUES (1, 0, 0, 'tux01', 't', 'm', 'bark', '', '', NULL, NULL)")
          (sql db "INSERT INTO hole (sender, first, last, since, waited, settled) VALUES
 (1, 2, 4, 0, 0, 0), (2, 9, 9, 0, 0, 0)")
          (sql db "INSERT INTO clone (sender, message) VALUES (1, 1)")
          (look! (* 20 minute))
          (look! (* 40 minute)))))
    (test-equal "and such a note reaches people, once"
      '(("boss/sheepdog spool" "note" "a@x" 1))
      (call-with-server conf
        (lambda (db config)
          (parameterize ((%plugin-path (list (string-append (assq-ref (%paths) 'data) "/monitors"))))
            (for-each
             (lambda (i)
               (with-transaction db
                 ((@ (sheepdog trouble) note-missing!) db (policy config)
                  '(("boss" "aaaaaa" 3 "2-4")) now))
               (handle-waiting! db config now))
             (iota 2))
            (map (match-lambda
                   (#(subject kind recipient count) (list subject kind recipient count)))
                 (sql db "SELECT s.host || '/' || s.tag, o.kind, o.recipient, count(*)
 FROM outbox o JOIN subject s ON s.id = o.subject GROUP BY 1, 2, 3"))))))))
