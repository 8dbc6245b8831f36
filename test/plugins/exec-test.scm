;;; exec-test.scm -- the handler exec: a program is given the message
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog handler)
             (sheepdog plugins)
             (sheepdog test)
             (ice-9 textual-ports))

(define (perform action)
  ((handler-perform (load-handler 'exec))
   action
   `((message . ,(lambda () "{\"host\":\"h\"}")))))

(define (call-with-program text proc)
  "Call PROC with the name of an executable file with TEXT, and of one it may write."
  (with-temporary-directory (directory)
    (let ((program (string-append directory "/program"))
          (output (string-append directory "/output")))
      (call-with-output-file program (lambda (port) (display text port)))
      (chmod program #o700)
      (proc program output))))

(run-tests "exec"
  (test-equal "the message on standard input, the arguments as they are"
    "a $(id)\n{\"host\":\"h\"}"
    (call-with-program "#!/bin/sh\nout=$1; shift\n{ echo \"$@\"; cat; } > \"$out\"\n"
      (lambda (program output)
        (perform (list 'exec program output "a" "$(id)"))
        (call-with-input-file output get-string-all))))
  (test-raises "a status that is not 0 is a reason to try again" 'try-later
               (lambda (text) (string-suffix? "program: exit status 3: full" text))
    (call-with-program "#!/bin/sh\necho full >&2\nexit 3\n"
      (lambda (program output)
        (perform (list 'exec program)))))
  (test-raises "so is a program that is not there" 'try-later
               "/nowhere/program: cannot be run: No such file or directory"
    (perform '(exec "/nowhere/program"))))
