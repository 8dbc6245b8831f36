;;; error.scm -- the judge of commands: status 0 is ok, all else is fail
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors error)
  #:use-module (sheepdog plugin)
  #:declarative? #f)

(define-monitor error
  "Bark when a command fails: when its exit status is not 0 or a signal ends it."
  (options
   (ok-status list? '() "Statuses that are no failure, besides 0.")
   (warn-status list? '() "Statuses that are half a failure."))
  (judge (outcome)
    (report #:state (state-of (outcome-ref outcome 'status) outcome ok-status warn-status)
            #:summary (outcome->text outcome))))

(define (state-of status outcome ok-status warn-status)
  "Return what STATUS, that of OUTCOME or #f, means."
  (cond ((not status) (or (outcome-state outcome) 'unknown))
        ((memv status warn-status) 'warn)
        ((or (zero? status) (memv status ok-status)) 'ok)
        (else 'fail)))
