;;; status.scm -- `sheepdog status': how the herd stands
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command status)
  #:use-module (sheepdog archive)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog command subject)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog history)
  #:use-module (sheepdog outlook)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog store)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view status)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax))

(define (positive-count text)
  (let ((n (string->count text)))
    (and n (> n 0) n)))

(define %syntax
  (action-syntax
   "status" "[PATTERN]"
   "Show what is not ok or is expected, and fold the rest into one line."
   (list (option "bad" "Only what is not ok.")
         (option "all" "Fold nothing.")
         (option "watch" "Show it anew every so many seconds, until interrupted."
                 #:argument "SECONDS" #:convert positive-count
                 #:wants "a number of seconds from 1")
         (option "wide" "Cut nothing to 80 columns."))
   #:most 1
   #:notes '("Marks: + ok, ^ warn, ! FAIL, - LATE, ? unknown; at the right the last eight run times. The exit status is 1 when something is fail, late or unknown."
             "Example: sheepdog status 'tux*' --bad")))

(define (selection options)
  (cond ((option-ref options 'bad) 'bad)
        ((option-ref options 'all) 'all)
        (else 'usual)))

(define (check-known pattern standings db)
  "Raise when PATTERN fits nothing that was ever heard of."
  (when (and pattern (null? standings))
    (let ((near (nearest-pattern pattern (subjects db))))
      (raise-error 'usage
                   (format #f "nothing heard of '~a'" (printable (pattern-text pattern)))
                   (if near (format #f "did you mean '~a'?" (printable near)) "")))))

(define (print-standings db standings now options common)
  (define outlook (outlook-of db))
  (match (assq-ref common 'format)
    ('json (print-json (status-document standings now outlook)))
    ('sexp (print-sexp 'sheepdog-status (status-document standings now outlook)))
    ('org (print-lines (status-org standings outlook)))
    (_ (with-color common
         (lambda ()
           (print-lines
            (status-lines standings now
                          #:all? (option-ref options 'all)
                          #:wide? (option-ref options 'wide)
                          #:outlook outlook
                          #:run-times (run-times db)
                          #:outcome (lambda (s)
                                      (event-outcome db (standing-event s))))))))))

(define (dead-server? db now)
  "Say so, if the server that worked on DB has died."
  (let ((since (dead-since db now)))
    (and since
         (begin
           (%complain (string-append "the server gave no sign of life since "
                                     (duration->text (- now since)))
                      "what stands here may be old; its log tells why" 'warning)
           #t))))

(define (once pattern options common)
  "Print it once and return the exit status."
  (call-with-database
   "status" common
   (lambda (db place)
     (let ((all (subjects db pattern)))
       (check-known pattern all db)
       (let ((standings (hushed db place (wanted all (selection options)) (%now))))
         (print-standings db standings (%now) options common)
         (if (dead-server? db (%now))
             1
             (status-exit standings)))))
   #:otherwise
   (lambda (place)
     (print-standings #f '() (%now) options common)
     0)))

(define (watch pattern options common)
  "Print it again and again; return the last exit status when asked to stop."
  (let loop ()
    (when (%terminal? 1)
      (display "\x1b[H\x1b[2J"))
    (let ((status (once pattern options common)))
      (force-output)
      (match (%pause (option-ref options 'watch))
        ('stop status)
        (_ (loop))))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     ((if (option-ref options 'watch) watch once)
      (pattern-word words) options common))))
