;;; deliver.scm -- from the spool on: what happens to messages that an action has made
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command deliver)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog message)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view detail)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:autoload (sheepdog config) (read-config)
  #:autoload (sheepdog standalone) (drain!)
  #:export (check-message
            spool! keep!
            hand-over!
            deliver!
            spool-words))

(define %patience 2)                             ;s that a hand-over may take
(define %drain-patience 10)                      ;s without an acknowledgement that end a drain
(define %drain-limit 600)                        ;s that it may take

(define (check-message alist now)
  "Return ALIST, a message on its way to the spool; raise `bad-message' when no server
would take it."
  (bytes->message (string->utf8 (%json-write alist)) #f now now)
  alist)

(define (push-past-spool! place message trouble)
  "Give MESSAGE, which the spool of PLACE cannot keep because of TROUBLE, to the queue; where
that fails, too, print it."
  (%complain (format #f "cannot keep a message: ~a" trouble) #f 'warning)
  (with-error-handler
   (lambda (code text hint)
     (%complain (printable (%json-write message)) #f 'message)
     (raise-error code (format #f "cannot send it either: ~a" text) (or hint "")))
   (lambda ()
     (call-with-queue place
       (lambda (queue) (%queue-push! queue (%json-write message)))))))

(define (spool! place)
  "Return a procedure that makes a message (an alist, see `make-bark') durable in the
spool of PLACE and returns its id, (SENDER . SEQ)."
  (let ((spool (%spool-open (place-settings place))))
    (lambda (message) (%spool-put! spool message))))

(define (keep! place)
  "As `spool!'; but what a spool that is broken cannot keep goes straight to the queue, and
has the id `queued'."
  (let ((put! (spool! place)))
    (lambda (message)
      (with-error-handler
       (lambda (code text hint)
         (unless (eq? code 'spool-failed)
           (raise-error code text (or hint "")))
         (push-past-spool! place message text)
         'queued)
       (lambda () (put! message))))))

(define (drain-here place)
  "Drain the queue of PLACE, a standalone one; return the fate of its messages."
  (receive (count fate) (drain! (read-config (place-ref place 'file) #:check? #f))
    (if (eq? fate 'drained) 'stored 'queued)))

(define (call-with-queue place proc)
  (let ((queue (%queue-open (place-settings place) "")))
    (dynamic-wind
      (const #t)
      (lambda () (proc queue))
      (lambda () (%queue-close! queue)))))

(define (send-away place all?)
  (call-with-queue place
    (lambda (queue)
      (let ((spool (%spool-open (place-settings place))))
        (if all?
            (%spool-drain! spool queue %drain-patience %drain-limit)
            (%spool-hand-over! spool queue %patience))
        'queued))))

(define* (hand-over! place #:key all?)
  "Give what waits in the spool of PLACE to the queue, as much as may be underway at once,
with ALL? until nothing waits; standalone see to it, too, that it is stored.  Return two
values: what became of it, a symbol: queued or stored, or `kept' when the queue does not
take it; and that trouble as (TEXT . HINT|#f), or #f."
  (with-error-handler
   (lambda (code text hint)
     (values 'kept (cons text hint)))
   (lambda ()
     (values (if (place-ref place 'standalone)
                 (drain-here place)
                 (send-away place all?))
             #f))))

(define (spool-words depth now)
  "Say how many messages wait, DEPTH being what %spool-depth gives: \"3 messages wait
since 2 h\"; #f when none does."
  (match depth
    (#(0 _ _ _ _) #f)
    (#(waiting _ _ _ oldest)
     (string-append (plural waiting "message") (if (= waiting 1) " waits" " wait")
                    (if oldest
                        (string-append " since " (duration->text (max 0 (- now oldest))))
                        "")))))

(define (warn-kept place trouble)
  "Tell on stderr that messages wait because of TROUBLE, (TEXT . HINT|#f)."
  (let ((words (spool-words (%spool-depth (%spool-open (place-settings place))) (%now))))
    (%complain (car trouble) (and (not words) (cdr trouble)) 'warning)
    (when words
      (%complain (format #f "~a in ~a" words (place-ref place 'spool))
                 "they go with the next message; 'sheepdog queue flush' sends them now"
                 'warning))))

(define (hand-over-if-sure! place)
  "As `hand-over!'; but with errors in the configuration of PLACE, which are printed, only
a queue that it names gets them: else they wait for a good one."
  (if (and (print-problems place) (place-ref place 'standalone))
      (values 'kept #f)
      (hand-over! place)))

(define (deliver! place ids common)
  "Hand over the messages that were kept as IDS, a list of what `keep!' gave.  With -v
say what became of each; in trouble warn.  Return the exit status of an action that is
done when they are durable, which they are."
  (receive (fate trouble)
      (if (every symbol? ids)
          (values 'queued #f)
          (hand-over-if-sure! place))
    (when (positive? (assq-ref common 'verbose))
      (for-each (match-lambda
                  ((sender . seq)
                   (remark (format #f "barked (~a, ~a)" (short-id sender seq) fate)))
                  ('queued (remark "barked (queued)")))
                ids))
    (when trouble
      (warn-kept place trouble))
    0))
