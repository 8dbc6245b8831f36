;;; outbox-test.scm -- rows go in order, each try is counted first, failures wait longer and longer
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog outbox)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define minute 60000)
(define now 1795335303000)

(define (at minutes)
  (+ now (* minutes minute)))

(define (call-with-outbox rows proc)
  "Put ROWS out, lists (RECIPIENT NAME), and return (PROC DB)."
  (with-temporary-directory (directory)
    (let ((db (open-store (string-append directory "/sheepdog.db") 'create)))
      (for-each (match-lambda
                  ((recipient name)
                   (put-out! db `(ring ,name) #:recipient recipient #:now now)))
                rows)
      (let ((result (proc db)))
        (%db-close! db)
        result))))

(define (rows db)
  "Return (TRIES NEXT DONE ERROR) of each row, times in minutes from NOW."
  (map (match-lambda
         (#(tries next done error)
          (list tries (and next (/ (- next now) minute)) (and done (/ (- done now) minute))
                error)))
       (sql db "SELECT tries, next, done, error FROM outbox ORDER BY id")))

(define (take-first! db minutes)
  "Take the first head, MINUTES after NOW."
  (take-row! db (car (outbox-heads db)) (at minutes)))

(run-tests "outbox"
  (test-equal "the gaps grow to an hour"
    '(0 1 2 4 8 16 32 60 60 60)
    (map (lambda (tries) (/ (retry-gap tries) minute)) '(0 1 2 3 4 5 6 7 8 50)))

  (test-equal "only the first that waits for a recipient may be tried"
    '((1 "r") (3 "s"))
    (call-with-outbox '(("r" "a") ("r" "b") ("s" "c"))
      (lambda (db)
        (map (lambda (head) (list (head-id head) (head-recipient head)))
             (outbox-heads db)))))

  (test-equal "a try is counted before it is made, the next is set for the case that we die"
    '((ring "a") 1 ((1 1 #f #f)))
    (call-with-outbox '(("r" "a"))
      (lambda (db)
        (let ((row (take-first! db 0)))
          (list (row-action row) (row-tries row) (rows db))))))

  (test-false "of two who are at it only one may"
    (call-with-outbox '(("r" "a"))
      (lambda (db)
        (let ((head (car (outbox-heads db))))
          (take-row! db head now)
          (take-row! db head now)))))

  (test-equal "what is done makes way for the next of the recipient"
    '(((1 #f 3 #f) (0 0 #f #f)) (2))
    (call-with-outbox '(("r" "a") ("r" "b"))
      (lambda (db)
        (mark-done! db (take-first! db 2) (at 3))
        (list (rows db) (map head-id (outbox-heads db))))))

  (test-equal "what failed is tried again, counted from the end of the try"
    '(#f ((1 4 #f "not now") (0 0 #f #f)) (1))
    (call-with-outbox '(("r" "a") ("r" "b"))
      (lambda (db)
        (let ((over? (mark-failed! db (take-first! db 2) "not now" #f (at 3))))
          (list over? (rows db) (map head-id (outbox-heads db)))))))

  (test-equal "what will not pass is given up, and nothing else with it"
    '(#t ((1 #f #f "never") (0 0 #f #f)) (2))
    (call-with-outbox '(("r" "a") ("r" "b"))
      (lambda (db)
        (let ((over? (mark-failed! db (take-first! db 0) "never" #t (at 0))))
          (list over? (rows db) (map head-id (outbox-heads db)))))))

  (test-group "after five days"
    (define (fail-until-over db step)
      "Let the first row fail until it is given up, STEP minutes after each try or when it is
due; return (TRIES MINUTES)."
      (let loop ((minutes 0))
        (let* ((row (take-first! db minutes))
               (next (or step (/ (retry-gap (row-tries row)) minute))))
          (if (mark-failed! db row "not now" #f (at minutes))
              (list (row-tries row) minutes)
              (loop (+ minutes next))))))
    (define week-old (- now (* 7 24 60 minute)))
    (test-equal "a row is given up"
      (list 126 (+ 63 (* 60 119)))                ;5 days are 7200 minutes
      (call-with-outbox '(("r" "a")) (lambda (db) (fail-until-over db #f))))
    (test-equal "with those that wait behind it as long, not with younger ones or another's"
      '(((126 #f #f "not now") (0 #f #f "not now") (0 0 #f #f) (0 -10080 #f #f)))
      (call-with-outbox '(("r" "a"))
        (lambda (db)
          (put-out! db '(ring "b") #:recipient "r" #:now week-old)
          (put-out! db '(ring "c") #:recipient "r" #:now now)
          (put-out! db '(ring "d") #:recipient "s" #:now week-old)
          (sql db "UPDATE outbox SET next = " now " WHERE id < 4")
          (fail-until-over db 0)
          (list (rows db)))))
    (test-equal "of a clock that jumps nothing is given up"
      '(1 1 ((2 7201 #f "not now")))
      (call-with-outbox '(("r" "a"))
        (lambda (db)
          (let* ((first (take-first! db 0))
                 (_ (mark-failed! db first "not now" #f (at 0)))
                 (second (take-first! db 7199)))
            (mark-failed! db second "not now" #f (at 7199))
            (list (row-tries first) (length (outbox-heads db)) (rows db)))))))

  (test-group "a clock"
    (define (due db minutes)
      "Return when the first head is due, in minutes, as seen MINUTES after NOW."
      (/ (- (head-due (car (outbox-heads db)) (at minutes)) now) minute))
    (test-equal "that is right: after the gap"
      '(1 1 1)
      (call-with-outbox '(("r" "a"))
        (lambda (db)
          (take-first! db 0)
          (map (lambda (minutes) (due db minutes)) '(0 1/2 3)))))
    (test-equal "that was set back keeps nobody waiting longer than the gap"
      '(-1/60 -120 -120)
      (call-with-outbox '(("r" "a"))
        (lambda (db)
          (let* ((new (due db -120))
                 (_ (take-first! db 0))
                 (later (due db -120))
                 (a-second (due db -1/60)))
            (list a-second later new))))))

  (test-equal "a first try that was cut off is made again at once, a later one in its time"
    '((1 0 #f #f) (2 2 #f #f) (1 1 #f "not now") (0 0 #f #f))
    (call-with-outbox '(("r" "a") ("s" "b") ("t" "c") ("u" "d"))
      (lambda (db)
        (match (outbox-heads db)
          ((a b c d)
           (take-row! db a now)
           (take-row! db b now)
           (take-row! db (second (outbox-heads db)) now)
           (mark-failed! db (take-row! db c now) "not now" #f now)))
        (release-rows! db now)
        (rows db))))

  (test-equal "what we cut off ourselves is made again at once"
    '((1 2 #f #f))
    (call-with-outbox '(("r" "a"))
      (lambda (db)
        (mark-interrupted! db (take-first! db 0) (at 2))
        (rows db))))

  (test-equal "unreachable is to whom nothing was delivered since something was given up"
    (list (list (list "r" now "never") (list "t" now "never")) '(#t #f #t #f))
    (call-with-outbox '(("r" "a") ("s" "b") ("t" "c") ("u" "d") ("s" "e") ("r" "f"))
      (lambda (db)
        (define (next! recipient mark)
          (mark (take-row! db (find (lambda (head) (string=? recipient (head-recipient head)))
                                    (outbox-heads db))
                           now)))
        (define (never row) (mark-failed! db row "never" #t now))
        (define (well row) (mark-done! db row now))
        (next! "r" well)
        (next! "r" never)
        (next! "s" never)
        (next! "s" well)
        (next! "t" never)
        (list (unreachable db)
              (map (lambda (recipient) (unreachable? db recipient)) '("r" "s" "t" "u")))))))
