;;; check-test.scm -- how one subject stands, as a Nagios plugin
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog command check)
             (sheepdog history)
             (sheepdog test)
             (srfi srfi-1))

(define %now 1795338900000)
(define %hour 3600000)

(define* (answer state #:key (summary "") elapsed (at (- %now %hour)) max-age dead-since)
  "Return (STATUS LINE) for a subject in STATE."
  (call-with-values
      (lambda ()
        (check-answer (standing 1 "h" "t|x" "error" state state at #f 0 %now 7 #f #f summary
                                elapsed #f)
                      %now #:at at #:max-age max-age #:dead-since dead-since))
    list))

(run-tests "check"
  (test-equal "the statuses of Nagios, and its data"
    '((0 "SHEEPDOG OK - h/t/x: ok | age=3600s elapsed=840s")
      (1 "SHEEPDOG WARNING - h/t/x: 91 % | age=3600s")
      (2 "SHEEPDOG CRITICAL - h/t/x: exit status 2 | age=3600s elapsed=0.4s")
      (2 "SHEEPDOG CRITICAL - h/t/x: late, the last result is 1 h old | age=3600s")
      (3 "SHEEPDOG UNKNOWN - h/t/x: timed out | age=3600s"))
    (list (answer 'ok #:elapsed 840000)
          (answer 'warn #:summary "91 %")
          (answer 'fail #:summary "exit status 2" #:elapsed 400)
          (answer 'late #:summary "91 %")
          (answer 'unknown #:summary "timed out")))
  (test-equal "what is expected and was never heard is late, what told no state is unknown"
    '((2 "SHEEPDOG CRITICAL - h/t/x: late, never heard")
      (3 "SHEEPDOG UNKNOWN - h/t/x: no state was told"))
    (list (answer 'late #:at #f) (answer #f #:at #f)))
  (test-equal "a result is one as long as it is not too old"
    '((0 "SHEEPDOG OK - h/t/x: ok | age=3600s")
      (3 "SHEEPDOG UNKNOWN - h/t/x: the last result is 1 h old, over 59 min | age=3600s"))
    (list (answer 'ok #:max-age %hour) (answer 'ok #:max-age (- %hour 60000))))
  (test-equal "that nobody is told is said of what is not ok"
    '("SHEEPDOG CRITICAL - h/t: full (silenced, held)" "SHEEPDOG OK - h/t: full")
    (map (lambda (state)
           (call-with-values
               (lambda ()
                 (check-answer (quieten (standing 1 "h" "t" "error" state state %now #f 0 %now 7 #f #f
                                                  "full" #f #f)
                                        (list (quiet 'silenced "#3" #f "" "")
                                              (quiet 'held "sw/PING" #f "" "")))
                               %now))
             (lambda (status line) line)))
         '(fail ok)))
  (test-equal "nothing is well where the server died"
    '(3 "SHEEPDOG UNKNOWN - h/t/x: the server gave no sign of life since 2 h | age=3600s")
    (answer 'ok #:dead-since (- %now (* 2 %hour))))
  (test-equal "foreign text stays in its line, before the data"
    '(2 "SHEEPDOG CRITICAL - h/t/x: a/b\\x0a;c\\x1b; | age=3600s")
    (answer 'fail #:summary "a|b\nc\x1b")))
