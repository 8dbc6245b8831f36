;;; exec-test.scm -- the handler exec: a program is given the message
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog effect)
             (sheepdog handler)
             (sheepdog plugins)
             (sheepdog test))

(run-tests "exec"
  (test-equal "the message on standard input, the arguments as they are"
    (run-program '("/bin/program" "a" "$(id)") #:input "{\"host\":\"h\"}")
    ((handler-perform (load-handler 'exec))
     '(exec "/bin/program" "a" "$(id)")
     `((message . ,(lambda () "{\"host\":\"h\"}"))))))
