;;; daemon.scm -- the loop of sheepdog-daemon: the heartbeat, and the spool's drain
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command daemon)
  #:use-module (sheepdog command reload)
  #:use-module (sheepdog command service)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog message)
  #:use-module (sheepdog perform)
  #:use-module (sheepdog policy)
  #:use-module ((sheepdog repl) #:select (close-repl!))
  #:use-module (sheepdog spool-level)
  #:use-module (sheepdog standalone)
  #:use-module (sheepdog text)
  #:use-module (sheepdog uptime)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:export (watch heartbeat-message jittered next-drain look-at))

(define %program "sheepdog-daemon")
;; The loop counts by the monotonic clock: steps of the wall clock change no pause.
(define %drain 60000)                             ;ms between two drains where nothing waits
(define %look 5000)                               ;ms between two looks into the spool meanwhile
(define %retry 10000)                             ;ms at most till a queue that is away is tried again
(define %drain-limit 5)                           ;s of draining between two turns of the loop
(define %shift 10)                                ;percent by which heartbeats are spread

(define (jittered ms random)
  "Return MS shifted by up to 10 percent, as RANDOM, a real number from 0 to 1, says: so that the
machines of a herd do not all speak at once."
  (let ((most (* ms %shift 1/100)))
    (inexact->exact (round (+ (- ms most) (* 2 most random))))))

(define (heartbeat config)
  "Return the ms between two heartbeats under CONFIG, or #f: none."
  (match (config-ref config 'heartbeat)
    ((or 'no #f) #f)
    (ms ms)))

(define (heartbeat-message host heartbeat uptime now)
  "Return the PING of HOST, UPTIME ms after its start (#f: not known), at NOW: its silence is noticed
after three that are missing, and which runs its start has ended."
  (make-bark #:host host #:kind 'ping #:tag "PING" #:monitor "message"
             #:fields (if uptime `((uptime . ,(quotient uptime 1000))) '())
             #:every (* 3 heartbeat) #:time now))

(define (machine-of settings)
  (assq-ref (%settings->alist settings) 'name))

(define (beat! config settings)
  "Say that this machine lives, and how its spool is."
  (let ((period (heartbeat config)))
    (when period
      (let* ((spool (%spool-open settings))
             (alist (%settings->alist settings))
             (level (spool-message (assq-ref alist 'name) (%spool-depth spool)
                                   (assq-ref alist 'spool-messages)
                                   (assq-ref alist 'spool-bytes) (%now))))
        (%spool-put! spool (heartbeat-message (assq-ref alist 'name) period (uptime) (%now)))
        (%spool-put! spool level)
        (%log 'info "heartbeat in the spool")))))

(define (tell-delivery count fate)
  "Log that COUNT messages have left the spool, and what became of the queue, FATE as of `drain!'."
  (when (positive? count)
    (%log 'info (string-append (plural count "message") " left the spool"
                               (match fate
                                 ((or 'remote 'drained) "")
                                 ('left-to-daemon "; a queue daemon goes on")
                                 ('left-to-other "; another process goes on"))))))

(define* (deliver! config #:optional performer)
  "Send what waits in the spool, mails for PERFORMER; an error is logged: it goes the next time.
Return #f then, else how many messages left the spool."
  (with-error-handler
   (lambda (code text hint)
     (unless (equal? text %last-trouble)
       (set! %last-trouble text)
       (%log 'warning text))
     #f)
   (lambda ()
     (receive (count fate) (drain! config #:limit %drain-limit #:log? #f #:performer performer)
       (tell-delivery count fate)
       (set! %last-trouble #f)
       count))))

(define %last-trouble #f)                         ;string: the error that lasts | #f

(define (waiting? settings)
  "Does the spool of SETTINGS hold anything: to be sent, or not acknowledged?"
  (match (%spool-depth (%spool-open settings))
    (#(waiting sent bad bytes oldest) (positive? (+ waiting sent)))))

(define (next-drain clock count waiting? random)
  "Return when, after CLOCK, the spool is to be drained again.  COUNT messages went, #f: an error
came; WAITING? some remain.  RANDOM, from 0 to 1, spreads the machines of a herd whose queue or
server comes back over ten seconds."
  (cond ((not waiting?) (+ clock %drain))
        ((and count (positive? count)) clock)
        (else (+ clock (inexact->exact (round (* %retry (/ (+ 1 random) 2))))))))

(define (quiet? clock drain-at)
  "Is there time for looks between CLOCK and DRAIN-AT?"
  (> (- drain-at clock) %retry))

(define (look-at clock drain-at)
  "Return when to look into the spool, which is to be drained at DRAIN-AT if nothing waits: jobs may
leave something there while the queue is away."
  (if (quiet? clock drain-at)
      (+ clock %look)
      drain-at))

(define (waits? settings)
  "Does the spool of SETTINGS hold anything that the queue does not have?"
  (match (%spool-depth (%spool-open settings))
    (#(waiting sent bad bytes oldest) (positive? waiting))))

(define (guarded thunk)
  "Call THUNK; log an error of ours, such as a full disk, and return #f then."
  (with-error-handler
   (lambda (code text hint) (%log 'error text) #f)
   thunk))

(define (next-beat config clock)
  (let ((period (heartbeat config)))
    (and period (+ clock (jittered period (random:uniform))))))

(define (database settings)
  (database-file (%settings->alist settings)))

(define (performer-of settings)
  "Return the performer of a machine that is its own server under SETTINGS, #f for another."
  (and (standalone? settings)
       (open-performer (database settings))))

(define (rest-performer! performer)
  "Let others perform while nothing runs for PERFORMER."
  (when (and performer (not (performing? performer)))
    (release-performer! performer)))

(define (end-performer! performer settings)
  "Give the programs of PERFORMER time to end."
  (when (and performer (performing? performer))
    (guarded
     (lambda ()
       (call-with-store (database settings) 'read-write
         (lambda (db) (stop-performer! performer db (%now))))))))

(define (next-turn beat-at drain-at performer)
  "Return the seconds to the next turn, at BEAT-AT (#f: never) or DRAIN-AT, monotonic ms, or when a
program of PERFORMER may have ended."
  (let ((turn (max 0.05 (/ (- (if beat-at (min beat-at drain-at) drain-at) (%monotonic))
                           1000.0)))
        (programs (and performer (performing? performer)
                       (performer-patience performer (%now)))))
    (if programs (min turn programs) turn)))

(define (drain-turn! config settings performer)
  "Drain the spool of SETTINGS for a while, if there is anything; return when to do so again."
  (let ((count (if (or performer (waiting? settings))
                   (deliver! config performer)
                   0)))
    (next-drain (%monotonic) count (waits? settings) (random:uniform))))

(define (run-loop config options)
  "Keep the heartbeat, drain the spool and, where this machine is its own server, tell people, until
somebody wishes us to stop."
  (%notify-manager "READY=1")
  (set! *random-state* (random-state-from-platform))
  (let begin ((config config)
              (settings (%settings (config-file config)))
              (repl (renew-repl #f %program config)))
    (let ((performer (performer-of settings)))
      (let loop ((beat-at (and (heartbeat config) (%monotonic)))
                 (drain-at (%monotonic)))
        (let* ((clock (%monotonic))
               (beat? (and beat-at (>= clock beat-at)))
               (drain? (or (>= clock drain-at)
                           (and (quiet? clock drain-at)
                                (guarded (lambda () (waits? settings)))))))
          (define (turn!)
            (when beat?
              (guarded (lambda () (beat! config settings))))
            (if (or beat? drain? (and performer (performing? performer)))
                (let ((next (guarded (lambda () (drain-turn! config settings performer)))))
                  (rest-performer! performer)
                  (or next (+ clock %drain)))
                drain-at))
          (let ((drain-at (turn!))
                (beat-at (if beat? (next-beat config clock) beat-at)))
            (%notify-manager "WATCHDOG=1")
            (match (wait-for-wish (next-turn beat-at (look-at clock drain-at) performer))
              ('stop
               (%notify-manager "STOPPING=1")
               (when repl (close-repl! repl))
               (end-performer! performer settings)
               0)
              ('reload
               (end-performer! performer settings)
               (receive (config new outcomes)
                   (reload %program config options
                           (lambda (config) (%settings (config-file config))))
                 (begin config (or new settings) (renew-repl repl %program config))))
              (#f (loop beat-at drain-at)))))))))

(define (run-once config)
  (let ((settings (%settings (config-file config))))
    (beat! config settings)
    (if (deliver! config) 0 2)))

(define (print-messages config)
  "Print the messages of one round."
  (let ((period (heartbeat config)))
    (when period
      (display (%json-write (heartbeat-message (machine-of (%settings (config-file config)))
                                               period (uptime) (%now))))
      (newline))
    0))

(define (watch options)
  "Run sheepdog-daemon under OPTIONS (see `call-as-service', and once, dry-run); return the exit
status."
  (call-as-service %program options
    (lambda (config)
      (cond ((assq-ref options 'dry-run) (print-messages config))
            ((assq-ref options 'once) (run-once config))
            (else (run-loop config options))))))
