;;; check.scm -- `sheepdog check': how one subject stands, as a Nagios plugin
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The form is that of the Monitoring Plugins Development Guidelines: one line, NAME STATUS - TEXT,
;; behind | the data; exit status 0, 1, 2 or 3.

(define-module (sheepdog command check)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog command subject)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog history)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog store)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax
            check-answer))

(define %syntax
  (action-syntax
   "check" "SUBJECT"
   "Tell how SUBJECT stands in one line, as a Nagios plugin."
   (list (option "max-age" "A result older than this is none, as 26h." #:argument "DURATION"
                 #:convert parse-duration #:wants "a duration such as 26h"))
   #:least 1 #:most 1
   #:notes '("The exit status is 0 for ok, 1 for warn, 2 for fail and late, 3 for unknown, never heard, too old, and when it cannot be told."
             "Example: sheepdog check tux01/dump --max-age 26h")))

(define %words #("OK" "WARNING" "CRITICAL" "UNKNOWN"))

(define (status-of state)
  (match state
    ('ok 0)
    ('warn 1)
    ((or 'fail 'late) 2)
    (_ 3)))

(define (tidy text)
  "Return TEXT as it may stand before the | of the data, in one line."
  (string-map (lambda (c) (if (char=? c #\|) #\/ c)) (printable text)))

(define (quiet-words standing)
  "Return \" (silenced)\", \" (acked, held)\", or the empty string: whoever wants to know is told."
  (match (standing-quiet standing)
    (() "")
    (quiet (string-append " (" (string-join (map (compose symbol->string quiet-kind) quiet) ", ")
                          ")"))))

(define (said standing age)
  "Return what there is to say of STANDING, whose newest result is AGE ms old; #f: there is none."
  (let ((summary (standing-summary standing)))
    (string-append
     (match (standing-state standing)
       ('late (if age
                  (string-append "late, the last result is " (duration->text age) " old")
                  "late, never heard"))
       (state (if (string-null? summary) (symbol->string state) summary)))
     (if (eq? 'ok (standing-state standing)) "" (quiet-words standing)))))

(define (data standing age)
  (string-append "age=" (number->string (quotient age 1000)) "s"
                 (match (standing-elapsed standing)
                   (#f "")
                   (elapsed (format #f " elapsed=~as" (seconds elapsed))))))

(define* (check-answer standing now #:key at max-age dead-since)
  "Return the exit status and the line for STANDING, whose newest result was AT (ms, #f: none), at
NOW; one older than MAX-AGE ms (#f: any) is none, nor is one of a server that is dead since
DEAD-SINCE (ms, #f: it lives)."
  (let* ((age (and at (max 0 (- now at))))
         (trouble (cond ((not (standing-state standing)) "no state was told")
                        (dead-since (string-append "the server gave no sign of life since "
                                                   (duration->text (- now dead-since))))
                        ((and max-age age (> age max-age))
                         (string-append "the last result is " (duration->text age)
                                        " old, over " (duration->text max-age)))
                        (else #f)))
         (status (if trouble 3 (status-of (standing-state standing)))))
    (values status
            (string-append "SHEEPDOG " (vector-ref %words status) " - "
                           (tidy (standing-name standing)) ": "
                           (tidy (or trouble (said standing age)))
                           (if age (string-append " | " (data standing age)) "")))))

(define (newest-result db standing)
  "Return when the newest result of STANDING was, in ms, or #f."
  (and (standing-event standing)
       (event-time db (standing-event standing))))

(define (check db place text options common)
  (match (named-subject db (string-downcase (place-ref place 'name)) text)
    (#f (if (string-any (char-set #\* #\? #\[) text)
            (raise-error 'usage (string-append "'check' wants one subject, got " (printable text))
                         "'sheepdog status' takes a pattern")
            (raise-error 'usage (string-append (printable text) ": never heard"))))
    (found
     (let* ((now (%now))
            (standing (first (hushed db place (list found) now))))
       (call-with-values
           (lambda ()
             (check-answer standing now #:at (newest-result db standing)
                           #:max-age (option-ref options 'max-age)
                           #:dead-since (dead-since db now)))
         (lambda (status line)
           (match (assq-ref common 'format)
             ((or 'json 'sexp)
              (print-answer standing status line now (assq-ref common 'format)))
             (_ (format #t "~a~%" line)))
           status))))))

(define (print-answer standing status line now form)
  (let ((answer (document 'check now
                          `(host . ,(standing-host standing))
                          `(tag . ,(standing-tag standing))
                          `(state . ,(absent (standing-state standing)))
                          `(status . ,status)
                          `(line . ,line))))
    (if (eq? form 'json)
        (print-json answer)
        (print-sexp 'sheepdog-check answer))))

(define (run arguments common)
  (with-error-handler
   (lambda (code text hint)
     (format #t "SHEEPDOG UNKNOWN - ~a~a~%" (tidy text)
             (if (and hint (not (string-null? hint))) (string-append " (" (tidy hint) ")") ""))
     3)
   (lambda ()
     (call-with-options
      %syntax arguments common
      (lambda (words options common)
        (call-with-database
         "check" common
         (lambda (db place) (check db place (car words) options common))))))))
