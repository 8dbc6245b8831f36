;;; plugin.scm -- all that the author of a monitor or a handler needs of us
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog plugin)
  #:use-module (sheepdog asking)
  #:use-module (sheepdog core)
  #:use-module (sheepdog declaring)
  #:use-module (sheepdog effect)
  #:use-module (sheepdog error)
  #:use-module (sheepdog handler)
  #:use-module (sheepdog machine)
  #:use-module (sheepdog memory)
  #:use-module (sheepdog message)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog packages)
  #:use-module ((sheepdog pattern) #:select (glob?))
  #:use-module (sheepdog peer)
  #:use-module (sheepdog probe)
  #:use-module (sheepdog processes)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog services)
  #:use-module (sheepdog survey)
  #:use-module (sheepdog tail)
  #:use-module ((sheepdog text) #:select (plural enumeration printable))
  #:use-module (sheepdog threshold)
  #:use-module (ice-9 match)
  #:re-export (define-monitor define-handler define-state define-event define-live report report-tag report-state watching
               limit? percent-limit? grade worst round-to
               sample-time recall remember! rate growth tally
               cannot-watch file-text file-lines file-names existing-file
               find-program command-outcome command-text
               file-news journal-news call-peer peer-say peer-text
               services service-name service-manager service-state service-detail service-pid
               service-starts
               processes process-of process-pid process-name process-state process-user
               process-start process-pages process-command process-program
               machine-os machine-kernel machine-cpu machine-ram machine-disks machine-addresses
               machine-users
               package-stamp installed-packages running-versions told-facts untold-facts
               plural enumeration printable first-line last-line glob? parse-instant
               message-host message-tag message-monitor message-kind message-state
               message-summary message-time message-at message-outcome message-field
               message-subject
               outcome-state outcome->text
               parse-duration duration->text parse-size size->text
               run-program log-line send-mail give-up try-later
               run* run query define-relation ask explain why)
  #:export (percent? duration? size? regex? outcome-ref json-text read-json json-ref json-items))

(define (percent? value)
  "Is VALUE a number from 0 to 100?"
  (and (real? value) (<= 0 value 100)))

(define (duration? value)
  "Is VALUE text such as \"5m\"?"
  (and (string? value) (parse-duration value) #t))

(define (size? value)
  "Is VALUE text such as \"4GiB\"?"
  (and (string? value) (parse-size value) #t))

(define (regex? value)
  "Is VALUE text that is a POSIX extended regular expression?"
  (and (string? value)
       (false-if-exception (make-regexp value))
       #t))

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

(define (json-ref data . keys)
  "Return what the object DATA has under the first of KEYS, symbols; of that, what it has under the
second, ...; #f where there is none, or null."
  (let loop ((data data) (keys keys))
    (cond ((null? keys) (and (not (eq? data 'null)) data))
          ((pair? data) (loop (assq-ref data (car keys)) (cdr keys)))
          (else #f))))

(define (json-items data . keys)
  "Return the list of what the array has that `json-ref' finds; () where there is none."
  (match (apply json-ref data keys)
    (#(items ...) items)
    (_ '())))

(define (json-text data)
  "Return DATA (alists, vectors, strings, numbers, booleans, the symbol null) as JSON."
  (%json-write data))
