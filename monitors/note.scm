;;; note.scm -- the receiver of what is worth telling once and is no state
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors note)
  #:use-module (sheepdog plugin)
  #:declarative? #f)

(define-monitor note
  "Tell the summary of the message once to all whom its subject concerns."
  (receive (message) `((notify ,(message-summary message)))))
