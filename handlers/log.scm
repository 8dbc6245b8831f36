;;; log.scm -- a line in the program's own log
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (handlers log)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:declarative? #f)

(define-handler log
  "Write a line into the program's own log: (log LEVEL TEXT)."
  (perform (action context)
    (match action
      (('log level text)
       (log-line (if (string? level) (string->symbol level) level) text)))))
