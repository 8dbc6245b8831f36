;;; outbox-test.scm -- effects are tried, tried again, given up, and kept in order
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog effect)
             (sheepdog outbox)
             (sheepdog plugin)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define minute 60000)
(define now 1795335303000)

(define performed '())                            ;what the handler below did, last first
(define endings '())                              ;how its next tries end

(define-handler ring
  "Ring a bell, or fail as it is told."
  (arguments (name string? "Which."))
  (perform (action context)
    (set! performed (cons (cadr action) performed))
    (match endings
      (() #t)
      ((ending . rest)
       (set! endings rest)
       (match ending
         ('ok #t)
         ('later (try-later "not now"))
         ('never (give-up "no such bell"))
         ('broken (error "oops")))))))

(define (call-with-outbox rows how proc)
  "Put ROWS out, lists (RECIPIENT NAME), let the tries end HOW, and return (PROC DB) with what
was performed."
  (set! performed '())
  (set! endings how)
  (with-temporary-directory (directory)
    (let ((db (open-store (string-append directory "/sheepdog.db") 'create)))
      (for-each (match-lambda
                  ((recipient name)
                   (put-out! db `(ring ,name) #:recipient recipient #:now now)))
                rows)
      (let ((result (proc db (read-config "/dev/null"))))
        (%db-close! db)
        (list result (reverse performed))))))

(define (rows db)
  "Return (TRIES NEXT DONE ERROR) of each row, times in minutes from NOW."
  (map (match-lambda
         (#(tries next done error)
          (list tries (and next (/ (- next now) minute)) (and done (/ (- done now) minute))
                error)))
       (sql db "SELECT tries, next, done, error FROM outbox ORDER BY id")))

(define (at minutes)
  (+ now (* minutes minute)))

(run-tests "outbox"
  (test-equal "the gaps grow to an hour"
    '(1 2 4 8 16 32 60 60 60)
    (map (lambda (tries) (/ (retry-gap tries) minute)) '(1 2 3 4 5 6 7 8 50)))

  (test-equal "what is well is done once"
    '(((1 #f 0 #f)) ("a"))
    (call-with-outbox '(("r" "a")) '(ok)
      (lambda (db config)
        (perform-outbox! db config now)
        (perform-outbox! db config (at 5))
        (rows db))))

  (test-equal "what may pass is tried again after 1, 2, 4 minutes"
    '((((1 1 #f "not now")) ((1 1 #f "not now")) ((2 3 #f "not now")) ((3 #f 3 #f)))
      ("a" "a" "a"))
    (call-with-outbox '(("r" "a")) '(later later ok)
      (lambda (db config)
        (map-in-order (lambda (minutes)
                        (perform-outbox! db config (at minutes))
                        (rows db))
                      '(0 1/2 1 3)))))

  (test-equal "any exception may pass"
    '(((1 1 #f "oops")) ("a"))
    (call-with-outbox '(("r" "a")) '(broken)
      (lambda (db config)
        (perform-outbox! db config now)
        (rows db))))

  (test-equal "what will not pass is marked, and not tried again"
    '(((1 #f #f "no such bell")) ("a"))
    (call-with-outbox '(("r" "a")) '(never)
      (lambda (db config)
        (perform-outbox! db config now)
        (perform-outbox! db config (at 100))
        (rows db))))

  (test-equal "after five days it is given up"
    '(((2 #f #f "not now")) ("a" "a"))
    (call-with-outbox '(("r" "a")) '(later later later)
      (lambda (db config)
        (perform-outbox! db config now)
        (perform-outbox! db config (at (+ 1 (* 5 24 60))))
        (perform-outbox! db config (at (* 6 24 60)))
        (rows db))))

  (test-equal "one recipient's wait in their order, another's do not wait for them"
    '(((1 1 #f "not now") (0 0 #f #f) (1 #f 0 #f)) ("a" "c"))
    (call-with-outbox '(("r" "a") ("r" "b") ("s" "c")) '(later)
      (lambda (db config)
        (perform-outbox! db config now)
        (rows db))))

  (test-equal "in the end they go in their order"
    '(((2 #f 1 #f) (1 #f 1 #f) (1 #f 0 #f)) ("a" "c" "a" "b"))
    (call-with-outbox '(("r" "a") ("r" "b") ("s" "c")) '(later)
      (lambda (db config)
        (perform-outbox! db config now)
        (perform-outbox! db config (at 1))
        (rows db))))

  (test-equal "no more than the limit at once"
    '((2 1) ("a" "b" "c"))
    (call-with-outbox '(("r" "a") ("r" "b") ("r" "c")) '()
      (lambda (db config)
        (let* ((first (perform-outbox! db config now #:limit 2))
               (second (perform-outbox! db config now #:limit 2)))
          (list first second)))))

  (test-equal "when the next is due"
    (list (list now (at 1) #f) '("a"))
    (call-with-outbox '(("r" "a")) '(later)
      (lambda (db config)
        (let* ((first (next-due db))
               (second (begin (perform-outbox! db config now) (next-due db)))
               (third (begin (sql db "UPDATE outbox SET next = NULL") (next-due db))))
          (list first second third)))))

  (test-equal "a handler that is not there may come"
    '(#t 1)
    (first
     (call-with-outbox '() '()
       (lambda (db config)
         (put-out! db '(no-such-handler "x") #:recipient "r" #:now now)
         (perform-outbox! db config now)
         (match (rows db)
           (((1 next #f error))
            (list (string-prefix? "no handler 'no-such-handler'" error) next))))))))
