;;; digest.scm -- when digests and reports are due, and to whom they go
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.

(define-module (sheepdog digest)
  #:use-module (sheepdog occurrence)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (digest digest? digest-key digest-next digest-previous roundup-key))

(define-record-type <digest>
  (make-digest cron zone key)
  digest?
  (cron digest-cron)
  (zone digest-zone)
  (key digest-key))                               ;string: "MINUTE HOUR * * WEEKDAY ZONE"

(define* (digest time #:optional (zone (local-zone)))
  "Return the digest at TIME, (WEEKDAY|#f . MINUTES after midnight), in ZONE."
  (match time
    ((weekday . minutes)
     (let ((line (format #f "~a ~a * * ~a" (remainder minutes 60) (quotient minutes 60)
                         (or weekday "*"))))
       (make-digest (parse-cron line) zone (string-append line " " (zone-name zone)))))))

(define (digest-next digest ms)
  "Return when DIGEST is due next after MS."
  (next-occurrence (digest-cron digest) (digest-zone digest) ms))

(define (digest-previous digest ms)
  "Return when DIGEST was due last before MS."
  (last-occurrence (digest-cron digest) (digest-zone digest) (- ms 1)))

(define (roundup-key kind digest recipient)
  "Return the key in the index of what is due of the roundup KIND, \"digest\" or \"report\", at DIGEST
to RECIPIENT."
  (string-join (list kind (digest-key digest) recipient) "\n"))
