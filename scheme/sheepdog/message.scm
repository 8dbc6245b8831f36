;;; message.scm -- the message: from the bytes of a stranger to a record that can be trusted
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The fields are those of MESSAGE.md.  Times and durations are milliseconds here and seconds in
;; JSON; what a message left out is #f, '() or the default of MESSAGE.md.  Decoding one is paid
;; for each message that arrives: loops over characters, no regular expressions.

(define-module (sheepdog message)
  #:use-module (sheepdog ancestor)
  #:use-module (sheepdog bark)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module ((sheepdog field) #:prefix field:)
  #:use-module (sheepdog name)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog quantity)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:re-export (make-bark %version)
  #:export (bytes->message alist->message message->json message-judged
            message? message-id message-sender message-seq message-at message-received
            message-sent message-time message-host message-monitor message-tag message-kind
            message-state message-summary message-run message-outcome message-fields
            message-facts message-replaces message-every message-mailto message-flags
            message-raw message-field message-subject
            moment skewed?))

(define %most-skew (* 60 1000))                   ;ms between a sender's clock and ours
(define %oldest (* 400 24 3600 1000))             ;ms that a message may have been under way

(define-record-type <message>
  (make-message id sender seq at received sent time host monitor tag kind state summary run
                outcome fields facts replaces every mailto flags raw)
  message?
  (id message-id)                                 ;integer, its row in the database | #f
  (sender message-sender)                         ;string | #f
  (seq message-seq)                               ;integer from 1 | #f
  (at message-at)                                 ;ms: when it counts as having happened
  (received message-received)                     ;ms, our clock
  (sent message-sent)                             ;ms, the sender's clock at hand-over | #f
  (time message-time)                             ;ms, the sender's clock | #f
  (host message-host)                             ;string, lower case
  (monitor message-monitor)                       ;string, without `monitor-'
  (tag message-tag)                               ;string
  (kind message-kind)                             ;symbol: bark start ping log result
  (state message-state)                           ;symbol: ok warn fail unknown | #f: tells none
  (summary message-summary)                       ;string
  (run message-run)                               ;string | #f
  (outcome message-outcome)                       ;alist of (sheepdog outcome) | #f
  (fields message-fields)                         ;alist symbol -> JSON value
  (facts message-facts)                           ;list of (relation argument ...), no host
  (replaces message-replaces)                     ;list of relations, strings
  (every message-every)                           ;ms | #f
  (mailto message-mailto)                         ;list of addresses
  (flags message-flags)                           ;list among: lossy odd-time skew
  (raw message-raw))                              ;alist: the object as it came

(define (message-field message name)
  "Return the value of the field NAME, a symbol, of MESSAGE; #f if it was left out."
  (assq-ref (message-fields message) name))

(define (message-subject message)
  "Return what MESSAGE is about: \"tux01/disk /\"."
  (subject-name (message-host message) (message-tag message)))

(define (message-judged message state words)
  "Return MESSAGE as if it told of STATE, because of WORDS."
  (set-fields message
    ((message-state) state)
    ((message-summary) (if (string-null? (message-summary message))
                           words
                           (string-append words "; " (message-summary message))))))


;;; When it happened.

(define (skewed? sent received)
  "Is the clock that said SENT (ms or #f) over a minute off ours, which said RECEIVED?"
  (and sent (> (abs (- sent received)) %most-skew)))

(define (moment kind time sent received)
  "Return when a message of KIND counts as having happened, in ms, never later than RECEIVED.
TIME and SENT are what the sender's clock showed when it happened and when it was handed over,
or #f.  A message that was over 400 days under way is not believed: its age counts,
not TIME itself, so that a clock of 1970 keeps the order of its spool."
  (let ((age (and time (- (or sent received) time))))
    (cond ((or (not age)
               (>= age %oldest)
               (and (eq? kind 'ping) (not sent)))
           received)
          ((skewed? sent received) (min received (- received age)))
          (else (min received time)))))


;;; From the queue.

(define (bytes->message bytes id received sent)
  "Return the <message> in BYTES, a bytevector with one JSON object.  ID is its row, RECEIVED
when the queue took it (ms), SENT the sender's clock at the hand-over (ms or #f).  Raise
`bad-message' with a position, a field or a rule: `1:9: number of 212 digits', `'state' wants
ok, warn, fail or unknown, got \"bad\"', `version 3, I speak 1'."
  (let ((document (%json-read bytes)))
    (if (field:object? (car document))
        (alist->message (car document) id received sent (cdr document))
        (raise-error 'bad-message
                     (string-append "a message is an object, got "
                                    (field:json->text (car document)))))))

(define* (alist->message alist id received sent #:optional lossy?)
  "Return the <message> of ALIST, an object as %json-read gives it, like `bytes->message'.
LOSSY? says that bytes which were no UTF-8 have been replaced."
  (if (ancestor? alist)
      (check-message (ancestor->message alist) alist id received sent lossy?)
      (check-message alist alist id received sent lossy?)))

(define (check-version alist)
  (let ((pair (assq 'v alist)))
    (when (field:given? pair)
      (let ((version (cdr pair)))
        (unless (and (exact-integer? version) (positive? version))
          (field:complain 'v "a whole number from 1" version))
        (when (> version %version)
          (raise-error 'bad-message
                       (string-append "version " (number->string version) ", I speak "
                                      (number->string %version))))))))

(define (check-message alist raw id received sent lossy?)
  "Return the <message> of ALIST, which came as RAW."
  (check-version alist)
  (let* ((monitor (field:monitor (assq 'monitor alist)))
         (tag (field:tag (assq 'tag alist)))
         (kind (or (field:kind (assq 'kind alist)) 'bark))
         (time (field:time (assq 'time alist)))
         (outcome (json->outcome (assq 'outcome alist)))
         (state (field:state (assq 'state alist))))
    (unless (or monitor tag)
      (raise-error 'bad-message "neither 'tag' nor 'monitor'"))
    (make-message id
                  (field:text (assq 'sender alist))
                  (field:sequence-number (assq 'seq alist))
                  (moment kind time sent received)
                  received sent time
                  (or (field:host (assq 'host alist)) "unknown")
                  (if monitor (short-name monitor) "message")
                  (or tag (short-name monitor))
                  kind
                  (told-state kind state outcome)
                  (or (field:text (assq 'summary alist))
                      (if outcome (outcome->text outcome) ""))
                  (field:text (assq 'run alist))
                  outcome
                  (or (field:object (assq 'fields alist)) '())
                  (map vector->list (vector->list (or (field:facts (assq 'facts alist)) #())))
                  (vector->list (or (field:strings (assq 'replaces alist)) #()))
                  (field:duration (assq 'every alist))
                  (field:addresses (assq 'mailto alist))
                  (flags alist time sent received lossy?)
                  raw)))

(define (told-state kind state outcome)
  "Return the state that a message of KIND tells, which says STATE (or #f) and has OUTCOME (or
#f); #f when it tells none."
  (case kind
    ((bark result) (or state (and outcome (outcome-state outcome))))
    ((ping) (or state 'ok))
    (else #f)))

(define (flags alist time sent received lossy?)
  "Return what is odd about a message: `lossy', `odd-time' (it cannot be believed), `skew'."
  (let* ((odd? (if time
                   (let ((age (- (or sent received) time)))
                     (or (>= age %oldest) (< age (- %most-skew))))
                   (field:given? (assq 'time alist))))
         (flags (if (skewed? sent received) '(skew) '()))
         (flags (if odd? (cons 'odd-time flags) flags)))
    (if lossy? (cons 'lossy flags) flags)))


;;; To the queue, and to programs.

(define (message->json message)
  "Return MESSAGE as an alist for `%json-write', with every default of MESSAGE.md filled in, its
`id' and `received', and what it said besides."
  (append (pairs 'id (message-id message)
                 'received (milliseconds->json (message-received message)))
          (pairs 'sender (message-sender message)
                 'seq (message-seq message))
          (make-bark #:host (message-host message)
                     #:monitor (message-monitor message)
                     #:tag (message-tag message)
                     #:kind (message-kind message)
                     #:state (message-state message)
                     #:summary (message-summary message)
                     #:run (message-run message)
                     #:outcome (message-outcome message)
                     #:fields (message-fields message)
                     #:facts (message-facts message)
                     #:replaces (message-replaces message)
                     #:every (message-every message)
                     #:mailto (message-mailto message)
                     #:time (message-at message))))
