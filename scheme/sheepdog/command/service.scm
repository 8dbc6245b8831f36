;;; service.scm -- what all daemons do before and around their loop
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command service)
  #:use-module (sheepdog command)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog log)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog repl)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:export (call-as-service call-with-pid-file open-log-again! renew-repl wait-for-wish))

(define %bad-configuration 78)                    ;sysexits.h, EX_CONFIG

(define (open-log-again! program config options)
  (open-log! program config
             #:where (assq-ref options 'log)
             #:verbose (assq-ref options 'verbose)))

(define (print-problems config)
  (for-each (lambda (problem)
              (display (problem->text problem) (current-error-port))
              (newline (current-error-port)))
            (config-problems config)))

(define (write-pid-file! file)
  (catch 'system-error
    (lambda ()
      (call-with-output-file file
        (lambda (port) (format port "~a~%" (%daemon-pid)))))
    (lambda arguments
      (raise-error 'bad-configuration
                   (string-append "cannot write the pid file '" (printable file) "': "
                                  (strerror (system-error-errno arguments)))))))

(define (call-with-pid-file file thunk)
  "Call THUNK while FILE (#f: none) has our process id."
  (if file
      (dynamic-wind
        (lambda () (write-pid-file! file))
        thunk
        (lambda ()
          (false-if-exception (delete-file file))))
      (thunk)))

(define (call-as-service program options proc)
  "Run the daemon PROGRAM, (PROC CONFIG), under OPTIONS, an alist with config, verbose, log,
pid-file and check; return the exit status.  Its configuration must be good, its log is open, its
signals are caught."
  (if (assq-ref options 'check)
      (run-action "config"
                  (append '("check") (match (assq-ref options 'config)
                                       (#f '())
                                       (file (list file))))
                  `((config . ,(assq-ref options 'config)) (format . text)
                    (verbose . ,(assq-ref options 'verbose)) (color . auto)))
      (with-error-handler
       (lambda (code text hint)
         (%complain text hint 'error)
         (if (eq? code 'bad-configuration) %bad-configuration 2))
       (lambda ()
         (let ((config (read-config (assq-ref options 'config))))
           (print-problems config)
           (cond ((not (config-good? config)) %bad-configuration)
                 (else
                  (open-log-again! program config options)
                  (%pending-signal)               ;from now on signals are wishes
                  (call-with-pid-file (or (assq-ref options 'pid-file)
                                          (config-ref config 'pid-file))
                    (lambda ()
                      (set-plugin-path! (config-plugin-path config))
                      (proc config))))))))))

(define (greeting program)
  (format #f "~a on ~a, process ~a: (help) tells what is at hand.~%" program (gethostname)
          (%daemon-pid)))

(define* (renew-repl old program config #:optional database)
  "Return the REPL that PROGRAM has under CONFIG: OLD, one or #f, if it is where it should be, else
a new one or #f.  What is typed there is about CONFIG and DATABASE.  One that cannot be had is an
error in the log: a daemon works without."
  (let ((path (repl-place config program)))
    (define (start)
      (bind-plugin-modules!)
      (let ((repl (open-repl path (resolve-module '(sheepdog user))
                             #:greeting (greeting program))))
        (%log 'notice (string-append "REPL at " path))
        repl))
    (when path
      ((module-ref (resolve-interface '(sheepdog user)) 'attach!) config database))
    (cond ((and old path (string=? path (repl-path old))) old)
          (else
           (when old (close-repl! old))
           (and path
                (with-error-handler
                 (lambda (code text hint)
                   (%log 'error (if hint (string-append text "; " hint) text))
                   #f)
                 start))))))

(define (wait-for-wish seconds)
  "Wait for at most SECONDS; return `stop', `reload' or #f."
  (if (positive? seconds) (%pause seconds) (%pending-signal)))
