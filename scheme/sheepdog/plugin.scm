;;; plugin.scm -- all that the author of a monitor or a handler needs of us
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog plugin)
  #:use-module (sheepdog core)
  #:use-module (sheepdog effect)
  #:use-module (sheepdog handler)
  #:use-module (sheepdog message)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog quantity)
  #:autoload (ice-9 popen) (open-pipe* close-pipe)
  #:use-module (ice-9 textual-ports)
  #:re-export (define-monitor define-handler report
               message-host message-tag message-monitor message-kind message-state
               message-summary message-time message-at message-outcome message-field
               message-subject
               outcome-state outcome->text
               parse-duration duration->text parse-size size->text
               run-program log-line send-mail give-up try-later)
  #:export (percent? duration? size? grade outcome-ref file-text command-text json-text))

(define (percent? value)
  "Is VALUE a number from 0 to 100?"
  (and (real? value) (<= 0 value 100)))

(define (duration? value)
  "Is VALUE text such as \"5m\"?"
  (and (string? value) (parse-duration value) #t))

(define (size? value)
  "Is VALUE text such as \"4GiB\"?"
  (and (string? value) (parse-size value) #t))

(define (grade value warn fail)
  "Return the state of VALUE: `fail' above FAIL, `warn' above WARN, else `ok'.  Where FAIL is
the smaller one of the two, less is worse: below instead of above."
  (let ((beyond? (if (< fail warn) < >)))
    (cond ((beyond? value fail) 'fail)
          ((beyond? value warn) 'warn)
          (else 'ok))))

(define (outcome-ref outcome key)
  "Return KEY of OUTCOME, such as `status' or `stderr' (MESSAGE.md), or #f.  `started' and
`elapsed' are milliseconds."
  (assq-ref outcome key))

(define (json-text data)
  "Return DATA (alists, vectors, strings, numbers, booleans, the symbol null) as JSON."
  (%json-write data))

(define (file-text file)
  "Return the text of FILE; bytes that are no UTF-8 are replaced."
  (call-with-input-file file
    (lambda (port)
      (set-port-encoding! port "UTF-8")
      (set-port-conversion-strategy! port 'substitute)
      (get-string-all port))))

(define (command-text program . arguments)
  "Return what PROGRAM, run without a shell, writes to its standard output.  Raise an error if
it does not end with status 0."
  (let* ((port (apply open-pipe* "r" program arguments))
         (text (begin
                 (set-port-encoding! port "UTF-8")
                 (set-port-conversion-strategy! port 'substitute)
                 (get-string-all port)))
         (status (close-pipe port)))
    (unless (eqv? 0 (status:exit-val status))
      (error (string-append program " failed, exit status")
             (or (status:exit-val status) (status:term-sig status))))
    text))
