;;; receiver.scm -- from a message to a list of actions: the monitor's own receiver, and programs
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Nothing is done here, only said.  What every message gets needs no receiver.

(define-module (sheepdog receiver)
  #:use-module (sheepdog action)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog datum)
  #:use-module (sheepdog error)
  #:use-module (sheepdog guard)
  #:use-module (sheepdog limit)
  #:use-module (sheepdog message)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module ((srfi srfi-1) #:select (append-map filter-map last))
  #:use-module (srfi srfi-9)
  #:export (receive-message run-receiver run-program-receiver
            configured-receivers receiver-argv receiver-timeout))


;;; The monitor's own.

(define (place monitor)
  (match (monitor-place monitor)
    ((_ line column) (list line column))
    (#f #f)))

(define (call-alone file place thunk)
  "Return what THUNK, code of the plugin FILE, returns, or raise `bad-plugin'; see `call-guarded'."
  ((call-guarded file
     (lambda ()
       (let ((result (thunk)))
         (lambda () result)))
     (lambda (text hint frames)
       ;; Raised outside of the handler.
       (lambda () (raise-error 'bad-plugin text (or hint ""))))
     #:place place)))

(define* (run-receiver monitor message #:optional (call call-alone))
  "Return the actions, checked, of the receiver of MONITOR for MESSAGE.  Raise `bad-message' for
a field that does not fit, `bad-plugin', text `FILE:LINE:COL: error: ...', for whatever else
goes wrong.  CALL guards it, one of `map-guarded' or of its own."
  (cond ((monitor-receive monitor)
         (check-fields monitor message)
         (with-limit (string-append "monitor " (symbol->string (monitor-name monitor))
                                    ": its receiver")
           (or (monitor-timeout monitor) %usual-limit)
           (lambda ()
             (call (or (monitor-file monitor) (symbol->string (monitor-name monitor)))
                   (lambda () (place monitor))
                   (lambda () (check-actions (call-receive monitor message)))))))
        (else '())))


;;; Programs: (receiver MONITOR (exec PROGRAM ARGUMENT ...) (timeout D)).

(define-record-type <receiver>
  (make-receiver monitor argv timeout)
  receiver?
  (monitor receiver-monitor)                      ;string; "*": of every message
  (argv receiver-argv)                            ;list of strings
  (timeout receiver-timeout))                     ;ms

(define (entry->receiver entry)
  (make-receiver (object->name (entry-value entry))
                 (entry-ref entry 'exec)
                 (entry-ref entry 'timeout)))

(define (object->name name)
  (if (symbol? name) (symbol->string name) name))

(define %known (cons #f '()))                     ;the configuration asked last, its receivers

(define (configured-receivers config)
  "Return the <receiver>s of CONFIG, which may be #f."
  (cond ((not config) '())
        ((eq? config (car %known)) (cdr %known))
        (else
         (let ((receivers (map entry->receiver (config-entries config 'receiver))))
           (set! %known (cons config receivers))
           receivers))))

(define (receiver-for? receiver message)
  (or (string=? "*" (receiver-monitor receiver))
      (string=? (message-monitor message) (receiver-monitor receiver))))

(define (complain receiver text)
  (raise-error 'bad-plugin
               (string-append "receiver " (car (receiver-argv receiver)) ": " text)))

(define (last-line text)
  "Return the last line of TEXT that is not blank, fit to be shown; \"\" if there is none."
  (match (filter (negate string-null?)
                 (map string-trim-both (string-split text #\newline)))
    (() "")
    (lines (fit (printable (last lines)) 200))))

(define (ending result timeout)
  "Return what is wrong with RESULT of `%run' of a program, or #f."
  (define (because text)
    (match (last-line (assq-ref result 'stderr))
      ("" text)
      (line (string-append text ": " line))))
  (cond ((assq-ref result 'errno) => identity)
        ((assq-ref result 'timed-out)
         (because (string-append "not done after " (duration->text timeout))))
        ((assq-ref result 'signal)
         => (lambda (signal)
              (because (string-append "killed by signal " (number->string signal)))))
        ((zero? (assq-ref result 'status)) #f)
        (else
         (because (string-append "exit status "
                                 (number->string (assq-ref result 'status)))))))

(define (line->action receiver number line message)
  "Return the action in LINE, the line NUMBER that RECEIVER wrote about MESSAGE."
  (with-error-handler
   (lambda (code text hint)
     (complain receiver (string-append "line " (number->string number) ": " text)))
   (lambda ()
     (json->action (car (%json-read line)) message))))

(define %grace 30000)                             ;ms
(define %most-output (* 256 1024))                ;bytes

(define (run-program-receiver receiver message)
  "Return the actions, checked, that the program of RECEIVER writes when it is given MESSAGE:
one JSON document on its standard input, a JSON array a line on its standard output.  Raise
`bad-plugin' unless it ends in time, with status 0, and all its lines are actions."
  (let* ((timeout (receiver-timeout receiver))
         (input (string-append (%json-write (message->json message)) "\n"))
         ;; What ends the program in time is `%run'; it may need a while more to die.
         (result (with-limit (string-append "monitor " (message-monitor message)
                                            ": its program " (car (receiver-argv receiver)))
                   (+ timeout %grace)
                   (lambda ()
                     (%run (receiver-argv receiver) input (/ timeout 1000.0) '()
                           %most-output))))
         (wrong (ending result timeout)))
    (when wrong
      (complain receiver wrong))
    (let ((lines (string-split (assq-ref result 'stdout) #\newline)))
      (filter-map (lambda (number line)
                    (and (not (string-null? (string-trim-both line)))
                         (line->action receiver number line message)))
                  (iota (length lines) 1)
                  lines))))


;;; Both.

(define* (receive-message message config #:optional (call call-alone))
  "Return the actions, each in its normal form (see (sheepdog action)), for MESSAGE: those of
its monitor's receiver, then those of the programs that CONFIG (or #f) names.  A monitor that
is not here has none.  Raise `bad-message' or `bad-plugin', and the message goes aside.  CALL is as
for `run-receiver'."
  (let ((monitor (find-monitor (message-monitor message)))
        (programs (filter (lambda (receiver) (receiver-for? receiver message))
                          (configured-receivers config))))
    (append (if monitor (run-receiver monitor message call) '())
            (append-map (lambda (receiver) (run-program-receiver receiver message))
                        programs))))
