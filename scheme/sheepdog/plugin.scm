;;; plugin.scm -- all that the author of a monitor or a handler needs of us
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog plugin)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog memory)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog probe)
  #:use-module (sheepdog quantity)
  #:use-module ((sheepdog text) #:select (plural enumeration printable))
  #:use-module (sheepdog threshold)
  #:use-module (ice-9 match)
  #:re-export (define-monitor report report-tag report-state watching
               limit? percent-limit? grade worst round-to
               sample-time recall remember! rate growth tally
               cannot-watch file-text file-lines file-names existing-file
               find-program command-outcome command-text
               plural enumeration printable first-line last-line parse-instant
               parse-duration duration->text parse-size size->text)
  #:export (percent? duration? size? regex? outcome-ref json-text read-json json-ref json-items))


;;; What not every plugin wants is loaded when somebody asks for it: a daemon that rests begins anew
;;; for each round.

(define %elsewhere (make-hash-table))             ;symbol -> module

(define (offer! module . names)
  "Offer NAMES, which MODULE exports, as if this module did."
  (for-each (lambda (name) (hashq-set! %elsewhere name module)) names))

(define (find-elsewhere interface name define?)
  "Return the variable NAME of the module that has it, from now on in INTERFACE, too; #f if that is
not offered."
  (and=> (hashq-ref %elsewhere name)
         (lambda (module)
           (let ((variable (module-variable (resolve-interface module) name)))
             (module-add! interface name variable)
             variable))))

(set-module-binder! (module-public-interface (current-module)) find-elsewhere)

(offer! '(sheepdog asking) 'run* 'run 'query 'define-relation 'ask 'explain 'why)
(offer! '(sheepdog declaring) 'define-state 'define-event 'define-live)
(offer! '(sheepdog effect) 'run-program 'log-line 'send-mail 'give-up 'try-later)
(offer! '(sheepdog handler) 'define-handler)
(offer! '(sheepdog machine)
        'machine-os 'machine-kernel 'machine-cpu 'machine-ram 'machine-disks 'machine-addresses
        'machine-users)
(offer! '(sheepdog message)
        'message-host 'message-tag 'message-monitor 'message-kind 'message-state 'message-summary
        'message-time 'message-at 'message-outcome 'message-field 'message-subject)
(offer! '(sheepdog outcome) 'outcome-state 'outcome->text)
(offer! '(sheepdog packages) 'package-stamp 'installed-packages 'running-versions)
(offer! '(sheepdog pattern) 'glob?)
(offer! '(sheepdog peer) 'call-peer 'peer-say 'peer-text)
(offer! '(sheepdog processes)
        'processes 'process-of 'process-pid 'process-name 'process-state 'process-user
        'process-start 'process-pages 'process-command 'process-program)
(offer! '(sheepdog services)
        'services 'service-name 'service-manager 'service-state 'service-detail 'service-pid
        'service-starts)
(offer! '(sheepdog survey) 'told-facts 'untold-facts)
(offer! '(sheepdog tail) 'file-news 'journal-news)


;;; What stands here.

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
