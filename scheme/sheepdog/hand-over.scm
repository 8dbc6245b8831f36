;;; hand-over.scm -- from the spool to the queue, in one go
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog hand-over)
  #:use-module (sheepdog core)
  #:export (call-with-queue hand-over!))

(define (call-with-queue settings proc)
  "Call PROC with the queue of SETTINGS, and close it on every exit."
  (let ((queue (%queue-open settings
                            (string-join (list (gethostname) (number->string (getpid))
                                               (%random-hex 4))
                                         ":"))))
    (dynamic-wind
      (const #t)
      (lambda () (proc queue))
      (lambda () (%queue-close! queue)))))

(define* (hand-over! settings #:key (patience 2.0) (limit 600))
  "Hand what waits in the spool of SETTINGS over to its queue until nothing waits, nothing moves for
PATIENCE seconds, or LIMIT seconds are over; return how many messages went.  Raise `queue-unreachable'
and the like."
  (call-with-queue settings
    (lambda (queue)
      (%spool-drain! (%spool-open settings) queue patience limit))))
