;;; limit.scm -- code of others runs for so long and no longer, and leaves nothing behind
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The limit that holds is the supervisor's: it ends the process that is past one, whatever code
;; may be at, and starts another, which learns what its predecessor died of.  Without a supervisor
;; (a test, the REPL, `sheepdog ACTION') there is none.

(define-module (sheepdog limit)
  #:use-module (sheepdog core)
  #:use-module (ice-9 threads)
  #:export (%usual-limit with-limit
            call-watching-traces expect-thread!))

(define %usual-limit 5000)                        ;ms

(define (with-limit what ms thunk)
  "Return what THUNK, code of others, returns.  If it is not done after MS the process is ended,
and WHAT, such as `monitor disk: its receiver', is said to be the cause; likewise if the process
dies in it.  Inside of another limit its time does not count for that one."
  (dynamic-wind
    (lambda () (%running! what (/ ms 1000.0)))
    thunk
    (lambda () (%idle!))))


;;; What it leaves behind.

(define %expected (make-weak-key-hash-table))     ;thread -> #t

(define (expect-thread! thread)
  "Let THREAD, one of ours, be no trace of a plugin."
  (hashq-set! %expected thread #t))

(define %patience 1000)                           ;ms for a thread to end

;; Not with `join-thread': it takes a lock that a thread which is cancelled may have died with.
(define (end-thread thread)
  "Cancel THREAD; return whether it ended."
  (let ((end (+ (%monotonic) %patience)))
    (cancel-thread thread)
    (let loop ()
      (or (thread-exited? thread)
          (and (< (%monotonic) end)
               (begin
                 (select '() '() '() 0 5000)
                 (loop)))))))

(define (new-threads before)
  (filter (lambda (thread)
            (not (or (memq thread before) (hashq-ref %expected thread))))
          (all-threads)))

(define (call-watching-traces thunk)
  "Return what THUNK returns, in which plugins may run.  What one of them leaves behind in this
process is set right: directory, umask, locale, signal handlers, children, threads.  If that cannot
be, as for a descriptor that it closed, the process ends: another goes on."
  (let ((threads (all-threads)))
    (%watch-traces!)
    (let ((result (thunk)))
      (%mend-traces! (and (not (and-map end-thread (new-threads threads)))
                          "it left a thread behind that does not end"))
      result)))
