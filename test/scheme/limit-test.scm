;;; limit-test.scm -- without a supervisor a limit only runs its thunk; traces are mended all the same
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog limit)
             (sheepdog test)
             (ice-9 match)
             (ice-9 threads))

(define (mask)
  (let ((mask (umask)))
    (umask mask)
    mask))

(define-syntax-rule (leaving body ...)
  "Run BODY as a plugin."
  (call-watching-traces
   (lambda ()
     (with-limit "monitor x: its receiver" 5000 (lambda () body ...)))))

(run-tests "limit"
  (test-equal "what the thunk returns is returned" 3
    (with-limit "monitor x: its receiver" 5000 (lambda () 3)))
  (test-equal "what it raises is raised" 'out
    (catch 'out
      (lambda () (with-limit "monitor x: its receiver" 5000 (lambda () (throw 'out))))
      (lambda (key) key)))
  (test-equal "directory and umask are set back" (list (getcwd) (mask))
    (begin
      (leaving (chdir "/") (umask 0))
      (list (getcwd) (mask))))
  (test-equal "a thread that loops is ended" #t
    (let ((thread #f))
      (leaving (set! thread (call-with-new-thread (lambda () (let loop () (loop))))))
      (let wait ((tries 200))
        (or (thread-exited? thread)
            (and (positive? tries)
                 (begin
                   (usleep 5000)
                   (wait (- tries 1))))))))
  (test-equal "a thread of ours stays" #t
    (let ((thread (call-with-new-thread
                   (lambda () (expect-thread! (current-thread)) (let loop () (loop))))))
      (expect-thread! thread)
      (leaving #t)
      (let ((lives? (not (thread-exited? thread))))
        (cancel-thread thread)
        lives?)))
  (test-equal "a child process is ended, and no zombie stays" '()
    (match (pipe)
      ((in . out)
       ;; Guile warns of forks where there are threads, such as its own.
       (parameterize ((current-warning-port (%make-void-port "w")))
         (leaving (when (zero? (primitive-fork))
                    (let loop () (loop)))))
       (catch 'system-error
         (lambda () (list (waitpid WAIT_ANY WNOHANG)))
         (const '()))))))
