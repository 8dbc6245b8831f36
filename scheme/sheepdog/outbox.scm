;;; outbox.scm -- what was decided and leaves the process: kept, tried, tried again, marked
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A row is written in the transaction that decided it, and performed afterwards by the handler
;; that its action names.  Each try is counted and committed before it is made, so a crash costs a
;; second copy at most.  For one recipient rows go in their order.

(define-module (sheepdog outbox)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog handler)
  #:use-module (sheepdog message)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (put-out! perform-outbox! next-due retry-gap))

(define %minute 60000)
(define %longest-gap (* 60 %minute))
(define %patience (* 5 24 60 %minute))            ;how long a failure may be thought to pass

(define (retry-gap tries)
  "Return after how many ms to try again what was tried TRIES times: 1, 2, 4 ... 60 min."
  (min %longest-gap (* %minute (expt 2 (min 10 (- tries 1))))))

(define (action->json action)
  "Return ACTION, (NAME ARGUMENT ...), as a JSON array."
  (%json-write (list->vector (cons (symbol->string (car action)) (cdr action)))))

(define (json->action text)
  (match (vector->list (car (%json-read text)))
    ((name . arguments) (cons (string->symbol name) arguments))))

(define* (put-out! db action #:key recipient now subject event (kind ""))
  "Let ACTION, a list whose first word names its handler and whose rest JSON can say, be
performed for RECIPIENT (a string) from NOW (ms) on.  SUBJECT and EVENT are ids or #f, KIND is
that of the notification.  Takes part in the caller's transaction."
  (sql db "INSERT INTO outbox (at, recipient, action, subject, event, kind, next) VALUES (" now
       ", " recipient ", " (action->json action) ", " subject ", " event ", " kind ", " now
       ")"))


;;; Performing.

(define (first-due db now)
  "Return the first row that may be tried at NOW, #(ID AT ACTION EVENT TRIES), or #f: none of
its recipient's waits before it."
  (sql-row db "SELECT id, at, action, event, tries FROM outbox o WHERE next <= " now
           " AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.recipient = o.recipient
 AND p.next IS NOT NULL AND p.id < o.id) ORDER BY id LIMIT 1"))

(define (next-due db)
  "Return when the next row is to be tried, in ms, or #f: none waits."
  (sql-value db "SELECT min(next) FROM outbox WHERE next IS NOT NULL"))

(define (count-try! db id tries now)
  "Count one more try of the row ID, which had TRIES; the next follows unless this one ends
well.  Return #f when somebody else was faster."
  (positive? (sql-changes db "UPDATE outbox SET tries = tries + 1, next = "
                          (+ now (retry-gap (+ tries 1)))
                          " WHERE id = " id " AND tries = " tries " AND next IS NOT NULL")))

(define (mark-done! db id now)
  (sql db "UPDATE outbox SET done = " now ", next = NULL, error = NULL WHERE id = " id))

(define (mark-failed! db id error final?)
  "Note ERROR of the row ID; it is tried again unless FINAL?."
  (if final?
      (sql db "UPDATE outbox SET error = " error ", next = NULL WHERE id = " id)
      (sql db "UPDATE outbox SET error = " error " WHERE id = " id)))

(define (message-text db event)
  "Return the message EVENT as JSON with its defaults, for programs; \"\" if it is gone."
  (match (sql-row db "SELECT body, received, sent FROM message WHERE id = " event)
    (#f "")
    (#(body received sent)
     (%json-write (message->json (bytes->message body event received sent))))))

(define (context db policy event now tries)
  "Return what the handler of an action may want to know, an alist."
  `((mailer . ,(policy-mailer policy))
    (mailfrom . ,(policy-mailfrom policy))
    (now . ,now)
    (try . ,(+ tries 1))
    (event . ,event)
    (message . ,(lambda () (message-text db event)))))

(define (attempt thunk)
  "Call THUNK; return #f when it returns, else (TEXT . FINAL?): why it failed, and whether for
good."
  (catch #t
    (lambda () (thunk) #f)
    (lambda (key . arguments)
      (cons (exception->text key arguments)
            (match (cons key arguments)
              (('sheepdog-error _ _ _ ('gave-up _)) #t)
              (_ #f))))))

(define (perform-row! db policy row now)
  "Try ROW of `first-due' at NOW."
  (match row
    (#(id at action event tries)
     (when (count-try! db id tries now)
       (match (attempt
               (lambda ()
                 (let ((action (json->action action)))
                   ((handler-perform (load-handler (car action)))
                    action (context db policy event now tries)))))
         (#f (mark-done! db id now))
         ((error . final?)
          (let ((final? (or final? (> (- now at) %patience))))
            (mark-failed! db id error final?)
            (%log (if final? 'error 'warning)
                  (format #f "outbox row ~a: ~a~a" id error
                          (if final? "; given up" "; tried again later"))))))))))

(define* (perform-outbox! db config now #:key (limit 100))
  "Perform what is due at NOW (ms), at most LIMIT rows; return how many were tried."
  (let ((policy (policy config)))
    (let loop ((count 0))
      (match (and (< count limit) (first-due db now))
        (#f count)
        (row
         (perform-row! db policy row now)
         (loop (+ count 1)))))))
