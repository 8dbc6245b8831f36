;;; message.scm -- the receiver of messages that name no monitor
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors message)
  #:use-module (sheepdog plugin)
  #:declarative? #f)

(define-monitor message
  "Take a message from anywhere: what every message gets, and nothing besides.")
