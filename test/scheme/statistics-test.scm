;;; statistics-test.scm -- what the planner knows is what is there
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog logic relation)
             (sheepdog relations)
             (sheepdog sql)
             (sheepdog statistics)
             (sheepdog catalogue)
             (sheepdog store)
             (sheepdog test)
             (srfi srfi-1))

(define open 9223372036854775807)
(define day 86400000)
(define now (* 100 day))

(define (known db relation)
  "Return what DB knows of RELATION: rows, open ones, those of a day, and of each column how many
values it has and the commonest."
  (let ((statistics (relation-statistics db relation)))
    (list (statistics-rows statistics) (statistics-open statistics) (statistics-daily statistics)
          (map (lambda (column)
                 (let ((name (column-name column)))
                   (list name (statistics-distinct statistics name)
                         (statistics-common statistics name))))
               (relation-columns relation)))))

(run-tests "statistics"
  (with-temporary-directory (directory)
    (let* ((db (open-store (string-append directory "/s.db") 'create))
           (state (built-in-relation 'state))
           (event (built-in-relation 'event))
           (insert! (lambda (tag state t0 t1)
                      (sql db "INSERT INTO state (host, tag, state, t0, t1, ev) VALUES ('a', " tag
                           ", " state ", " t0 ", " t1 ", 0)"))))
      (count-statistics! db state now)
      (test-equal "of nothing"
        '(0 0 0.0 ((host 0 ()) (tag 0 ()) (state 0 ())))
        (known db state))
      (insert! "disk" "ok" day (* 95 day))
      (insert! "disk" "fail" (* 95 day) open)
      (insert! "load" "ok" (* 99 day) open)
      (count-statistics! db state now)
      (test-equal "rows, those that hold, those of one of the last 30 days, values and the commonest"
        `(3 2 ,(/ 2.0 30) ((host 1 (("a" . 3)))
                           (tag 2 (("disk" . 2) ("load" . 1)))
                           (state 2 (("ok" . 2) ("fail" . 1)))))
        (known db state))
      (for-each (lambda (n)
                  (insert! (string-append "t" (number->string n)) "ok" (* 99 day) open))
                (iota 20))
      (count-statistics! db state now)
      (test-equal "anew: all values are counted, eight are noted"
        '(22 8)
        (let ((statistics (relation-statistics db state)))
          (list (statistics-distinct statistics 'tag)
                (length (statistics-common statistics 'tag)))))
      (sql db "INSERT INTO event_index (host, tag, t, event, state) VALUES ('a', 'disk', " day
           ", 1, 'ok')")
      (count-statistics! db event now)
      (test-equal "a view is counted in the table that it is over"
        '(1 1 #f)
        (let ((statistics (relation-statistics db event)))
          (list (statistics-rows statistics) (statistics-distinct statistics 'host)
                (statistics-distinct statistics 'summary))))
      (%db-close! db))))
