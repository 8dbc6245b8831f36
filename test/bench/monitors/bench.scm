;;; bench.scm -- the receiver of the bench: one fact of each message
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors bench)
  #:use-module (sheepdog plugin)
  #:declarative? #f)

(define-monitor bench
  "Store how often the job of a message had run, in tens."
  (fields
   (runs integer? "How often the job has run, divided by ten."))
  (receive (message)
    `((store (runs ,(message-host message) ,(message-tag message) ,runs)))))
