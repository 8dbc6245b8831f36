;;; daemon.scm -- the loop of sheepdog-daemon: the patrol, the heartbeat, the spool's drain
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Where nothing is due for a while, the worker ends, with all of Guile; its supervisor starts the
;; next when something is.  Modules that not every round needs are loaded when one does.

(define-module (sheepdog command daemon)
  #:use-module (sheepdog beat)
  #:autoload (sheepdog command reload) (reload)
  #:autoload (sheepdog command service) (call-as-service call-with-pid-file renew-repl)
  #:autoload (sheepdog config) (read-config config-file config-ref)
  #:use-module (sheepdog core)
  #:use-module (sheepdog duty)
  #:use-module (sheepdog error)
  #:use-module (sheepdog hand-over)
  #:autoload (sheepdog log) (log-target)
  #:use-module (sheepdog memories)
  #:use-module (sheepdog patrol)
  #:autoload (sheepdog perform) (open-performer release-performer! performing?
                                 performer-patience stop-performer!)
  #:use-module (sheepdog plan)
  #:autoload (sheepdog plugin-file) (set-plugin-path!)
  #:autoload (sheepdog policy) (database-file)
  #:autoload (sheepdog repl) (close-repl!)
  #:use-module (sheepdog rota)
  #:autoload (sheepdog standalone) (call-with-store drain!)
  #:use-module (sheepdog text)
  #:use-module (sheepdog uptime)
  #:use-module (sheepdog watch)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-9)
  #:export (watch next-drain look-at))

(define %program "sheepdog-daemon")
;; The loop counts by the monotonic clock: steps of the wall clock change no pause.
(define %drain 60000)                             ;ms between two drains where nothing waits
(define %look 5000)                               ;ms between two looks into the spool meanwhile
(define %retry 6000)                              ;ms at most till a queue that is away is tried again
(define %drain-limit 5)                           ;s of draining between two turns of the loop
(define %labels (* 24 3600000))                   ;ms till labels are said again
(define %doze 15000)                              ;ms: for less Guile is not loaded anew

;; What a worker has besides its duty.
(define-record-type <shift>
  (make-shift options settings alist spool patrol performer repl config)
  shift?
  (options shift-options)                         ;alist: the command line
  (settings shift-settings)                       ;of the core
  (alist shift-alist)                             ;the same, as `%settings->alist' gives them
  (spool shift-spool)                             ;of the core
  (patrol shift-patrol)                           ;<patrol>
  (performer shift-performer)                     ;<performer> of a machine by itself | #f
  (repl shift-repl)                               ;<repl> | #f
  (config shift-config))                          ;thunk: the <config> in force


;;; The spool.

(define %last-trouble #f)                         ;string: the error that lasts | #f

(define (tell-delivery count fate)
  "Log that COUNT messages have left the spool, and what became of the queue, FATE as of `drain!'."
  (when (positive? count)
    (%log 'info (string-append (plural count "message") " left the spool"
                               (match fate
                                 ((or 'remote 'drained) "")
                                 ('left-to-daemon "; a queue daemon goes on")
                                 ('left-to-other "; another process goes on"))))))

(define (deliver! shift)
  "Send what waits in the spool of SHIFT; an error is logged: it goes the next time.  Return #f then,
else how many messages left the spool."
  (with-error-handler
   (lambda (code text hint)
     (unless (equal? text %last-trouble)
       (set! %last-trouble text)
       (%log 'warning text))
     #f)
   (lambda ()
     (receive (count fate)
         (if (shift-performer shift)
             (drain! ((shift-config shift)) #:limit %drain-limit #:log? #f
                     #:performer (shift-performer shift))
             (values (hand-over! (shift-settings shift) #:limit %drain-limit) 'remote))
       (tell-delivery count fate)
       (set! %last-trouble #f)
       count))))

(define (waiting shift)
  "Return two values: how many messages in the spool of SHIFT the queue does not have, and how many
there are in all."
  (match (%spool-depth (shift-spool shift))
    (#(waiting sent bad bytes oldest) (values waiting (+ waiting sent)))))

(define (next-drain clock count waiting? random)
  "Return when, after CLOCK, the spool is to be drained again.  COUNT messages went, #f: an error
came; WAITING? some remain.  RANDOM, from 0 to 1, spreads the machines of a herd whose queue or
server comes back.  What waits flows again within ten seconds of that: to the longest distance comes
a try that began before and is in vain, 2 s, and the server's own."
  (cond ((not waiting?) (+ clock %drain))
        ((and count (positive? count)) clock)
        (else (+ clock (inexact->exact (round (* %retry (/ (+ 1 random) 2))))))))

(define (quiet? clock drain-at)
  "Is there time for looks between CLOCK and DRAIN-AT?"
  (> (- drain-at clock) %retry))

(define (look-at clock drain-at)
  "Return when to look into the spool, which is to be drained at DRAIN-AT if nothing waits: jobs may
leave something there while the queue is away.  At rest the supervisor looks."
  (if (quiet? clock drain-at)
      (+ clock %look)
      drain-at))

(define (left-there? shift drain-at clock)
  "Has somebody left something in the spool of SHIFT?"
  (and (quiet? clock drain-at)
       (guarded (lambda ()
                  (receive (new all) (waiting shift)
                    (positive? new))))))

(define (drain-turn! shift)
  "Drain the spool of SHIFT for a while, if there is anything; return when to do so again."
  (receive (new all) (waiting shift)
    (let ((count (if (or (shift-performer shift) (positive? all))
                     (deliver! shift)
                     0)))
      (receive (new all) (waiting shift)
        (next-drain (%monotonic) count (positive? new) (random:uniform))))))

(define (guarded thunk)
  "Call THUNK; log an error of ours, such as a full disk, and return #f then."
  (with-error-handler
   (lambda (code text hint) (%log 'error text) #f)
   thunk))

(define (put! spool)
  "Return a procedure that gives a message to SPOOL; one that it refuses is logged."
  (lambda (message)
    (guarded (lambda () (%spool-put! spool message)))))


;;; A turn of the loop: each step returns the duty that follows.

(define (beat! shift duty clock)
  (match (duty-beat-at duty)
    ((? (lambda (at) (and at (>= clock at))))
     (let ((plan (duty-plan duty)))
       (for-each (put! (shift-spool shift))
                 (beat-messages plan (shift-spool shift) (shift-alist shift) (%now)))
       (%log 'info "heartbeat in the spool")
       (with-drain (with-beat duty (+ clock (spread (plan-heartbeat plan) (plan-jitter plan)
                                                    (random:uniform))))
                   clock)))
    (_ duty)))

(define (tell-labels! shift duty clock)
  (cond ((< clock (duty-labels-at duty)) duty)
        (else
         (let ((plan (duty-plan duty)))
           ((put! (shift-spool shift)) (label-message (plan-host plan) (plan-labels plan) (%now)))
           (with-labels duty (+ clock %labels))))))

(define (patrol-turn! shift duty clock stop?)
  (let* ((patrol (shift-patrol shift))
         (rota (duty-rota duty))
         (duty (collect! patrol (patrol! patrol duty clock stop?))))
    (when (patrol-changed? patrol)
      (write-memories! (memory-file (duty-plan duty)) (patrol-memories patrol)
                       (map watch-key (plan-watches (duty-plan duty))))
      (note-written! patrol))
    (if (eq? rota (duty-rota duty)) duty (with-drain duty clock))))

(define (busy? shift)
  (and (shift-performer shift) (performing? (shift-performer shift))))

(define (drain-spool! shift duty clock)
  (cond ((or (busy? shift)
             (>= clock (duty-drain-at duty))
             (left-there? shift (duty-drain-at duty) clock))
         (let ((next (guarded (lambda () (drain-turn! shift)))))
           (when (and (shift-performer shift) (not (busy? shift)))
             (release-performer! (shift-performer shift)))
           (with-drain duty (or next (+ clock %drain)))))
        (else duty)))

(define (turn! shift duty stop?)
  "Do what is due of DUTY in SHIFT; return the duty that follows."
  (let* ((clock (%monotonic))
         (duty (beat! shift duty clock))
         (duty (tell-labels! shift duty clock))
         (duty (patrol-turn! shift duty clock stop?))
         (duty (drain-spool! shift duty clock)))
    (hand-on-duty! (unanswered (shift-patrol shift) duty))
    duty))

(define (next-turn duty)
  "Return when, in monotonic ms, something of DUTY is due."
  (apply min (filter identity (list (duty-beat-at duty) (duty-drain-at duty)
                                    (duty-labels-at duty) (rota-next (duty-rota duty))))))

(define (next-watch duty)
  "Return when something of DUTY is due that the supervisor cannot see: it looks into the spool."
  (apply min (filter identity (list (duty-beat-at duty) (duty-labels-at duty)
                                    (rota-next (duty-rota duty))))))

(define (pause-till shift duty)
  "Return the seconds to the next turn of SHIFT: something of DUTY is due, a program may have ended,
or something may lie in the spool."
  (let* ((clock (%monotonic))
         (at (min (next-turn duty) (look-at clock (duty-drain-at duty))))
         (seconds (max 0.005 (/ (- at clock) 1000.0))))
    (min seconds
         (if (patrolling? (shift-patrol shift)) (patrol-pause (shift-patrol shift)) seconds)
         (if (busy? shift) (performer-patience (shift-performer shift) (%now)) seconds))))

(define (rest! shift duty)
  "End this worker until something is due, if that is long enough."
  (receive (new all) (waiting shift)
    (let* ((at (if (or (shift-performer shift) (positive? new))
                   (next-turn duty)
                   (next-watch duty)))
           (ms (- at (%monotonic))))
      (when (and (>= ms %doze)
                 (not (shift-repl shift))
                 (not (patrolling? (shift-patrol shift)))
                 (not (busy? shift)))
        (%rest! (/ ms 1000.0) (or (plan-pid-file (duty-plan duty)) ""))))))


;;; From one configuration to the next.

(define (once thunk)
  "Return a thunk that calls THUNK the first time, and returns the same from then on."
  (let ((value #f) (called? #f))
    (lambda ()
      (unless called?
        (set! value (thunk))
        (set! called? #t))
      value)))

(define* (open-shift options duty #:key config repl put-message!)
  "Return the shift of a worker under OPTIONS that goes on with DUTY.  CONFIG is its configuration, if
it was read; REPL, of the shift before, goes on.  PUT-MESSAGE!, else the spool, takes messages."
  (let* ((plan (duty-plan duty))
         (config (once (lambda () (or config (read-config (plan-file plan) #:check? #f)))))
         (settings (%settings (plan-file plan)))
         (alist (%settings->alist settings))
         (spool (%spool-open settings)))
    (set-plugin-path! (plan-plugin-path plan))
    (make-shift options settings alist spool
                (open-patrol (or put-message! (put! spool)) (read-memories (memory-file plan)))
                (and (plan-standalone? plan) (open-performer (database-file alist)))
                (and (or repl (plan-repl? plan)) (renew-repl repl %program (config)))
                config)))

(define (close-shift! shift)
  "End what still runs for SHIFT; its REPL stays."
  (close-patrol! (shift-patrol shift))
  (when (busy? shift)
    (guarded
     (lambda ()
       (call-with-store (database-file (shift-alist shift)) 'read-write
         (lambda (db) (stop-performer! (shift-performer shift) db (%now))))))))

(define (make-plan-of config options)
  (receive (where level)
      (log-target config #:where (assq-ref options 'log) #:verbose (assq-ref options 'verbose)
                  #:terminal? (or (getenv "JOURNAL_STREAM") (%terminal? 2)))
    (config->plan config (%settings->alist (%settings (config-file config)))
                  (list where level)
                  (or (assq-ref options 'pid-file) (config-ref config 'pid-file)))))

(define (reload-duty shift duty)
  "Read the configuration of SHIFT again; return two values: the <config> in force from now on, and
DUTY under it."
  (let ((plan (duty-plan duty)) (options (shift-options shift)) (old ((shift-config shift))))
    (%release-files!)
    (receive (config new outcomes)
        (reload %program old options (lambda (config) (make-plan-of config options)))
      (hold-files! (or new plan))
      (values config
              (if new (renew-duty duty new (%monotonic) (random:uniform)) duty)))))


;;; The loop.

(define (run-loop shift duty)
  "Do what is due until somebody wishes us to stop, from SHIFT and DUTY on; return the exit status."
  (define wish #f)
  (define (wish!)
    (set! wish (or wish (%pending-signal)))
    wish)
  (let loop ((shift shift) (duty duty))
    (let ((duty (turn! shift duty wish!)))
      (%notify-manager "WATCHDOG=1")
      (unless (wish!)
        (rest! shift duty))
      (match (or wish (%pause (pause-till shift duty)))
        ('stop
         (%notify-manager "STOPPING=1")
         (when (shift-repl shift) (close-repl! (shift-repl shift)))
         (close-shift! shift)
         0)
        ('reload
         (set! wish #f)
         (close-shift! shift)
         (receive (config duty) (reload-duty shift duty)
           (loop (open-shift (shift-options shift) duty #:config config
                             #:repl (shift-repl shift))
                 duty)))
        (#f (loop shift duty))))))

(define (run-once shift duty)
  "Do one round of all watches of DUTY, deliver, and return the exit status."
  (define began (duty-began duty))
  (define (left? duty)
    (or (patrolling? (shift-patrol shift))
        (<= (rota-next (duty-rota duty)) began)))
  (let loop ((duty (tell-labels! shift (beat! shift duty began) began)))
    (let ((duty (patrol-turn! shift duty began (const #f))))
      (hand-on-duty! (unanswered (shift-patrol shift) duty))
      (cond ((and (rota-next (duty-rota duty)) (left? duty))
             (%pause (min 0.5 (max 0.005 (patrol-pause (shift-patrol shift)))))
             (loop duty))
            ((deliver! shift) 0)
            (else 2)))))

(define (print-message message)
  (display (%json-write message))
  (newline))

(define (begin-now plan)
  "Return a duty of PLAN all of whose watches are due now."
  (begin-duty plan (%monotonic) 0))

(define (print-round options plan)
  "Print the messages of one round of PLAN."
  (let* ((duty (begin-now plan))
         (shift (open-shift options duty #:put-message! print-message)))
    (when (plan-heartbeat plan)
      (print-message (heartbeat-message (plan-host plan) (plan-heartbeat plan) (uptime) (%now))))
    (let loop ((duty (patrol! (shift-patrol shift) duty (duty-began duty) (const #f))))
      (let ((duty (collect! (shift-patrol shift) duty)))
        (when (patrolling? (shift-patrol shift))
          (%pause (max 0.005 (patrol-pause (shift-patrol shift))))
          (loop duty))))
    0))

(define (start options)
  "Read the configuration and begin with it."
  (call-as-service %program options
    (lambda (config)
      (let ((plan (make-plan-of config options)))
        (define (run proc duty)
          (proc (open-shift options duty #:config config) duty))
        (hold-files! plan)
        (%notify-manager "READY=1")
        (cond ((assq-ref options 'dry-run) (print-round options plan))
              ((assq-ref options 'once) (run run-once (begin-now plan)))
              (else (run run-loop (begin-duty plan (%monotonic) (random:uniform)))))))))

(define (resume options duty)
  "Go on with DUTY, which another worker has handed on."
  (let ((plan (duty-plan duty)))
    (with-error-handler
     (lambda (code text hint) (%log 'error text) 2)
     (lambda ()
       (apply %open-log %program (plan-log plan))
       (%pending-signal)                          ;from now on signals are wishes
       (%notify-manager "READY=1")
       (hold-files! plan)
       (let* ((shift (open-shift options duty))
              (duty (charge-death! (shift-patrol shift) duty (%last-death) (%monotonic)))
              (run (if (assq-ref options 'once) run-once run-loop)))
         (if (plan-pid-file plan)
             (call-with-pid-file (plan-pid-file plan) (lambda () (run shift duty)))
             (run shift duty)))))))

(define (watch options)
  "Run sheepdog-daemon under OPTIONS (see `call-as-service', and once, dry-run); return the exit
status."
  (set! *random-state* (random-state-from-platform))
  (let ((duty (and (not (assq-ref options 'check)) (handed-on-duty))))
    (if duty
        (resume options duty)
        (start options))))
