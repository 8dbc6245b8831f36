;;; place.scm -- where an action finds the configuration's places: database, queue, spool
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command place)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog store)
  #:use-module (sheepdog text)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:autoload (sheepdog config) (read-config config-problems)
  #:autoload (sheepdog hush) (hush)
  #:export (place
            place-ref
            place-settings
            has-database?
            call-with-place-database
            print-problems
            require-good
            call-with-database
            queue-host
            pattern-word
            who-asks
            hushed
            remark))

(define (place common)
  "Return the places that the configuration of COMMON names, an alist: what
%settings->alist gives, and `settings', the handle itself."
  (let ((settings (%settings (%find-configuration (assq-ref common 'config)))))
    (acons 'settings settings (%settings->alist settings))))

(define (place-ref place key)
  (assq-ref place key))

(define (place-settings place)
  (assq-ref place 'settings))

(define (has-database? place)
  "Is the database of the queue of PLACE on this machine?  What is left of a time in
which the machine was standalone is not."
  (and (file-exists? (place-ref place 'database))
       (or (place-ref place 'standalone)
           (call-with-place-database
            place 'read-only
            (lambda (db) (equal? (place-ref place 'queue) (mark db "queue")))))))

(define (call-with-place-database place mode proc)
  "Return what (PROC DB) does with the database of PLACE, which must be there, opened
for MODE and closed on every exit."
  (let ((db (open-store (place-ref place 'database) mode)))
    (dynamic-wind
      (const #t)
      (lambda () (proc db))
      (lambda () (%db-close! db)))))

(define (problems place)
  "What is wrong with the configuration of PLACE.  One that names no queue is checked
whole, since the reason may be an error: a misspelt key must not make a machine
standalone."
  (if (and (place-ref place 'file) (place-ref place 'standalone))
      (config-problems (read-config (place-ref place 'file) #:check? #f))
      (map raw->problem (place-ref place 'problems))))

(define (print-problems place)
  "Print on stderr what is wrong with the configuration of PLACE; return whether any
of it is an error."
  (let ((problems (problems place)))
    (for-each (lambda (problem)
                (display (problem->text problem) (current-error-port))
                (newline (current-error-port)))
              problems)
    (force-output (current-error-port))          ;the core writes there, too
    (any (negate problem-warning?) problems)))

(define (require-good place)
  "Return PLACE; raise `bad-configuration', its problems printed, when it was made of
a file with errors."
  (if (print-problems place)
      (raise-error 'bad-configuration "the configuration has errors"
                   "'sheepdog config check' lists all of them")
      place))

(define (queue-host queue)
  "The host in QUEUE, \"localhost:7777\"; #f for a socket or a directory."
  (match (string-split queue #\:)
    ((host port) (and (not (string-prefix? "/" host))
                      (not (string-null? host))
                      host))
    (_ #f)))

(define (no-database action place)
  (let ((host (queue-host (place-ref place 'queue))))
    (raise-error 'usage
                 (format #f "no database here; the server at ~a keeps it"
                         (place-ref place 'queue))
                 (format #f "ssh ~a sheepdog ~a" (or host "SERVER") action))))

(define* (call-with-database action common proc
                             #:key (mode 'read-only) (otherwise #f))
  "Return what (PROC DB PLACE) does with the database of COMMON's configuration,
opened for MODE and closed on every exit.  Where none is: on a machine that has its
queue elsewhere raise `usage' and say where to ask ACTION (its name) instead; else,
nothing having been stored yet, return what (OTHERWISE PLACE) does, or raise."
  (let ((place (require-good (place common))))
    (cond ((has-database? place)
           (call-with-place-database place mode (lambda (db) (proc db place))))
          ((not (place-ref place 'standalone)) (no-database action place))
          (otherwise (otherwise place))
          (else (raise-error 'usage "nothing has been stored yet"
                             "'sheepdog -e COMMAND' or 'sheepdog ping' begins it")))))

(define (pattern-word words)
  "The compiled pattern that WORDS, a list of at most one string, has; #f: none.  A
bare PAT means PAT/*.  Raise `usage' when it is no pattern."
  (match words
    (() #f)
    ((text) (or (pattern text #:bare? #t)
                (raise-error 'usage
                             (format #f "'~a' is no HOST/TAG" (printable text))
                             "such as 'tux*' or '*/nginx', in quotes")))))

(define (who-asks)
  "Return the name of the user who calls us, behind sudo(8) too."
  (let ((name (catch #t
                (lambda () (passwd:name (getpwuid (getuid))))
                (lambda _ (number->string (getuid))))))
    (or (and (zero? (getuid)) (getenv "SUDO_USER")) name)))

(define (hushed db place standings now)
  "Return STANDINGS with what keeps them quiet at NOW, in DB or by the configuration of PLACE."
  (hush db (read-config (place-ref place 'file) #:check? #f) standings now))

(define (remark text)
  "Tell TEXT, which is no answer, on stderr."
  (format (current-error-port) "sheepdog: ~a~%" text)
  (force-output (current-error-port)))
