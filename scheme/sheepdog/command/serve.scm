;;; serve.scm -- the loop of sheepdog-queue-daemon and sheepdog-handler
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command serve)
  #:use-module ((sheepdog batch) #:select (%awake?))
  #:use-module (sheepdog clock)
  #:use-module (sheepdog command reload)
  #:use-module (sheepdog command service)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog due)
  #:use-module (sheepdog error)
  #:use-module (sheepdog outage)
  #:use-module (sheepdog perform)
  #:use-module (sheepdog policy)
  #:use-module ((sheepdog repl) #:select (close-repl!))
  #:use-module (sheepdog round)
  #:use-module (sheepdog standalone)
  #:use-module (sheepdog station)
  #:use-module (sheepdog store)
  #:use-module (sheepdog suspicion)
  #:use-module (sheepdog trouble)
  #:use-module (sheepdog uptime)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-9)
  #:export (serve))

(define %batch 2000)
(define %patience 1.0)                            ;s to wait in the queue: a signal waits as long
(define %effects 50)                              ;outbox rows between two batches

;; What a reload changes.
(define-record-type <server>
  (make-server program role file db options performer stations suspicion hearing config settings queue
               repl)
  server?
  (program server-program)                        ;string
  (role server-role)                              ;symbol: queue-daemon handler
  (file server-file)                              ;string: the database
  (db server-db)
  (options server-options)                        ;alist
  (performer server-performer)                    ;performer | #f: leaves what is timed to another
  (stations server-stations)                      ;what fails of the loop
  (suspicion server-suspicion)                    ;suspicion | #f: leaves that to another, too
  (hearing server-hearing)                        ;hearing | #f: likewise
  (config server-config set-server-config!)
  (settings server-settings set-server-settings!)
  (queue server-queue set-server-queue!)          ;queue | #f: not open
  (repl server-repl set-server-repl!))            ;<repl> | #f: none

(define (worker-name)
  (format #f "~a:~a:~a" (gethostname) (getpid) (%random-hex 4)))

(define (queue! server)
  "Return the queue of SERVER, opened if it is not."
  (or (server-queue server)
      (let ((queue (%queue-open (server-settings server) (worker-name))))
        (set-server-queue! server queue)
        ;; Whose database this is: `sheepdog status' answers from no other queue's.
        (set-mark! (server-db server) "queue"
                   (assq-ref (%settings->alist (server-settings server)) 'queue))
        queue)))

(define (repl! server)
  "Let SERVER have the REPL that its configuration wants.  Of several handlers none has one."
  (when (eq? 'queue-daemon (server-role server))
    (set-server-repl! server
                      (renew-repl (server-repl server) (server-program server)
                                  (server-config server) (server-db server)))))

(define (close-queue! server)
  (when (server-queue server)
    (%queue-close! (server-queue server))
    (set-server-queue! server #f)))


;;; The work.

(define (take-in! server patience)
  "Store what the queue has; wait PATIENCE seconds for the first.  Return how many came."
  (match (%take-in! (queue! server) (server-db server) %batch patience)
    (#(claimed stored duplicates)
     (when (positive? claimed)
       (%log 'debug (format #f "~a messages from the queue, ~a of them new" claimed stored)))
     claimed)))

(define (handle! server)
  "Handle a batch of what waits; return how many messages that were, 0 when another process is
at it."
  (let ((count (or (with-round-lock (server-file server) 1
                     (lambda ()
                       (handle-waiting! (server-db server) (server-config server) (%now)
                                        #:limit %batch)))
                   0)))
    ;; Who has come so far is no worker that dies at its start: if it dies now, the next starts at
    ;; once.
    (when (positive? count)
      (%notify-manager "WATCHDOG=1"))
    count))

(define (take-in-trouble server now)
  "Return since when (ms) SERVER cannot read its queue, and why, as a pair; #f: it can."
  (let ((trouble (trouble (server-stations server) 'take-in)))
    (and trouble
         (cons (- now (- (%monotonic) (trouble-since trouble)))
               (trouble-text trouble)))))

(define (hear! server idle?)
  "Note whether SERVER hears what is sent, if that is ours to do; IDLE? says that nothing waits."
  (when (server-hearing server)
    (let ((now (%now)))
      (heed! (server-hearing server) (server-db server) (policy (server-config server))
             now (%monotonic) #:trouble (take-in-trouble server now) #:idle? idle?)))
  0)

(define (clock! server)
  "Do a slice of what is due, if that is ours to do; return how much that was."
  (or (and (server-performer server)
           (with-round-lock (server-file server) 1
             (lambda ()
               (run-due! (server-db server) (server-config server) (%now)))))
      0))

(define (due-patience server now)
  "Return for how many seconds from NOW (ms) nothing is due; #f: for ever, or it is not ours."
  (let ((next (and (server-performer server) (next-due (server-db server)))))
    (and next (max 0.0 (/ (- next now) 1000.0)))))

(define* (perform! server limit #:key (patience 0))
  "Go on with what leaves the process, see `perform-outbox!'; return how much that was."
  (if (server-performer server)
      (perform-outbox! (server-performer server) (server-db server) (server-config server) (%now)
                       #:limit limit #:patience patience)
      0))

(define (patience server busy?)
  "Return for how many seconds the queue may be waited for."
  (let ((performer (server-performer server)) (now (%now)))
    (if busy?
        0
        (min %patience
             (or (and performer (performer-patience performer now)) %patience)
             (or (due-patience server now) %patience)))))

(define (queued-since server)
  "Return when the oldest entry of the queue of SERVER came, in ms; #f: it has none, or cannot
tell."
  (with-error-handler
   (const #f)
   (lambda ()
     (match (%queue-depth (queue! server))
       (#(waiting claimed oldest) oldest)))))

(define (suspect! server)
  "Look at the server itself, if that is ours to do."
  (when (server-suspicion server)
    (look! (server-suspicion server) (server-db server) (policy (server-config server))
           (server-stations server) (lambda () (queued-since server)) (%now) (%monotonic)))
  0)

(define (check-database server)
  "Raise if the database of SERVER is no longer where it was: then everything we do is lost."
  (when (%db-moved? (server-db server))
    (raise-error 'database-failed
                 (string-append (server-file server)
                                " was removed or replaced while it was in use")
                 "restore it, then start again; nothing was acknowledged since")))

(define (work! server busy? wish?)
  "Go once through the work of SERVER; BUSY? says that there was some the last time.  Return
whether there was.  Once the thunk WISH? says that somebody wishes something, begin nothing more:
with a database that somebody holds each part takes seconds."
  (define (go name thunk)
    (or (and (not (wish?))
             (attempt (server-stations server) name (%monotonic) thunk
                      #:fail (lambda ()
                               (check-database server)
                               (when (eq? name 'take-in)
                                 (close-queue! server)))))
        0))
  (let* ((taken (go 'take-in (lambda () (take-in! server (patience server busy?)))))
         (handled (go 'handle (lambda () (handle! server))))
         ;; Before the clock, which finds nobody late while we were deaf.
         (heard (go 'hear (lambda () (hear! server (zero? (+ taken handled))))))
         (done (go 'clock (lambda () (clock! server))))
         (performed (go 'perform (lambda () (perform! server %effects)))))
    (go 'look (lambda () (suspect! server)))
    (check-database server)
    (%notify-manager "WATCHDOG=1")
    (positive? (+ taken handled done performed))))

(define (work-until-idle! server)
  "Do all that is to be done now, and wait for the programs that this starts."
  (define (hear!)
    (let ((waited (+ (take-in! server 0) (handle! server))))
      (when (and (zero? waited) (server-hearing server))
        (idle-call! (server-db server) (policy (server-config server)) (%now)))
      waited))
  (when (server-hearing server)
    (begin-call! (server-db server) (%now) (uptime)))
  (let loop ((patience 0))
    (%notify-manager "WATCHDOG=1")
    (let ((done (+ (hear!)
                   (clock! server)
                   (perform! server %batch #:patience patience))))
      (cond ((positive? done) (loop 0))
            ((and (server-performer server) (performing? (server-performer server)))
             (loop %patience))))))


;;; The loop.

(define (reload! server)
  "Read configuration and plugins of SERVER again, all or nothing, and tell what is bad."
  (let ((db (server-db server)))
    (receive (config settings outcomes)
        (reload (server-program server) (server-config server) (server-options server)
                (lambda (config)
                  (policy config)
                  (%settings (config-file config))))
      (note-configuration! db (policy config) (and settings #t) (%now))
      (when settings
        (set-server-config! server config)
        (close-queue! server)
        (set-server-settings! server settings)
        (repl! server)
        (note-plugins! db (policy config) outcomes (%now))))))

(define (rest server busy?)
  "Return for how many seconds to do nothing before the next work: as long as nobody waits in
the queue, since reading it failed."
  (let ((next (and (trouble (server-stations server) 'take-in)
                   (next-try (server-stations server)))))
    (if (and next (not busy?))
        (max 0.0 (min %patience (/ (- next (%monotonic)) 1000.0)))
        0)))

(define (run-loop server)
  "Work until somebody wishes us to stop."
  (define wish #f)
  (define (wish!)
    (set! wish (or wish (%pending-signal)))
    wish)
  (repl! server)
  (%notify-manager "READY=1")
  (%log 'notice (format #f "serving ~a" (server-file server)))
  (let loop ((busy? #f))
    (match (or wish (wait-for-wish (rest server busy?)))
      ('stop
       (%notify-manager "STOPPING=1")
       (%log 'notice "stopping")
       (when (server-repl server)
         (close-repl! (server-repl server)))
       (when (server-performer server)
         (stop-performer! (server-performer server) (server-db server) (%now)))
       (when (server-suspicion server)
         (attempt (server-stations server) 'look (%monotonic)
                  (lambda () (remove-sign! (server-db server)))
                  #:wait? #f))
       0)
      ('reload
       (set! wish #f)
       (attempt (server-stations server) 'reload (%monotonic) (lambda () (reload! server))
                #:wait? #f)
       (loop #f))
      (#f
       (loop (work! server busy? wish!))))))

(define (print-plan server)
  "Print what the messages that wait would cause."
  (for-each (match-lambda
              ((id subject actions trouble)
               (format #t "~a ~a~%" id (or subject "?"))
               (for-each (lambda (action) (format #t "  ~s~%" action)) actions)
               (when trouble (format #t "  trouble: ~a~%" trouble))))
            (plan-waiting (server-db server) (server-config server) #:limit %batch))
  0)

(define (run-server server)
  (let ((option (lambda (key) (assq-ref (server-options server) key))))
    (unless (option 'dry-run)
      (retry-versions! (server-db server)))
    (cond ((option 'dry-run) (print-plan server))
          ((option 'once) (work-until-idle! server) 0)
          (else
           (parameterize ((%awake? #t))
             (run-loop server))))))

(define (refuse-second file pid)
  (raise-error 'usage
               (format #f "another sheepdog-queue-daemon, pid ~a, serves ~a" pid file)))

(define (serve role options)
  "Run the server in ROLE, queue-daemon or handler, under OPTIONS (see `call-as-service', and once,
dry-run); return the exit status."
  (let* ((role (if (string? role) (string->symbol role) role))
         (program (match role
                    ('queue-daemon "sheepdog-queue-daemon")
                    ('handler "sheepdog-handler"))))
    (call-as-service program options
      (lambda (config)
        (let* ((settings (%settings (config-file config)))
               (file (database-file (%settings->alist settings))))
          (call-with-store file 'create
            (lambda (db)
              (when (and (eq? role 'queue-daemon) (not (assq-ref options 'dry-run)))
                (match (%lock! (daemon-lock file) 2)
                  (#t #t)
                  (pid (refuse-second file pid))))
              (let* ((performer (and (eq? role 'queue-daemon) (open-performer file)))
                     (suspicion (and (eq? role 'queue-daemon) (make-suspicion)))
                     (server (make-server program role file db options performer (make-stations)
                                          suspicion (and performer (make-hearing))
                                          config settings #f #f)))
                (dynamic-wind
                  (const #t)
                  (lambda () (run-server server))
                  (lambda ()
                    (close-queue! server)
                    (when performer
                      (release-performer! performer))))))))))))
