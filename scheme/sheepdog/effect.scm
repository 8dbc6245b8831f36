;;; effect.scm -- what handlers do to the world: run a program, write a log line, send a mail
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A handler's `perform' returns when all is well.  An exception is a failure that may pass: the
;; outbox tries again.  `give-up' is one that will not.

(define-module (sheepdog effect)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog mail)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:export (give-up try-later
            run-program log-line send-mail))

(define (give-up text)
  "Fail for good, because of TEXT: nobody tries again."
  (raise-error 'gave-up text))

(define (try-later text)
  "Fail for now, because of TEXT: the outbox tries again."
  (raise-error 'try-later text))

(define (log-line level text)
  "Write TEXT, made printable and one line, into the program's own log at LEVEL: error,
warning, notice, info or debug."
  (%log level (string-map (lambda (c) (if (char=? c #\newline) #\space c))
                          (printable text #:lines? #t))))

(define (last-line text)
  "Return the last line of TEXT that says something, or #f."
  (match (filter (negate string-null?)
                 (map string-trim-both (string-split text #\newline)))
    (() #f)
    (lines (printable (car (last-pair lines))))))

(define* (run-program argv #:key (input "") (timeout 60000))
  "Run ARGV, a program and its arguments, without a shell, with INPUT (a string) on its standard
input, for TIMEOUT ms at most.  Return two values: its exit status, and #f; or #f, and in words
why it has none (it did not start, was killed, was too slow).  What it said last on stderr is
added to these words, and stands alone as the second value of a status that is not 0."
  (let* ((outcome (%run argv input (/ timeout 1000.0) '()))
         (status (assq-ref outcome 'status))
         (said (last-line (assq-ref outcome 'stderr)))
         (words (lambda (text)
                  (string-append (car argv) ": " text
                                 (if said (string-append ": " said) "")))))
    (cond ((assq-ref outcome 'errno)
           => (lambda (text) (values #f (words (string-append "cannot be run: " text)))))
          ((assq-ref outcome 'timed-out)
           (values #f (words "took too long")))
          ((assq-ref outcome 'signal)
           => (lambda (signal)
                (values #f (words (string-append "killed by signal "
                                                 (number->string signal))))))
          ((zero? status) (values 0 #f))
          (else
           (values status (words (string-append "exit status "
                                                (number->string status))))))))


;;; Mail.

;; sysexits.h: what is wrong with the mail itself (usage, data, input, user, host) stays wrong.
;; All else, a refused log-in too, may be mended within the days that we try.
(define %permanent '(64 65 66 67 68))

(define (mailer-program url)
  "Return the program of URL, `sendmail:///usr/sbin/sendmail'."
  (if (string-prefix? "sendmail:///" url)
      (string-drop url (string-length "sendmail://"))
      (try-later (string-append "this version cannot send through " url))))

(define* (send-mail #:key mailer from to subject text id (references '()) state time)
  "Give a mail to MAILER, a URL: see `mail' for the other arguments.  Raise for now or for good
when it is not taken."
  (unless (address? to)
    (give-up (string-append "no mail address: " (printable to))))
  (call-with-values
      (lambda ()
        (run-program (list (mailer-program mailer) "-oi" "-f" from "--" to)
                     #:input (mail #:from from #:to to #:subject subject #:text text
                                   #:id id #:references references #:state state
                                   #:time time)))
    (lambda (status words)
      (cond ((eqv? status 0) #t)
            ((memv status %permanent) (give-up words))
            (else (try-later words))))))
