;;; effect.scm -- what handlers do to the world: have a program run or a mail sent, write a log line
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What is quick a handler's `perform' does itself, and returns.  For what takes time it returns an
;; <errand>, plain data: the program is run beside the work of the server, and its ending says
;; whether all is well.  An exception is a failure that may pass: it is tried again.  `give-up' is
;; one that will not.

(define-module (sheepdog effect)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog mail)
  #:use-module ((sheepdog mailer) #:select ((mailer . find-mailer) mailer-command))
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (give-up try-later failure?
            failure-text failure-final?
            exception->failure
            errand? errand-argv errand-input errand-timeout errand-permanent
            run-program send-mail ending->failure run-now
            log-line))


;;; Failures.

(define-record-type <failure>
  (failure text final?)
  failure?
  (text failure-text)                             ;string: why
  (final? failure-final?))                        ;boolean: trying again is in vain

(define (give-up text)
  "Fail for good, because of TEXT: nobody tries again."
  (raise-error 'gave-up text))

(define (try-later text)
  "Fail for now, because of TEXT: it is tried again."
  (raise-error 'try-later text))

(define (exception->failure key arguments)
  "Return the <failure> that the exception KEY with ARGUMENTS is to a handler."
  (failure (exception->text key arguments)
           (match (cons key arguments)
             (('sheepdog-error _ _ _ ('gave-up _)) #t)
             (_ #f))))


;;; Programs.

(define-record-type <errand>
  (make-errand argv input timeout permanent)
  errand?
  (argv errand-argv)                              ;list of strings: a program, its arguments
  (input errand-input)                            ;string, for its standard input
  (timeout errand-timeout)                        ;ms
  (permanent errand-permanent))                   ;list of exit statuses

(define* (run-program argv #:key (input "") (timeout 60000) (permanent '()))
  "Return the errand to run ARGV, a program and its arguments, without a shell, with INPUT (a
string) on its standard input, for TIMEOUT ms at most; for `perform' to return.  Exit status 0 says
that all is well; one of the list PERMANENT, that trying again is in vain; any other ending, that it
is to be tried again."
  (unless (and (pair? argv) (list? argv) (every string? argv))
    (raise-error 'usage "a program and its arguments are a list of strings"))
  (make-errand argv input timeout permanent))

(define %most-words 500)

(define (last-words text)
  "Return the last lines of TEXT that say something, three at most, as one line; \"\" for none."
  (let* ((lines (filter (negate string-null?)
                        (map string-trim-both (string-split text #\newline))))
         (words (printable (string-join (take-right lines (min 3 (length lines))) "; "))))
    (string-take-right words (min %most-words (string-length words)))))

(define (ending->failure errand ending)
  "Return the <failure> that ENDING of ERRAND is, #f when all is well.  ENDING is an alist with
status, signal, errno, timed-out and said, as of `%errands-collect!'."
  (define (because text)
    (string-append (car (errand-argv errand)) ": " text
                   (match (last-words (assq-ref ending 'said))
                     ("" "")
                     (words (string-append ": " words)))))
  (cond ((assq-ref ending 'errno)
         => (lambda (text) (failure (because (string-append "cannot be run: " text)) #f)))
        ((assq-ref ending 'timed-out)
         (failure (because "took too long") #f))
        ((assq-ref ending 'signal)
         => (lambda (signal)
              (failure (because (string-append "killed by signal " (number->string signal)))
                       #f)))
        (else
         (match (assq-ref ending 'status)
           (0 #f)
           (status
            (failure (because (string-append "exit status " (number->string status)))
                     (and (memv status (errand-permanent errand)) #t)))))))

(define (run-now errand)
  "Run ERRAND and wait for its end; raise the failure that it is, if it is one."
  (let ((errands (%errands-open)))
    (dynamic-wind
      (const #t)
      (lambda ()
        (%errand-start! errands 0 (errand-argv errand) (errand-input errand)
                        (/ (errand-timeout errand) 1000.0) 0)
        (let loop ()
          (match (%errands-collect! errands 1.0)
            (() (loop))
            (((_ . ending))
             (match (ending->failure errand ending)
               (#f #t)
               ((? failure-final? failure) (give-up (failure-text failure)))
               (failure (try-later (failure-text failure))))))))
      (lambda () (%errands-close! errands)))))


;;; Mail.

;; sysexits.h: what is wrong with the mail itself (usage, data, input, user) stays wrong; msmtp and
;; our sheepdog-mail say 65 for a 5xx.  All else may be mended within the days that we try: an unknown
;; host too (68 is what they say when they cannot find their relay), a refused log-in, a certificate.
(define %permanent '(64 65 66 67))

(define (as-mailer mailer)
  "Return the <mailer> that MAILER is or, a URL, names."
  (if (string? mailer)
      (or (find-mailer mailer)
          (try-later (string-append "no way to mail: " (printable mailer))))
      mailer))

(define* (send-mail #:key mailer from to subject text id (references '()) state time)
  "Return the errand to give a mail to MAILER, of the handler's context or a URL; for `perform' to
return.  See `mail' for the other arguments.  An address that is none is given up."
  (unless (address? to)
    (give-up (string-append "no mail address: " (printable to))))
  (run-program (mailer-command (as-mailer mailer) (assq-ref (%paths) 'programs) from to)
               #:input (mail #:from from #:to to #:subject subject #:text text
                             #:id id #:references references #:state state #:time time)
               #:permanent %permanent))


;;; The log.

(define (log-line level text)
  "Write TEXT, made printable and one line, into the program's own log at LEVEL: error,
warning, notice, info or debug."
  (%log level (string-map (lambda (c) (if (char=? c #\newline) #\space c))
                          (printable text #:lines? #t))))
