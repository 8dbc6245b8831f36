;;; standalone.scm -- a machine that is its own server: everything that waits, drained in one go
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The spool goes to the queue; where the queue is local and no sheepdog-queue-daemon works on it,
;; its messages are stored, handled and told of at once, by one process at a time (COMMANDS 5).

(define-module (sheepdog standalone)
  #:use-module (sheepdog asking)
  #:use-module (sheepdog clock)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog hand-over)
  #:use-module (sheepdog log)
  #:use-module (sheepdog outage)
  #:use-module (sheepdog perform)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog round)
  #:use-module (sheepdog store)
  #:use-module (sheepdog uptime)
  #:use-module (ice-9 match)
  #:re-export (hand-over!)
  #:export (standalone? drain-queue! drain!
            call-with-store with-round-lock daemon-lock call-with-plugins
            call-with-performer))

(define %batch 1000)

(define (daemon-lock file)
  "Return the file that the queue daemon on the database FILE locks for as long as it lives."
  (string-append file ".daemon"))

(define (round-lock file)
  "Return the file that is locked while messages of the database FILE are handled."
  (string-append file ".round"))

(define (call-with-store file mode proc)
  "Call PROC with the store in FILE, opened for MODE, and close it on every exit.  Questions of
receivers go to it."
  (let ((db (open-store file mode)))
    (questions-go-to! file)
    (dynamic-wind
      (const #t)
      (lambda () (proc db))
      (lambda () (%db-close! db)))))

(define (with-round-lock file patience thunk)
  "Call THUNK while nobody else handles messages of the database FILE, and return what it returns;
#f when that did not come about within PATIENCE seconds."
  (let ((lock (round-lock file)))
    (and (eq? #t (%lock! lock patience))
         (dynamic-wind
           (const #t)
           thunk
           (lambda () (%unlock! lock))))))

(define (call-with-plugins config thunk)
  "Call THUNK with the plugins sought where CONFIG says."
  (parameterize ((%plugin-path (config-plugin-path config)))
    (thunk)))

(define (daemon-of file)
  "Return the pid of the queue daemon on the database FILE, or #f if there is none."
  (let ((lock (daemon-lock file)))
    (match (%lock! lock 0)
      (#t (%unlock! lock) #f)
      (pid pid))))

(define (call-with-performer file proc)
  "Call PROC with a performer of the outbox in FILE; programs that still run when it returns are
ended."
  (let ((performer (open-performer file)))
    (dynamic-wind
      (const #t)
      (lambda () (proc performer))
      (lambda () (release-performer! performer)))))

(define %programs-patience 0.2)                   ;s between two looks at the queue meanwhile

(define* (drain-all! db queue performer config #:key wait?)
  "Take in, handle, do what is due and perform until nothing waits that could be done now; with
WAIT?, until no program runs either."
  (define (hear!)
    (let ((waited (+ (match (%take-in! queue db %batch 0)
                       (#(claimed stored duplicates) claimed))
                     (handle-waiting! db config (%now) #:limit %batch))))
      (when (zero? waited)
        (idle-call! db (policy config) (%now)))
      waited))
  (begin-call! db (%now) (uptime))
  (let loop ((patience 0))
    (%notify-manager "WATCHDOG=1")
    (let ((done (+ (hear!)
                   (run-due! db config (%now))
                   (perform-outbox! performer db config (%now) #:patience patience))))
      (cond ((positive? done) (loop 0))
            ((and wait? (performing? performer)) (loop %programs-patience))))))

(define* (drain-queue! settings config #:key (patience 10) (log? #t) performer)
  "Store, handle and tell of all that waits in the local queue of SETTINGS under CONFIG, unless a
queue daemon does; another process that is at it is waited for, PATIENCE seconds at most, since it
may not have seen what came last.  Mailers and the like that this starts are waited for, or go on for
PERFORMER, whose owner calls again soon.  Notifications to the log go where CONFIG says, unless LOG?
is false: the caller has opened it.  Return `drained', `left-to-daemon' or `left-to-other'."
  (when log?
    (open-log! "sheepdog" config))
  (let ((file (database-file (%settings->alist settings))))
    (define (drain! db performer wait?)
      (call-with-queue settings
        (lambda (queue)
          (call-with-plugins config
            (lambda ()
              (retry-versions! db)
              (drain-all! db queue performer config #:wait? wait?))))))
    (call-with-store file 'create
      (lambda (db)
        (cond ((daemon-of file) 'left-to-daemon)
              ((with-round-lock file patience
                 (lambda ()
                   (if performer
                       (drain! db performer #f)
                       (call-with-performer file
                         (lambda (performer) (drain! db performer #t))))
                   #t))
               'drained)
              (else 'left-to-other))))))

(define (standalone? settings)
  "Is the machine of SETTINGS its own server?"
  (assq-ref (%settings->alist settings) 'standalone))

(define* (drain! config #:key (patience 10) (limit 600) (log? #t) performer)
  "Send what waits under CONFIG: the spool to the queue, for LIMIT seconds at most, and, standalone,
the queue into the database.  The others are as for `drain-queue!'.  Return two values: how many
messages left the spool; and what became of the queue, `remote' or as `drain-queue!' says.  A
configuration with errors makes no machine standalone: then raise `bad-configuration'."
  (let* ((settings (%settings (config-file config)))
         (standalone? (standalone? settings)))
    (unless (or (config-good? config) (not standalone?))
      (raise-error 'bad-configuration "the configuration has errors"
                   "'sheepdog config check' lists all of them"))
    (let ((count (hand-over! settings #:limit limit)))
      (values count
              (if standalone?
                  (drain-queue! settings config #:patience patience #:log? log?
                                #:performer performer)
                  'remote)))))
