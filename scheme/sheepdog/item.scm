;;; item.scm -- a message that waits, decoded, and what its receiver made of it
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Here code of others runs, and nothing is written.

(define-module (sheepdog item)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
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

(define (receive-effects policy message)
  "Return three values: the effects of MESSAGE, #f, #f; or '(), why its receiver failed, and
whether that is the fault of the message."
  (catch #t
    (lambda ()
      (values (append-map action->effects
                          (receive-message message (policy-config policy)))
              #f #f))
    (lambda (key . arguments)
      (values '()
              (exception->text key arguments)
              (error-code? 'bad-message key arguments)))))

(define (decode row)
  "Return two values: the message of ROW and #f, or #f and why there is none."
  (match row
    (#(id attempts trouble sender seq received sent body length entered?)
     (if trouble
         (values #f trouble)
         (with-error-handler
          (lambda (code text hint) (values #f text))
          (lambda () (values (bytes->message body id received sent) #f)))))))

(define (plugin-of message)
  (monitor-plugin (message-monitor message)))

(define (row->item policy suspects row)
  "Decode ROW and run its receiver, but not if that is one of SUSPECTS."
  (%handling! (row-id row))
  (receive (message trouble) (decode row)
    (cond ((not message)
           (make-item row #f '() trouble #t #f))
          ((and (pair? suspects)
                (member (plugin-of message) suspects))
           (make-item row message '() #f #f #t))
          (else
           (receive (effects trouble final?) (receive-effects policy message)
             (make-item row message effects trouble final? #f))))))

(define (rows->items policy suspects rows)
  (let ((items (call-watching-traces
                (lambda ()
                  (map (lambda (row) (row->item policy suspects row)) rows)))))
    (%handling! 0)
    items))

(define (dead-item row)
  "Return the item of ROW, of which the process died: no code of a plugin is run for it again.  It
may be that even to decode it is deadly: that is tried once."
  (receive (message trouble) (if (> (row-attempts row) (+ 1 %most-attempts))
                                 (values #f #f)
                                 (decode row))
    (make-item row message '() (or trouble "the process died of it") #t #f)))
