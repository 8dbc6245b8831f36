;;; silence-test.scm -- which silence or acknowledgement counts for a subject, and till when
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog incident)
             (sheepdog notify)
             (sheepdog pattern)
             (sheepdog silence)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog core)
             (sheepdog test)
             (ice-9 match))

(define* (subject state #:key (host "h") (tag "t"))
  (make-subject 1 host tag "error" 0 #f state state 0 0 state 1 0 0 1 1 1 "" #f 0))

(define fail (subject 'fail))
(define day (silence "a" (pattern "h/*") #:until 100))
(define night (silence "b" (pattern "*/t") #:during (lambda (ms) (and (< 10 ms 20) 20))))
(define open-end 9223372036854775807)

(define (names silences) (map silence-name silences))

(define (shown verdict)
  (and verdict (list (verdict-reason verdict) (verdict-until verdict) (verdict-key verdict))))

(define (call-with-rows rows proc)
  "Call PROC with a database with ROWS, (KIND PATTERN RANK FROM UNTIL), of silences."
  (with-temporary-directory (directory)
    (let ((db (open-store (string-append directory "/db") 'create)))
      (for-each (match-lambda
                  ((kind pattern rank from until)
                   (sql db "INSERT INTO silence (kind, pattern, rank, t0, t1, who, at, reason)
 VALUES (" kind ", " pattern ", " rank ", " from ", " until ", 'me', 0, '')")))
                rows)
      (let ((result (proc db)))
        (%db-close! db)
        result))))

(run-tests "silence"
  (test-equal "those count that have begun and not ended: the end is outside"
    '(("a") ("a" "b" "#1") ("a" "b") ("a") ())
    (call-with-rows '(("silence" "x/*" 0 11 12) ("ack" "h/t" 3 0 1000))
      (lambda (db)
        (map (lambda (now) (names (silences-at db (list day night) now)))
             '(10 11 12 20 100)))))
  (test-equal "of several that fit the one that lasts longest"
    '("a" "a" "b" #f)
    (map (lambda (silences subject)
           (and=> (find-silence silences subject) silence-name))
         (list (list night day) (list day night) (list night) (list day night))
         (list fail fail fail (subject 'fail #:host "x" #:tag "u"))))
  (test-equal "a hold knows its end, if there is one"
    '(("silenced a" 100 "a") ("silenced b" 20 "b") ("silenced c" #f "c") #f)
    (map shown
         (list (silence->verdict day #f fail 15)
               (silence->verdict night #f fail 15)
               (silence->verdict (silence "c" (pattern "h/*")) #f fail 15)
               (silence->verdict #f #f fail 15))))
  (test-equal "an acknowledgement is of one subject, up to the state that was acknowledged"
    '(("acked #2" #f "#2") ("acked #2" #f "#2") #f #f)
    (call-with-rows `(("ack" "h/t*" 3 0 ,open-end) ("ack" "h/t" 1 0 ,open-end)
                      ("ack" "h/u" 3 0 50))
      (lambda (db)
        (map (lambda (subject now)
               (shown (silence->verdict #f (find-ack db subject now) subject now)))
             (list (subject 'warn) (subject 'ok) fail (subject 'fail #:tag "u"))
             '(60 60 60 60)))))
  (test-equal "it ends with what it is about"
    '(3 1)
    (call-with-rows `(("ack" "h/t" 1 0 ,open-end) ("ack" "h/u" 3 0 ,open-end)
                      ("silence" "h/t" 0 0 ,open-end))
      (lambda (db)
        (end-acks! db (subject 'ok) 60)
        (list (sql-value db "SELECT count(*) FROM silence")
              (sql-value db "SELECT count(*) FROM silence WHERE kind = 'ack' AND t1 > 60")))))
  (test-equal "planned is what a silence during a window fits"
    '(#t #f #f)
    (list (planned? (list day night) fail 15)
          (planned? (list day night) fail 25)
          (planned? (list day) fail 15)))
  (test-equal "when one is made or ended, all that they hold is looked at again"
    '(#(look 7 60))
    (call-with-rows '()
      (lambda (db)
        (for-each (match-lambda
                    ((subject reason)
                     (sql db "INSERT INTO hold (subject, recipient, reason, key, since, until, past)
 VALUES (" subject ", 'a@x', " reason ", '', 0, NULL, 0)")))
                  '((7 "silenced") (8 "grouped")))
        (silences-changed! db 60)
        (map (match-lambda (#(kind key at) (vector (string->symbol kind) key at)))
             (sql db "SELECT kind, key, at FROM due"))))))
