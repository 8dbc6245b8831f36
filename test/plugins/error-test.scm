;;; error-test.scm -- the monitor error: what a finished command means
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog message)
             (sheepdog monitor)
             (sheepdog plugins)
             (sheepdog receiver)
             (sheepdog test))

(define* (judged outcome #:optional (options '()))
  "Return the (STATE SUMMARY) of each report on OUTCOME."
  (map (lambda (report)
         (list (report-state report) (report-summary report)))
       (call-judge (load-monitor "error") outcome options)))

(run-tests "error"
  (test-equal "status 0 is ok" '((ok "exit status 0"))
    (judged '((status . 0))))
  (test-equal "any other is a failure" '((fail "exit status 2"))
    (judged '((status . 2))))
  (test-equal "but for those in ok-status" '((ok "exit status 24"))
    (judged '((status . 24)) '((ok-status . (0 24)))))
  (test-equal "those in warn-status are half a failure" '((warn "exit status 1"))
    (judged '((status . 1)) '((warn-status . (1)))))
  (test-equal "a signal is a failure" '((fail "killed by signal 15 (TERM)"))
    (judged '((signal . 15))))
  (test-equal "so is a program that is not there"
    '((fail "not started: No such file or directory"))
    (judged '((start_error . "No such file or directory"))))
  (test-equal "nothing known is unknown" '((unknown ""))
    (judged '()))
  (test-equal "on the server it has nothing to add" '()
    (receive-message
     (alist->message '((monitor . "error") (tag . "borg") (outcome . ((status . 2))))
                     1 1795335303000 #f)
     #f)))
