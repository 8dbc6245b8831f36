;;; spool-level.scm -- how full and how old a machine's spool is, as the state of a subject
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog spool-level)
  #:use-module (sheepdog bark)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:export (spool-level spool-message))

(define %minute 60000)

(define (spool-level depth most-messages most-bytes now)
  "Return two values, the state of a spool with DEPTH, as `%spool-depth' gives it, at NOW (ms) and
what to say of it: it may be full to MOST-MESSAGES or MOST-BYTES, and send late."
  (match depth
    (#(waiting sent bad bytes oldest)
     (let ((full (max (/ (+ waiting sent) most-messages) (/ bytes most-bytes)))
           (age (if oldest (max 0 (- now oldest)) 0)))
       (values (cond ((or (>= full 9/10) (>= age (* 60 %minute))) 'fail)
                     ((or (>= full 1/2) (>= age (* 15 %minute)) (positive? bad)) 'warn)
                     (else 'ok))
               (string-append
                (if (zero? waiting)
                    "nothing waits"
                    (format #f "~a wait~a, the oldest since ~a"
                            (if (= waiting 1) "1 message" (format #f "~a messages" waiting))
                            (if (= waiting 1) "s" "")
                            (duration->text age)))
                (if (>= full 1/2)
                    (format #f ", ~a % full" (inexact->exact (floor (* 100 full))))
                    "")
                (if (zero? bad) "" (format #f ", ~a damaged, in bad/" bad))))))))

(define (spool-message host depth most-messages most-bytes now)
  "Return what HOST says of its spool, as `spool-level' finds it, as a new message."
  (call-with-values (lambda () (spool-level depth most-messages most-bytes now))
    (lambda (state summary)
      (make-bark #:host host #:tag "sheepdog spool" #:monitor "message" #:state state
                 #:summary summary #:time now))))
