;;; notify-scenarios-test.scm -- who is told what, to the second
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define (load-here file)
  (primitive-load (string-append (dirname (current-filename)) "/" file)))
(for-each load-here '("story.scm" "notify-scenarios.scm" "parent-scenarios.scm"
                      "mail-scenarios.scm"))

(run-tests "notify-scenarios"
  (for-each (match-lambda
              ((name expected play)
               (test-equal (string-append "scenario " name) expected (play))))
            scenarios))
