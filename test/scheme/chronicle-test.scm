;;; chronicle-test.scm -- events and the index of what was said of each subject
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog chronicle)
             (sheepdog core)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define (call-with-store proc)
  (with-temporary-directory (directory)
    (let* ((db (open-store (string-append directory "/sheepdog.db") 'create))
           (result (proc db)))
      (%db-close! db)
      result)))

(define (events first count)
  "Return COUNT rows of events from the id FIRST on, of five subjects in turn."
  (map (lambda (id)
         (list id (* 10 id) (* 10 id) "web1" (format #f "tag~a" (modulo id 5)) "error" 'bark
               'ok "" #f #f))
       (iota count first)))

(define (counts db)
  "Return how many events are indexed, how many `said' has of one subject, and its newest."
  (list (sql-value db "SELECT count(*) FROM event_index")
        (sql-value db "SELECT count(*) FROM said WHERE host = 'web1' AND tag = 'tag3'")
        (sql-value db "SELECT event, t FROM said WHERE host = 'web1' AND tag = 'tag3'
 ORDER BY t DESC, event DESC LIMIT 1")))

(define (counts-after . batches)
  (call-with-store
   (lambda (db)
     (for-each (lambda (rows)
                 (with-transaction db (insert-events! db rows)))
               batches)
     (counts db))))

(run-tests "chronicle"
  (test-equal "a few events are indexed at once"
    '(100 20 98)
    (counts-after (events 1 100)))
  (test-equal "the index lags behind a flood, what was said does not"
    '(100 120 598)
    (counts-after (events 1 100) (events 101 500)))
  (test-equal "the next few take the others with them"
    '(601 120 598)
    (counts-after (events 1 100) (events 101 500) (events 601 1)))
  (test-equal "no more than 16384 are left out"
    '(17000 3400 16998)
    (counts-after (events 1 9000) (events 9001 8000)))
  (test-equal "an event that comes after its time is indexed, too"
    '(101 21 103)
    (counts-after (events 4 100) (events 3 1)))
  (test-equal "so is one that comes in the midst of a flood"
    '(101 119 598)
    (counts-after (events 4 100) (append (events 2 1) (events 104 497))))
  (test-equal "in a quiet time the rest is indexed"
    '(600 120 598)
    (call-with-store
     (lambda (db)
       (with-transaction db (insert-events! db (events 1 600)))
       (index-rest! db)
       (index-rest! db)
       (counts db))))
  (test-equal "no events are no trouble"
    '(0 0 #f)
    (counts-after '())))
