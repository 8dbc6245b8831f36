;;; fault.scm -- the receiver of the fault tests: writes down what it is given, in order
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors fault)
  #:use-module (sheepdog message)
  #:use-module (sheepdog plugin)
  #:declarative? #f)

(define-monitor fault
  "Append a line, SENDER NUMBER, to the file $FAULT_TRACE for each message, after $FAULT_PAUSE
microseconds.  A receiver should return actions and touch nothing; this one tells the checker of order
and repetition."
  (judge (outcome)
    (report #:state (outcome-state outcome) #:summary (outcome->text outcome)))
  (receive (message)
    (let ((trace (getenv "FAULT_TRACE"))
          (pause (getenv "FAULT_PAUSE")))
      (when pause
        (usleep (string->number pause)))
      (when trace
        (call-with-port (open-file trace "a")
          (lambda (port)
            (format port "~a ~a~%" (or (message-sender message) "-")
                    (or (message-seq message) (message-id message)))))))
    '()))
