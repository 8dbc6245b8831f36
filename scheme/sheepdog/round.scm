;;; round.scm -- waiting messages become events, states, facts and decisions
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Steps 2 to 4 of a message's way on the server: count the attempt and commit; decode
;; and run the receiver, which touches nothing; enter all that follows, and that it is done, in one
;; transaction.  A batch shares each of these commits.
;;
;; A receiver that fails, or of which the process died, costs its own message nothing but its
;; actions: event, state and notification are entered at once, and only the receiver is tried again,
;; alone, after what else waits (see (sheepdog suspect)).  As long as a plugin has something to do
;; of what is entered, what comes for it follows that.  What was under way when the process died
;; of nobody knows what is tried alone, too: then only the poison dies of it.

(define-module (sheepdog round)
  #:use-module (sheepdog awaited)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog claim)
  #:use-module (sheepdog core)
  #:use-module (sheepdog death)
  #:use-module (sheepdog decide)
  #:use-module (sheepdog error)
  #:use-module (sheepdog fact)
  #:use-module (sheepdog hole)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog item)
  #:use-module (sheepdog known)
  #:use-module (sheepdog life)
  #:use-module (sheepdog message)
  #:use-module ((sheepdog outbox) #:select (put-out!))
  #:use-module (sheepdog policy)
  #:use-module (sheepdog quiet)
  #:use-module (sheepdog receiver)
  #:use-module (sheepdog recount)
  #:use-module (sheepdog revision)
  #:use-module (sheepdog route)
  #:use-module ((sheepdog run) #:select (index-rest-of-runs!))
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog suspect)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:export (handle-waiting! plan-waiting retry-versions!))

(define %most-retries 100)                        ;of receivers, in one call
(define %most-together 32)                        ;that never failed, in one of these: 8 MiB at most
(define %longest-retries 1)                       ;s that they may take, then others have their turn


;;; Step 4.

(define (message->result message row at)
  (make-result (message-state message) at (message-received message)
               (if (message-sender message) (vector-ref row 3) 0)
               (vector-ref row 4)
               (message-id message)
               (message-summary message)))

(define (event-row message at)
  (list (message-id message) at (message-received message)
        (message-host message) (message-tag message) (message-monitor message)
        (message-kind message) (or (message-state message) "")
        (message-summary message)
        (and=> (message-outcome message)
               (lambda (outcome) (assq-ref outcome 'elapsed)))
        (and (tells-facts? message) (message-at message))))

(define (tells-facts? message)
  (not (and (null? (message-facts message)) (null? (message-replaces message)))))

(define (item-origin batch item)
  "Return where the claims of the message of ITEM are from."
  (let ((message (item-message item)) (row (item-row item)))
    (origin (message-at message) (message-id message)
            (sender-name batch (row-sender row)) (vector-ref row 4))))

(define (notes-of effects)
  (filter-map (match-lambda
                (('note key text) (list key text))
                (_ #f))
              effects))

(define (enter-result! batch matter message row notes)
  "Enter the state that MESSAGE tells, and tell of it; return when it counts as having
happened."
  (let* ((before (matter-subject matter))
         (result (result-in-order before (message->result message row (message-at message))
                                  (batch-now batch))))
    (cond (result
           (live-result! batch matter result)
           (tell-result! batch matter before message notes)
           (result-at result))
          (else
           (let ((at (time-when-older before (message-at message))))
             (note-older! batch matter at)
             (tell-older! batch matter message notes)
             at)))))

(define (tell-notes! batch item notes)
  (when (pair? notes)
    (let ((matter (matter-of batch item)))
      (when matter
        (for-each (lambda (note) (tell-note! batch matter (item-message item) note))
                  notes)))))

(define (enter-effects! batch item)
  "Do what the effects of ITEM say but for the notes."
  (define message (item-message item))
  (define (claim! proc relation host arguments place)
    (proc (batch-facts batch) relation host arguments (item-origin batch item) place))
  (for-each
   (lambda (effect place)
     (match effect
       (('fact relation host . arguments) (claim! store-fact! relation host arguments place))
       (('end-fact relation host . arguments) (claim! end-fact! relation host arguments place))
       (('note . _) #t)
       (('do action)
        (put-out! (batch-db batch) action
                  #:recipient (match action
                                (('log . _) "log")
                                (_ (destination->text action)))
                  #:now (batch-now batch)
                  #:event (message-id message)))))
   (item-effects item)
   (iota (length (item-effects item)))))

(define (matter-of batch item)
  "Return the matter that the message of ITEM is about, or #f: its sender has begun too many."
  (let ((message (item-message item)))
    (matter batch (message-host message) (message-tag message) (message-monitor message)
            (message-at message) (row-sender (item-row item)))))

(define (enter-heard! batch matter message)
  "Enter that MATTER was heard of by MESSAGE; return that, judged by what is expected."
  (set-matter-subject! matter
                       (hear (matter-subject matter) (message-monitor message)
                             (message-at message) (message-every message)))
  (judged batch matter message))

(define (enter-state! batch item matter message notes)
  "Enter the state of MATTER, if MESSAGE tells one, and what comes of NOTES; return when it counts as
having happened."
  (cond ((and matter (message-state message))
         (enter-result! batch matter message (item-row item) notes))
        (else
         (tell-notes! batch item notes)
         (message-at message))))

(define (enter-told! batch item matter)
  "Enter event, facts and state of the message of ITEM, which is about MATTER (#f: its kind
tells of none), and the effects of its receiver."
  (let* ((message (if matter
                      (enter-heard! batch matter (item-message item))
                      (item-message item)))
         (at (enter-state! batch item matter message (notes-of (item-effects item)))))
    (add-event! batch (event-row message at))
    (when matter
      (note-host! batch (message-host message) (message-at message) (message-id message))
      (await! batch matter message at))
    (when (tells-facts? message)
      (take-facts! (batch-facts batch) (message-host message) (message-facts message)
                   (message-replaces message) (item-origin batch item)))
    (enter-effects! batch item)))

(define (enter-message! batch item)
  "Enter all that the message of ITEM says; return #f, and enter nothing, when its sender told of
too many subjects before."
  (if (eq? 'log (message-kind (item-message item)))
      (begin
        (enter-told! batch item #f)
        #t)
      (let ((matter (matter-of batch item)))
        (and matter
             (begin
               (enter-told! batch item matter)
               #t)))))

(define (enter-again! batch item)
  "Enter what the receiver of ITEM, whose message was entered before, has come to now."
  (tell-notes! batch item (notes-of (item-effects item)))
  (enter-effects! batch item))

(define (last-try? item)
  (or (item-final? item)
      (>= (+ 1 (row-attempts (item-row item))) %most-attempts)))

(define (why-aside item)
  (if (item-final? item)
      (item-trouble item)
      (string-append "its receiver failed " (number->string %most-attempts) " times: "
                     (item-trouble item))))

(define (keep-aside! db item now reason)
  "Put ITEM aside because of REASON."
  (%log 'warning (format #f "message ~a of ~a is aside: ~a" (item-id item)
                         (sender-words db (row-sender (item-row item))) reason))
  (put-aside! db (item-id item) now reason))

(define (enter-item! batch item)
  "Enter ITEM and decide what becomes of it: it is done, aside, or its receiver is tried later."
  (let ((db (batch-db batch))
        (id (item-id item))
        (row (item-row item))
        (message (item-message item)))
    (define (aside reason)
      (settle-postponed! db id)
      (keep-aside! db item (batch-now batch) reason))
    (cond ((and message (not (row-entered? row)) (not (enter-message! batch item)))
           (aside (string-append "too many subjects from " (sender-words db (row-sender row)))))
          (else
           (when (and message (row-entered? row))
             (enter-again! batch item))
           (cond ((item-later? item)
                  (postpone! db id (plugin-of message) (row-attempts row)))
                 ((not (item-trouble item))
                  (when (row-entered? row)
                    (settle-postponed! db id)))
                 ((last-try? item) (aside (why-aside item)))
                 (else
                  (postpone! db id (plugin-of message) (+ 1 (row-attempts row)))))))))

(define (revise-late! batch)
  "Make the rows of facts that came late anew."
  (when (late-facts? (batch-facts batch))
    (write-events! batch)
    (revise! (batch-facts batch))))

(define (enter-items! db policy items now)
  "Enter ITEMS in one transaction.  Those that somebody else handled meanwhile are left out."
  (call-with-batch db policy now
    (lambda (batch)
      (let* ((waiting (still-waiting db (item-id (first items)) (item-id (last items))))
             (items (if (equal? waiting (map item-id items))
                        items
                        (filter (lambda (item) (memv (item-id item) waiting)) items))))
        (for-each (lambda (item) (enter-item! batch item)) items)
        (rebuild-older! batch)
        (revise-late! batch)
        (note-growth! batch)
        (heed-messages! batch (filter-map item-message items))
        (handled! db (map item-id items))
        (note-receivers! db policy (filter-map item-outcome items) now)
        (note-clocks! db policy (filter-map item-message items) now)))))

(define (enter-postponed! db policy items now)
  "Enter what the receivers of ITEMS, whose messages were entered before, have come to.  The process
did not die of them: theirs is a plugin like any other."
  (call-with-batch db policy now
    (lambda (batch)
      (for-each (lambda (item) (enter-item! batch item)) items)
      (revise-late! batch)
      (for-each (lambda (plugin) (clear-suspect! db plugin))
                (delete-duplicates (map plugin-of (filter-map item-message items))))
      (note-receivers! db policy (filter-map item-outcome items) now))))

(define (item-outcome item)
  "Return what `note-receivers!' wants to know of ITEM, or #f: nothing about its receiver."
  (let ((message (item-message item)))
    (and message
         (not (item-final? item))
         (not (item-later? item))
         (list (message-monitor message) (item-id item) (item-trouble item)))))


;;; A round.

(define (fresh? row)
  (zero? (row-attempts row)))

;; ENTER is called without arguments, UNCOUNT with the ids of ITEMS.
(define (enter-or-count! db items now enter uncount)
  "Call ENTER for ITEMS.  When that breaks because of what they are, and not because the database
does, they are tried alone next, and a single one goes aside in the end: nothing blocks what comes
behind it."
  (catch #t
    enter
    (lambda (key . arguments)
      (let ((text (exception->text key arguments)))
        (when (or (eq? key 'quit) (error-code? 'database-failed key arguments))
          (uncount (map item-id items))
          (apply throw key arguments))
        (%log 'error (format #f "message ~a: ~a" (item-id (first items)) text))
        (match items
          ((item)
           (when (>= (+ 1 (row-attempts (item-row item))) %most-attempts)
             (with-transaction db
               (settle-postponed! db (item-id item))
               (keep-aside! db item now text))))
          (_ #t))))))

(define (handle-items! db policy items now)
  (enter-or-count! db items now
                   (lambda () (enter-items! db policy items now))
                   (lambda (ids) (uncount-attempts! db ids))))

(define (handle-rows! db policy suspects rows now)
  "Handle ROWS, which wait, together."
  (count-attempts! db (map row-id rows))
  (handle-items! db policy (rows->items policy suspects rows) now))

(define (handle-alone! db policy suspects row now)
  "Handle ROW, which was tried before, by itself; put it aside when the process died of it."
  (cond ((> (row-attempts row) %most-attempts)
         (count-attempts! db (list (row-id row)))
         (handle-items! db policy (list (dead-item row)) now))
        (else (handle-rows! db policy suspects (list row) now))))

(define (handle-postponed! db policy rows now)
  "Try the receivers of the messages of ROWS, and nothing else of them."
  (count-postponed! db (map row-id rows))
  (let ((items (if (>= (row-attempts (first rows)) %most-attempts)
                   (map dead-item rows)
                   (rows->items policy '() rows))))
    (enter-or-count! db items now
                     (lambda () (enter-postponed! db policy items now))
                     (lambda (ids) (uncount-postponed! db ids)))))

(define (handle-all-postponed! db policy now)
  "Try the receivers that are to be tried, as many as there is time for; return how many."
  (let ((end (+ (get-internal-real-time)
                (* %longest-retries internal-time-units-per-second))))
    (let loop ((tries 0) (count 0))
      (match (if (and (< tries %most-retries)
                      (< (get-internal-real-time) end))
                 (next-postponed db now %most-together)
                 '())
        (() count)
        (rows
         (handle-postponed! db policy rows now)
         (loop (+ tries 1) (+ count (length rows))))))))

(define (retry-versions! db)
  "Let the messages of versions that we did not speak before wait again."
  (retry-newer! db %version))

(define* (handle-waiting! db config now #:key (limit 1000) (clock (%monotonic)))
  "Handle what waits in DB at NOW (ms) under CONFIG, at most LIMIT messages in the order of their
arrival, those of one sender in that of their numbers; return how many were looked at, 0 when
nothing waits.  CLOCK is the monotonic time."
  (let ((policy (policy config)))
    (heed-death! db policy (%last-death) now)
    (let-go! db clock)
    ;; What died keeps its place: later messages of its sender come after it.
    (receive (batch others) (span fresh? (waiting-messages db limit))
      (let ((suspects (append (suspects db) (postponed-plugins db)))
            (alone (if (null? batch)
                       (take-while (negate fresh?) others)
                       '())))
        (unless (null? batch)
          (handle-rows! db policy suspects batch now))
        (for-each (lambda (row) (handle-alone! db policy suspects row now)) alone)
        (when (and (null? batch) (null? alone))
          (index-rest! db)
          (index-rest-of-runs! db))
        (+ (length batch) (length alone) (handle-all-postponed! db policy now))))))

(define* (plan-waiting db config #:key (limit 1000))
  "Return what the first LIMIT messages that wait in DB would cause under CONFIG, and change
nothing: a list of (ID \"HOST/TAG\"|#f ACTIONS TROUBLE|#f)."
  (map (match-lambda
         (#(id attempts trouble sender seq received sent body length entered?)
          (catch #t
            (lambda ()
              (let ((message (bytes->message body id received sent)))
                (list id (message-subject message) (receive-message message config) trouble)))
            (lambda (key . arguments)
              (list id #f '() (exception->text key arguments))))))
       (waiting-messages db limit)))
