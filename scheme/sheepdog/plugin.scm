;;; plugin.scm -- all that the author of a monitor or a handler needs of us
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog plugin)
  #:use-module (sheepdog core)
  #:use-module (sheepdog effect)
  #:use-module (sheepdog error)
  #:use-module (sheepdog handler)
  #:use-module (sheepdog memory)
  #:use-module (sheepdog message)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog probe)
  #:use-module (sheepdog quantity)
  #:use-module ((sheepdog text) #:select (plural enumeration printable))
  #:use-module (sheepdog threshold)
  #:re-export (define-monitor define-handler report watching
               limit? percent-limit? grade worst
               sample-time recall remember! rate
               cannot-watch file-text file-lines file-names existing-file
               find-program command-outcome command-text
               plural enumeration printable
               message-host message-tag message-monitor message-kind message-state
               message-summary message-time message-at message-outcome message-field
               message-subject
               outcome-state outcome->text
               parse-duration duration->text parse-size size->text
               run-program log-line send-mail give-up try-later)
  #:export (percent? duration? size? outcome-ref json-text read-json))

(define (percent? value)
  "Is VALUE a number from 0 to 100?"
  (and (real? value) (<= 0 value 100)))

(define (duration? value)
  "Is VALUE text such as \"5m\"?"
  (and (string? value) (parse-duration value) #t))

(define (size? value)
  "Is VALUE text such as \"4GiB\"?"
  (and (string? value) (parse-size value) #t))

(define (outcome-ref outcome key)
  "Return KEY of OUTCOME, such as `status' or `stderr' (MESSAGE.md), or #f.  `started' and
`elapsed' are milliseconds."
  (assq-ref outcome key))

(define (read-json text)
  "Return the data of TEXT, JSON: objects are alists whose keys are symbols, arrays vectors, null
the symbol `null'.  Say that it cannot be watched if it is none."
  (with-error-handler
   (lambda (code why hint) (cannot-watch why))
   (lambda () (car (%json-read text)))))

(define (json-text data)
  "Return DATA (alists, vectors, strings, numbers, booleans, the symbol null) as JSON."
  (%json-write data))
