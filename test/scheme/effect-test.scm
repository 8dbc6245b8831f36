;;; effect-test.scm -- what a handler wants run, and what its ending means
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog effect)
             (sheepdog test)
             (srfi srfi-1))

(define errand
  (run-program '("/bin/page" "-v") #:permanent '(67)))

(define* (failure #:key status signal errno timed-out (said ""))
  "Return (TEXT FINAL?) of such an ending of ERRAND, #f when all is well."
  (let ((failure (ending->failure errand `((status . ,status) (signal . ,signal)
                                           (errno . ,errno) (timed-out . ,timed-out)
                                           (said . ,said)))))
    (and failure
         (list (failure-text failure) (failure-final? failure)))))

(define (program text proc)
  "Return what PROC does with the name of a program that is the shell's TEXT."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/program")))
      (call-with-output-file file
        (lambda (port) (display (string-append "#!/bin/sh\n" text "\n") port)))
      (chmod file #o700)
      (proc file))))

(define (send-through text)
  (program text
    (lambda (file)
      (run-now (send-mail #:mailer (string-append "sendmail://" file) #:from "dog@h" #:to "a@x"
                          #:subject "s" #:text "t" #:id "<1@h>" #:time 0)))))

(define (ends-with ending)
  (lambda (text) (string-suffix? ending text)))

(run-tests "effect"
  (test-equal "status 0 is well, those that the handler names are final, all others may pass"
    '(#f ("/bin/page: exit status 67" #t) ("/bin/page: exit status 75" #f))
    (list (failure #:status 0) (failure #:status 67) (failure #:status 75)))
  (test-equal "so may whatever else happens to a program"
    '(("/bin/page: killed by signal 9" #f)
      ("/bin/page: took too long" #f)
      ("/bin/page: took too long" #f)
      ("/bin/page: cannot be run: No such file or directory" #f))
    (list (failure #:signal 9)
          (failure #:signal 15 #:timed-out #t)
          (failure #:status 0 #:timed-out #t)
          (failure #:errno "No such file or directory")))
  (test-equal "its last three lines are quoted, safely"
    '("/bin/page: exit status 1: two; three \\x1b;[2J; four" #f)
    (failure #:status 1 #:said "one\ntwo\n\nthree \x1b[2J\n  four\r\n\n"))
  (test-equal "and not more than fits"
    500
    (string-count (first (failure #:status 1 #:said (make-string 4000 #\y))) #\y))
  (test-raises "a program is a list of strings" 'usage
               "a program and its arguments are a list of strings"
    (run-program "/bin/page"))

  (test-group "at once"
    (test-equal "it runs and is well"
      #t
      (send-through "cat > /dev/null"))
    (test-raises "or raises why it is not" 'try-later
                 (ends-with "/program: exit status 75: come back")
      (send-through "echo come back >&2; exit 75"))
    (test-raises "for good" 'gave-up (ends-with "/program: exit status 67: no such user")
      (send-through "echo no such user >&2; exit 67"))
    (test-raises "a host that is not found may come" 'try-later
                 (ends-with "/program: exit status 68")
      (send-through "exit 68"))
    (test-raises "a mailer that is not there, too" 'try-later
                 "/nowhere/sendmail: cannot be run: No such file or directory"
      (run-now (send-mail #:mailer "sendmail:///nowhere/sendmail" #:from "dog@h" #:to "a@x"
                          #:subject "s" #:text "t" #:id "<1@h>" #:time 0)))))
