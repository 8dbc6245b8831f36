;;; outcome-test.scm -- what a finished command left, as a state and in words
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog outcome)
             (sheepdog test))

(define-syntax-rule (test-outcome state text outcome)
  (test-equal text '(state text)
    (list (outcome-state outcome) (outcome->text outcome))))

(run-tests "outcome"
  (test-outcome ok "exit status 0" '((status . 0)))
  (test-outcome fail "exit status 2" '((status . 2)))
  (test-outcome fail "killed by signal 9 (KILL)" '((signal . 9)))
  (test-outcome fail "killed by signal 34" '((signal . 34)))
  (test-outcome fail "timed out after 12 h" '((timed_out . #t) (signal . 15)
                                              (elapsed . 43200000)))
  (test-outcome fail "timed out" '((timed_out . #t) (status . 0)))
  (test-outcome fail "not started: Permission denied" '((start_error . "Permission denied")))
  (test-outcome #f "" '((stdout . "91 %")))
  (test-equal "seconds become milliseconds, nulls go, the unknown stays"
    '((status . 0) (elapsed . 400) (started . 1795335303000) (colour . "red"))
    (json->outcome '(outcome . ((status . 0) (signal . null) (elapsed . 0.4)
                                (started . "2026-11-22T08:15:03Z") (colour . "red")))))
  (test-equal "and seconds again" '((status . 0) (elapsed . 0.4) (started . 1795335303))
    (outcome->json '((status . 0) (elapsed . 400) (started . 1795335303000))))
  (test-false "there may be none" (json->outcome #f))
  (test-raises "an elapsed of -1 s" 'bad-message "'elapsed' wants seconds from 0, got -1"
               (json->outcome '(outcome . ((elapsed . -1))))))
