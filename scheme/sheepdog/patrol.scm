;;; patrol.scm -- all watches that are due: sampled, or their programs started and collected
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Programs run beside the daemon's loop, as many at a time as there are watches; monitors are asked
;; one by one, in this process, which is ended when one hangs: the next goes on with the others.

(define-module (sheepdog patrol)
  #:use-module (sheepdog core)
  #:use-module (sheepdog duty)
  #:use-module (sheepdog memories)
  #:use-module (sheepdog plan)
  #:autoload (sheepdog program) (program-argv program-sampled %most-output)
  #:use-module (sheepdog rota)
  #:autoload (sheepdog sample) (sample sample-what own-message sampled-messages sampled-memory
                                sampled-trouble sampled-frames)
  #:use-module (sheepdog watch)
  #:autoload (sheepdog week) (datum->window window-open? window-boundary)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (open-patrol close-patrol! patrolling? patrol-pause patrol-memories patrol-changed?
            note-written! patrol! collect! unanswered charge-death!))

(define-record-type <patrol>
  (make-patrol put! errands running next-id memories changed?)
  patrol?
  (put! patrol-put!)                              ;(message): where messages go
  (errands patrol-errands)                        ;of the core
  (running patrol-running set-running!)           ;alist: id -> <watch>
  (next-id patrol-next-id set-next-id!)           ;integer
  (memories patrol-memories set-memories!)        ;see (sheepdog memories)
  (changed? patrol-changed? set-changed!))        ;memories since they were written?

(define (open-patrol put! memories)
  "Return a patrol whose messages are given to PUT!; MEMORIES are those of `read-memories'."
  (make-patrol put! (%errands-open) '() 1 memories #f))

(define (close-patrol! patrol)
  "End the programs that still run."
  (%errands-close! (patrol-errands patrol)))

(define (patrolling? patrol)
  "Does a program of PATROL run?"
  (pair? (patrol-running patrol)))

(define (patrol-pause patrol)
  "Return how many seconds may pass before programs of PATROL are looked at again."
  (%errands-pause (patrol-errands patrol)))

(define (note-written! patrol)
  (set-changed! patrol #f))

(define (remember! patrol watch memory)
  (let* ((before (patrol-memories patrol))
         (after (with-memory before (watch-key watch) memory)))
    (unless (eq? before after)
      (set-memories! patrol after)
      (set-changed! patrol #t))))


;;; What a sample came to.

(define (others-in-trouble? duty watch)
  "Is another watch of WATCH's monitor in trouble?"
  (any (match-lambda
         ((key . name)
          (and (string=? name (watch-name watch)) (not (string=? key (watch-key watch))))))
       (duty-troubles duty)))

(define (note-trouble patrol duty watch trouble now)
  "Say what is wrong with the monitor of WATCH, TROUBLE or #f, once it is so and once it is over;
return the duty that knows."
  (let* ((key (watch-key watch))
         (before (assoc key (duty-troubles duty)))
         (troubles (alist-delete key (duty-troubles duty) string=?)))
    (define (say trouble)
      ((patrol-put! patrol)
       (own-message (plan-host (duty-plan duty)) (watch-name watch) trouble now)))
    (cond (trouble
           (say trouble)
           (with-troubles duty (acons key (watch-name watch) troubles)))
          ((not before) duty)
          (else
           (unless (others-in-trouble? duty watch)
             (say #f))
           (with-troubles duty troubles)))))

(define (take-sampled! patrol duty watch sampled now)
  "Send what SAMPLED of WATCH says, and remember; return the duty that knows."
  (for-each (patrol-put! patrol) (sampled-messages sampled))
  (when (sampled-memory sampled)
    (remember! patrol watch (sampled-memory sampled)))
  (when (sampled-trouble sampled)
    (%log 'warning (string-join (cons (string-append "monitor " (watch-name watch) ": "
                                                     (sampled-trouble sampled))
                                      (sampled-frames sampled))
                                "; ")))
  (note-trouble patrol duty watch (sampled-trouble sampled) now))

(define (next-rota duty watch clock missed?)
  (put-off (duty-rota duty) watch clock (plan-jitter (duty-plan duty)) (random:uniform)
           #:missed? missed?))

(define* (done duty watch clock #:optional missed?)
  "Return DUTY with WATCH, which went at CLOCK, put off."
  (with-at (with-rota duty (next-rota duty watch clock missed?)) #f))


;;; One after the other.

(define (start-program! patrol duty watch clock)
  (let ((id (patrol-next-id patrol)))
    (set-next-id! patrol (+ id 1))
    (set-running! patrol (acons id watch (patrol-running patrol)))
    (%errand-start! (patrol-errands patrol) id (program-argv watch) ""
                    (/ (watch-limit watch) 1000.0) %most-output)
    (done duty watch clock)))

(define (running? patrol watch)
  (any (match-lambda ((id . other) (string=? (watch-key watch) (watch-key other))))
       (patrol-running patrol)))

(define (unanswered patrol duty)
  "Return DUTY for a worker that would follow this one now: programs that run are to be run again."
  (fold (match-lambda*
          (((id . watch) duty) (with-rota duty (wait-until (duty-rota duty) watch 0))))
        duty
        (patrol-running patrol)))

(define (sample-monitor! patrol duty watch clock)
  (let ((at (with-at duty (watch-key watch))))
    (hand-on-duty! (unanswered patrol at))        ;should this process die of it
    (let* ((now (%now))
           (memory (memory-of (patrol-memories patrol) (watch-key watch)))
           (sampled (sample watch memory (plan-host (duty-plan duty)) now)))
      (done (take-sampled! patrol duty watch sampled now) watch clock))))

(define %longest-closed (* 60 60000))             ;ms; clocks are set, so look now and then

(define (opening plan watch now)
  "Return the ms until the window of WATCH may open after NOW; 0: it is open."
  (define during (watch-during watch))
  (define (till-boundary windows)
    (if (window-open? windows during now)
        0
        (min %longest-closed
             (- (or (window-boundary windows during now) (+ now %longest-closed)) now))))
  (if during
      (till-boundary (map datum->window (plan-windows plan)))
      0))

(define (visit! patrol duty watch clock)
  "Do what WATCH, which is due at CLOCK, wants; return the duty that follows."
  (let ((closed (opening (duty-plan duty) watch (%now))))
    (cond ((positive? closed)
           (with-rota duty (wait-until (duty-rota duty) watch (+ clock closed))))
          ((eq? 'monitor (watch-kind watch)) (sample-monitor! patrol duty watch clock))
          ((running? patrol watch) (done duty watch clock))
          (else (start-program! patrol duty watch clock)))))

(define (patrol! patrol duty clock stop?)
  "Do what is due of DUTY at CLOCK, monotonic ms: programs are started, then monitors asked, until the
thunk STOP? says so.  Return the duty that follows."
  (let* ((plan (duty-plan duty))
         (due (rota-due (plan-watches plan) (duty-rota duty) clock (plan-jitter plan))))
    (call-with-values
        (lambda ()
          (partition (lambda (watch) (not (eq? 'monitor (watch-kind watch)))) due))
      (lambda (programs monitors)
        (fold (lambda (watch duty)
                (%notify-manager "WATCHDOG=1")
                (if (stop?) duty (visit! patrol duty watch clock)))
              duty
              (append programs monitors))))))

(define (collect! patrol duty)
  "Send what the programs of PATROL that have ended said; return the duty that follows."
  (fold (match-lambda*
          (((id . ending) duty)
           (let ((watch (assv-ref (patrol-running patrol) id)) (now (%now)))
             (set-running! patrol (alist-delete id (patrol-running patrol) eqv?))
             (take-sampled! patrol duty watch
                            (program-sampled watch ending (plan-host (duty-plan duty)) now)
                            now))))
        duty
        (if (patrolling? patrol)
            (%errands-collect! (patrol-errands patrol) 0.0)
            '())))


;;; The worker before this one died of a sample.

(define (charge-death! patrol duty death clock)
  "Say that the watch which DUTY was at has ended the worker before this one: DEATH is what
`%last-death' returns.  Return the duty that follows."
  (match death
    (#f duty)
    (#(what how message)
     (%heed-death!)
     (let ((watch (find (lambda (watch)
                          (and (equal? (watch-key watch) (duty-at duty))
                               (string-prefix? (string-append "monitor " (watch-name watch))
                                               what)))
                        (plan-watches (duty-plan duty)))))
       (if watch
           (done (note-trouble patrol duty watch (string-append "its sample " how) (%now))
                 watch clock #t)
           (with-at duty #f))))))
