;;; daemon.scm -- the loop of sheepdog-daemon: the heartbeat, and the spool's drain
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command daemon)
  #:use-module (sheepdog command service)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog message)
  #:use-module (sheepdog standalone)
  #:use-module (ice-9 match)
  #:export (watch heartbeat-message jittered))

(define %program "sheepdog-daemon")
(define %drain 60000)                             ;ms between two looks into the spool
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

(define (heartbeat-message host heartbeat now)
  "Return the PING of HOST at NOW: its silence is noticed after three that are missing."
  (make-bark #:host host #:kind 'ping #:tag "PING" #:monitor "message"
             #:every (* 3 heartbeat) #:time now))

(define (machine-of settings)
  (assq-ref (%settings->alist settings) 'name))

(define (beat! config settings)
  (let ((period (heartbeat config)))
    (when period
      (%spool-put! (%spool-open settings)
                   (heartbeat-message (machine-of settings) period (%now))))))

(define (deliver! config settings)
  "Send what waits in the spool; an error is logged: it goes the next time."
  (with-error-handler
   (lambda (code text hint)
     (unless (equal? text %last-trouble)
       (set! %last-trouble text)
       (%log 'warning text))
     #f)
   (lambda ()
     (drain! config #:log? #f)
     (set! %last-trouble #f)
     #t)))

(define %last-trouble #f)                         ;string: the error that lasts | #f

(define (waiting? settings)
  "Does the spool of SETTINGS hold anything: to be sent, or not acknowledged?"
  (match (%spool-depth (%spool-open settings))
    (#(waiting sent bad bytes oldest) (positive? (+ waiting sent)))))

(define (guarded thunk)
  "Call THUNK; log an error of ours, such as a full disk."
  (with-error-handler
   (lambda (code text hint) (%log 'error text))
   thunk))

(define (next-beat config now)
  (let ((period (heartbeat config)))
    (and period (+ now (jittered period (random:uniform))))))

(define (run-loop config options)
  "Keep the heartbeat and drain the spool until somebody wishes us to stop."
  (%notify-manager "READY=1")
  (set! *random-state* (random-state-from-platform))
  (let loop ((config config)
             (settings (%settings (config-file config)))
             (beat-at (and (heartbeat config) (%now)))
             (drain-at (%now)))
    (let ((now (%now)))
      (define beat? (and beat-at (>= now beat-at)))
      (when beat?
        (guarded (lambda () (beat! config settings))))
      (when (or beat? (>= now drain-at))
        (guarded (lambda ()
                   (when (waiting? settings)
                     (deliver! config settings)))))
      (%notify-manager "WATCHDOG=1")
      (let* ((beat-at (if beat? (next-beat config now) beat-at))
             (drain-at (if (>= now drain-at) (+ now %drain) drain-at))
             (next (if beat-at (min beat-at drain-at) drain-at)))
        (match (wait-for-wish (max 0.05 (/ (- next (%now)) 1000.0)))
          ('stop
           (%notify-manager "STOPPING=1")
           0)
          ('reload
           (let ((config (reload-config %program config options)))
             (loop config (%settings (config-file config))
                   (and (heartbeat config) (%now)) (%now))))
          (#f (loop config settings beat-at drain-at)))))))

(define (run-once config)
  (let ((settings (%settings (config-file config))))
    (beat! config settings)
    (if (deliver! config settings) 0 2)))

(define (print-messages config)
  "Print the messages of one round."
  (let ((period (heartbeat config)))
    (when period
      (display (%json-write (heartbeat-message (machine-of (%settings (config-file config)))
                                               period (%now))))
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
