;;; futile-test.scm -- what a configuration asks for in vain
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog futile)
             (sheepdog quantity)
             (sheepdog test))

(setenv "TZ" "UTC")
(tzset)

(define (warnings text)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/test.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (map (lambda (problem)
             (list (problem-line problem) (problem-column problem) (problem-warning? problem)
                   (problem-text problem) (problem-hint problem)))
           (futile-entries (read-config file) (parse-time "2026-11-22 09:15" 0))))))

(run-tests "futile"
  (test-equal "silences and dates that are over"
    '((1 24 #t "this silence is over since yesterday 00:00" "take it out, or write a time that comes")
      (3 11 #t "this date is over since today 07:00" "take it out, or write a time that comes"))
    (warnings "(config (silence \"a/*\" (until \"2026-11-21\"))
(silence \"a/*\" (until \"2026-11-23\"))
 (diary a (on \"2026-11-22\") (text \"x\"))
 (diary b (on \"2026-11-23\") (text \"x\")) (diary c (cron \"0 5 * * *\") (text \"x\")))"))
  (test-equal "clauses behind one that takes all"
    '((4 1 #t "this 'notify' never counts: the first that fits does"
         "the one at 3:1 fits all; write this one before it"))
    (warnings "(config (window w (days mon)) (notify (during w) (after 2))
(notify (subject \"a/*\"))
(notify (repeat \"1d\"))
(notify (subject \"b/*\")))"))
  (test-equal "a mailer that is not there"
    '((1 17 #t "cannot find the program /no/sendmail" #f))
    (warnings "(config (mailer \"sendmail:///no/sendmail\"))"))
  (test-equal "what does something is none of these"
    '()
    (warnings "(config (mailer \"sendmail:///bin/sh\") (notify (subject \"a/*\")) (notify))")))
