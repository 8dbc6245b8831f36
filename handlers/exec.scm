;;; exec.scm -- a program that is given the message
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (handlers exec)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:declarative? #f)

(define-handler exec
  "Run a program with the message on its standard input, as JSON: (exec \"PROGRAM\" ARG ...).
It is run again later unless it ends with status 0."
  (perform (action context)
    (match action
      (('exec program arguments ...)
       (run-program (cons program arguments)
                    #:input ((assq-ref context 'message)))))))
