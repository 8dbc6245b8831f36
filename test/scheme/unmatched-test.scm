;;; unmatched-test.scm -- patterns that fit nothing
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog test)
             (sheepdog unmatched))

(define (warnings text . subjects)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/test.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (map (lambda (problem)
             (list (problem-line problem) (problem-column problem) (problem-warning? problem)
                   (problem-text problem) (problem-hint problem)))
           (unmatched-patterns (read-config file #:check? #f) subjects)))))

(run-tests "unmatched"
  (test-equal "each pattern that fits nothing is a warning, where it stands"
    '((1 17 #t "\"tux*/brog\" fits no subject that was ever heard of" #f)
      (2 18 #t "\"web/*\" fits no subject that was ever heard of" #f)
      (3 10 #t "\"tux1/borg\" fits no subject that was ever heard of" "did you mean \"tux01/borg\"?")
      (4 27 #t "\"switch/PIN\" fits no subject that was ever heard of"
         "did you mean \"switch/PING\"?"))
    (warnings "(config (expect \"tux*/brog\" \"*/borg\" (every \"1d\"))
(notify (subject \"web/*\" \"tux*/*\"))
(silence \"tux1/borg\" (until \"2030-01-01\"))
(depends \"tux01/borg\" (on \"switch/PIN\"))
(expect \"switch/PING\" (every \"5m\")))"
              '("tux01" . "borg")))
  (test-equal "what is expected by name is known; before anything was heard of nothing is said"
    '(() ())
    (list (warnings "(config (expect \"a/b\" (every \"1d\")) (silence \"a/*\" (until \"2030-01-01\")))"
                    '("x" . "y"))
          (warnings "(config (expect \"*/b\" (every \"1d\")))"))))
