;;; item.scm -- a message that waits, decoded, and what its receiver made of it
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Here code of others runs, and nothing is written.

(define-module (sheepdog item)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog guard)
  #:use-module (sheepdog handler)
  #:use-module (sheepdog limit)
  #:use-module (sheepdog message)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog receiver)
  #:use-module (sheepdog suspect)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (%most-attempts
            row-id row-attempts row-sender row-entered?
            item-row item-id item-message item-effects item-trouble item-final? item-later?
            plugin-of rows->items dead-item))

(define %most-attempts 3)

(define-record-type <item>
  (make-item row message effects trouble final? later?)
  item?
  (row item-row)                                  ;vector of `waiting-messages'
  (message item-message)                          ;message | #f: it cannot be decoded
  (effects item-effects)                          ;list, see `action->effects'
  (trouble item-trouble)                          ;string: why it failed | #f
  (final? item-final?)                            ;will it fail so each time?
  (later? item-later?))                           ;is its receiver still to be run?

(define (row-id row) (vector-ref row 0))
(define (row-attempts row) (vector-ref row 1))
(define (row-sender row) (vector-ref row 3))
(define (row-entered? row) (= 1 (vector-ref row 9)))

(define (item-id item)
  (row-id (item-row item)))

(define (action->effects action)
  "Return what ACTION means inside of the database, a list of

  (fact RELATION HOST ARGUMENT ...)       a fact holds
  (end-fact RELATION HOST ARGUMENT ...)   it holds no longer
  (note KEY TEXT)                         what a notification is to say
  (do ACTION)                             for the outbox"
  (match (handler-decide (load-handler (car action)))
    (#f `((do ,action)))
    (decide (with-limit (string-append "handler " (symbol->string (car action))
                                       ": its decision")
              %usual-limit
              (lambda () (decide action '()))))))

(define (decode row)
  "Return the message of ROW; raise `bad-message' if it is none."
  (match row
    (#(id attempts trouble sender seq received sent body length entered?)
     (when trouble
       (raise-error 'bad-message trouble))
     (bytes->message body id received sent))))

(define (plugin-of message)
  (monitor-plugin (message-monitor message)))

(define (map-rows proc rows)
  "Return the items of ROWS: (PROC MESSAGE CALL), see `map-guarded', gives two values, the effects of each
message and whether its receiver is still to be run.  What raises in it is tried again, unless that
is the fault of the message; what cannot be decoded is not."
  (define message #f)                             ;of the row at hand, once decoded
  (map-guarded
   (lambda (row call)
     (%handling! (row-id row))
     (set! message #f)
     (set! message (decode row))
     (receive (effects later?) (proc message call)
       (make-item row message effects #f #f later?)))
   rows
   (lambda (row code text)
     (make-item row message '() text (or (not message) (eq? 'bad-message code)) #f))))

(define (rows->items policy suspects rows)
  "Decode ROWS and run their receivers, but those of SUSPECTS."
  (define (suspect? message)
    (and (pair? suspects)
         (member (plugin-of message) suspects)))
  (let ((items (call-watching-traces
                (lambda ()
                  (map-rows
                   (lambda (message call)
                     (if (suspect? message)
                         (values '() #t)
                         (values (append-map action->effects
                                             (receive-message message (policy-config policy)
                                                              call))
                                 #f)))
                   rows)))))
    (%handling! 0)
    items))

(define (dead-item row)
  "Return the item of ROW, of which the process died: no code of a plugin is run for it again.  It
may be that even to decode it is deadly: that is tried once."
  (define (dead message trouble)
    (make-item row message '() trouble #t #f))
  (with-error-handler
   (lambda (code text hint) (dead #f text))
   (lambda ()
     (dead (and (<= (row-attempts row) (+ 1 %most-attempts))
                (decode row))
           "the process died of it"))))
