;;; history-properties-test.scm -- what holds of every history of notifications, however it goes
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Histories are made of a seed, which is in the name of the test; SEED=N plays that one alone.

(define (load-here file)
  (primitive-load (string-append (dirname (current-filename)) "/" file)))
(load-here "story.scm")

(define %histories 30)
(define %messages 25)
(define subjects '("h/t" "h/u" "p/PING"))

(define (one-of random items)
  (list-ref items (random (length items))))

(define (random-configuration random)
  "Return entries of a configuration."
  (string-join
   (list (format #f "(notify (on ~a) (group ~a) (limit ~a) (repeat ~a) (after ~a) (flap ~a))"
                 (one-of random '("fail unknown recovery" "warn fail unknown recovery"
                                  "fail warn recovery"))
                 (one-of random '("\"30s\" \"5m\"" "\"0s\" \"0s\""))
                 (one-of random '("20 \"1h\"" "2 \"1h\""))
                 (one-of random '("never" "\"30m\""))
                 (one-of random '("1" "2"))
                 (one-of random '("5 \"1h\"" "3 \"2h\"")))
         (one-of random '("" "(depends \"h/*\" (on \"p/PING\"))"))
         (one-of random '("" "(escalate \"h/*\" (after \"1h\") (to \"b@x\"))"))
         (one-of random '("" "(window w (time \"03:00-05:00\")) (silence \"h/*\" (during w))")))))

(define (random-step random minutes)
  "Return what happens MINUTES after midnight."
  (let ((time (ms->time (+ day-0 (* 60000 minutes) (* 1000 (random 60)))))
        (subject (one-of random subjects)))
    (case (random 10)
      ((0) (silence-at time "h/*" (ms->time (+ day-0 (* 60000 (+ minutes 1 (random 90)))))))
      ((1) (ack-at time #:subject subject #:rank (random 4)))
      (else (list time (one-of random '("ok" "ok" "fail" "fail" "warn" "unknown"))
                  #:subject subject)))))

(define (random-history random)
  "Return messages and the like, some minutes or seconds apart."
  (let loop ((left %messages) (minutes 60) (steps '()))
    (if (zero? left)
        (reverse steps)
        (loop (- left 1)
              (+ minutes 1 (random (one-of random '(3 30))))
              (cons (random-step random minutes) steps)))))

(define (told-of world)
  "Return what each recipient was told of each subject: a list of ((RECIPIENT . SUBJECT) (KIND . STATE)
...), in that order."
  (fold (lambda (row pairs)
          (match row
            (#(recipient action)
             (fold (lambda (item pairs)
                     (let* ((key (cons recipient (string-append (assq-ref item 'host) "/"
                                                                (assq-ref item 'tag))))
                            (news (cons (string->symbol (assq-ref item 'kind))
                                        (string->symbol (assq-ref item 'state))))
                            (before (or (assoc-ref pairs key) '())))
                       (assoc-set! pairs key (append before (list news)))))
                   pairs
                   (vector->list
                    (assq-ref (vector-ref (car (%json-read action)) 1) 'news))))))
        '()
        (sql (world-db world) "SELECT recipient, action FROM outbox WHERE kind <> '' ORDER BY id")))

(define (wrong news)
  "Return what is wrong with NEWS, (KIND . STATE) of one pair in their order, or #f: nothing."
  (let loop ((rest news) (told #f))               ;TOLD: states since the beginning | #f: none
    (match rest
      (() (and told (list 'no-end news)))
      (((kind . state) . rest)
       (let ((end? (or (memq kind '(recovery closed))
                       (and (eq? kind 'flapping-over) (eq? state 'ok)))))
         (cond ((and end? (not told)) (list 'end-without-beginning news))
               (end? (loop rest #f))
               ((and (memq kind '(problem change)) told (memq state told))
                (list 'told-twice state news))
               ((and (eq? kind 'problem) told) (list 'second-beginning news))
               ((and (eq? kind 'reminder) (not told)) (list 'reminder-of-nothing news))
               ((memq kind '(problem change)) (loop rest (cons state (or told '()))))
               (else (loop rest (or told '())))))))))

(define (play-history seed)
  "Return what is wrong with the history of SEED, a list, and what is left of it."
  (let* ((state (seed->random-state seed))
         (random (lambda (n) (random n state))))
    (play (random-configuration random)
          (append (random-history random)
                  (append-map (lambda (subject)
                                (map (lambda (minute)
                                       (list (format #f "d1 12:0~a" minute) "ok" #:subject subject))
                                     '(0 1)))
                              subjects))
          #:first '()
          #:until "d3 00:00"
          #:result (lambda (world)
                     (list (filter-map (match-lambda ((pair . news) (wrong news)))
                                       (told-of world))
                           (sql-value (world-db world) "SELECT count(*) FROM ledger")
                           (sql-value (world-db world) "SELECT count(*) FROM hold")
                           (sql-value (world-db world)
                                      "SELECT count(*) FROM due WHERE tries > 0"))))))


(run-tests "history-properties"
  (for-each (lambda (seed)
              (test-equal (format #f "history ~a: each beginning has its end, once" seed)
                '(() 0 0 0)
                (play-history seed)))
            (match (getenv "SEED")
              (#f (iota %histories))
              (seed (list (string->number seed))))))
