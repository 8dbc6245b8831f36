;;; sampling.scm -- samples of a monitor for its test: a tree of its own, programs that say a text
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog sampling)
  #:use-module (sheepdog message)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog receiver)
  #:use-module (sheepdog test)
  #:use-module (ice-9 match)
  #:export (write-tree! call-with-programs with-programs
            sample-of samples-of states-of received))

(define (write-tree! directory files)
  "Write FILES, an alist from paths below DIRECTORY to their text; the directories are made.  A text
that is a list (link TARGET) makes a link."
  (define (make-directory! name)
    (unless (file-exists? name)
      (make-directory! (dirname name))
      (mkdir name)))
  (for-each (match-lambda
              ((path . text)
               (let ((file (string-append directory "/" path)))
                 (make-directory! (dirname file))
                 (match text
                   (('link target) (symlink target file))
                   (_ (call-with-output-file file
                        (lambda (port) (display text port))))))))
            files))

(define (script status text error)
  "Return a program that writes TEXT and ERROR and ends with STATUS."
  (define (quoted text)
    (string-append "'" (string-join (string-split text #\') "'\\''") "'"))
  (string-append "#!/bin/sh\nprintf %s " (quoted text) "\nprintf %s " (quoted error) " >&2\nexit "
                 (number->string status) "\n"))

(define (call-with-programs programs thunk)
  "Return what THUNK returns while PROGRAMS are all the programs there are: an alist from names
to what they write, (STATUS TEXT ERROR), or a list (run LINE) with a line of sh(1)."
  (with-temporary-directory (directory)
    (for-each (match-lambda
                ((name . said)
                 (let ((file (string-append directory "/" name)))
                   (call-with-output-file file
                     (lambda (port)
                       (display (match said
                                  ((? string? text) (script 0 text ""))
                                  (('run line) (string-append "#!/bin/sh\n" line "\n"))
                                  ((status text error) (script status text error)))
                                port)))
                   (chmod file #o755))))
              programs)
    (let ((path (getenv "PATH")))
      (dynamic-wind
        (lambda () (setenv "PATH" directory))
        thunk
        (lambda () (setenv "PATH" path))))))

(define-syntax-rule (with-programs programs body ...)
  "Evaluate BODY while PROGRAMS, as for `call-with-programs', are all there are."
  (call-with-programs programs (lambda () body ...)))

(define %now 1795335303000)                       ;2026-11-22 08:15:03 UTC

(define (report->list report)
  (list (report-tag report) (report-state report) (report-summary report)
        (report-fields report)))

(define* (samples-of name options . steps)
  "Return a list, for each of STEPS, of the reports (TAG STATE SUMMARY FIELDS) of the monitor
NAME under OPTIONS: one sample after the other, each with the memory of the one before.  A step
is a number, so many ms after the first sample, a thunk to be called before one a minute after
the last, or both as (MS . THUNK)."
  (let ((monitor (load-monitor name)))
    (let loop ((steps steps) (now %now) (memory '()))
      (match steps
        (() '())
        ((step . rest)
         (let ((now (match step
                      ((? number?) (+ %now step))
                      ((ms . thunk) (thunk) (+ %now ms))
                      (_ (step) (+ now 60000)))))
           (call-with-values
               (lambda () (call-sample monitor options #:memory memory #:now now))
             (lambda (reports memory)
               (cons (map report->list reports) (loop rest now memory))))))))))

(define* (sample-of name #:optional (options '()) #:key (limit 5000))
  "Return the reports (TAG STATE SUMMARY FIELDS) of a first sample of the monitor NAME, that may
take LIMIT ms."
  (map report->list
       (call-sample (load-monitor name) options #:now %now #:limit limit)))

(define (states-of name options . steps)
  "Return the states alone of `samples-of', a list for each of STEPS."
  (map (lambda (reports) (map cadr reports))
       (apply samples-of name options steps)))

(define* (received name tag fields #:optional (state "ok"))
  "Return the actions of the receiver of the monitor NAME for a message of tux01 with TAG and
FIELDS."
  (receive-message (alist->message `((monitor . ,name) (host . "tux01") (tag . ,tag)
                                     (state . ,state) (fields . ,fields))
                                   1 %now #f)
                   #f))
