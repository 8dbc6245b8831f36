;;; serve.scm -- the loop of sheepdog-queue-daemon and sheepdog-handler
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command serve)
  #:use-module (sheepdog command service)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog perform)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog round)
  #:use-module (sheepdog standalone)
  #:use-module (sheepdog store)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (serve))

(define %batch 2000)
(define %patience 1.0)                            ;s to wait in the queue: a signal waits as long
(define %effects 50)                              ;outbox rows between two batches
(define %longest-pause 30)                        ;s between two tries after an error

;; What a reload changes.
(define-record-type <server>
  (make-server program role file db options performer config settings queue)
  server?
  (program server-program)                        ;string
  (role server-role)                              ;symbol: queue-daemon handler
  (file server-file)                              ;string: the database
  (db server-db)
  (options server-options)                        ;alist
  (performer server-performer)                    ;performer | #f: leaves what is timed to another
  (config server-config set-server-config!)
  (settings server-settings set-server-settings!)
  (queue server-queue set-server-queue!))         ;queue | #f: not open

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
  (or (with-round-lock (server-file server) 1
        (lambda ()
          (handle-waiting! (server-db server) (server-config server) (%now)
                           #:limit %batch)))
      0))

(define* (perform! server limit #:key (patience 0))
  "Go on with what leaves the process, see `perform-outbox!'; return how much that was."
  (if (server-performer server)
      (perform-outbox! (server-performer server) (server-db server) (server-config server) (%now)
                       #:limit limit #:patience patience)
      0))

(define (patience server busy?)
  "Return for how many seconds the queue may be waited for."
  (let ((performer (server-performer server)))
    (if busy?
        0
        (min %patience
             (or (and performer (performer-patience performer (%now)))
                 %patience)))))

(define (work! server busy?)
  "Go once through the work of SERVER; BUSY? says that there was some the last time.  Return
whether there was."
  (let* ((taken (take-in! server (patience server busy?)))
         (handled (handle! server))
         (performed (perform! server %effects)))
    (%notify-manager "WATCHDOG=1")
    (positive? (+ taken handled performed))))

(define (work-until-idle! server)
  "Do all that is to be done now, and wait for the programs that this starts."
  (let loop ((patience 0))
    (let ((done (+ (take-in! server 0)
                   (handle! server)
                   (perform! server %batch #:patience patience))))
      (cond ((positive? done) (loop 0))
            ((and (server-performer server) (performing? (server-performer server)))
             (loop %patience))))))


;;; The loop.

(define (reload! server)
  "Read configuration and plugins of SERVER again; what is bad stays as it was, and is told."
  (let* ((old (server-config server))
         (new (reload-config (server-program server) old (server-options server)))
         (db (server-db server)))
    (unless (eq? new old)
      (set-server-config! server new)
      (close-queue! server)
      (set-server-settings! server (%settings (config-file new)))
      (%plugin-path (config-plugin-path new)))
    (note-configuration! db (policy new) (not (eq? new old)) (%now))
    (note-plugins! db (policy new) (reload-plugins!) (%now))))

(define (attempt server thunk)
  "Return what THUNK returns, or #f after an error, which is logged.  A lasting error is one
line, not many."
  (catch #t
    (lambda ()
      (let ((result (thunk)))
        (set! %last-error #f)
        result))
    (lambda (key . arguments)
      (when (eq? key 'quit)
        (apply throw key arguments))
      (let ((text (exception->text key arguments))
            (hint (exception->hint key arguments)))
        (unless (equal? text %last-error)
          (set! %last-error text)
          (%log 'error (if hint (string-append text "; " hint) text)))
        (close-queue! server)
        #f))))

(define %last-error #f)                           ;string: the error that lasts | #f

(define (run-loop server)
  "Work until somebody wishes us to stop."
  (%notify-manager "READY=1")
  (%log 'notice (format #f "serving ~a" (server-file server)))
  (let loop ((busy? #f) (pause 0))
    (match (wait-for-wish pause)
      ('stop
       (%notify-manager "STOPPING=1")
       (%log 'notice "stopping")
       (when (server-performer server)
         (stop-performer! (server-performer server) (server-db server) (%now)))
       0)
      ('reload
       (attempt server (lambda () (reload! server)))
       (loop #f 0))
      (#f
       (match (attempt server (lambda () (list (work! server busy?))))
         ((busy?) (loop busy? 0))
         (#f (loop #f (max 1 (min %longest-pause (* 2 pause))))))))))

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
    (cond ((option 'dry-run) (print-plan server))
          ((option 'once) (work-until-idle! server) 0)
          (else (run-loop server)))))

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
                     (server (make-server program role file db options performer config settings
                                          #f)))
                (dynamic-wind
                  (const #t)
                  (lambda () (run-server server))
                  (lambda ()
                    (close-queue! server)
                    (when performer
                      (release-performer! performer))))))))))))
