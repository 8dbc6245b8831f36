;;; program.scm -- a program in any language as a monitor: what it printed becomes messages
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A `command' says either what plugins of Nagios do (exit status, a line) or messages, a line of JSON
;; each; a `nagios' never the latter.  One that hangs, floods or is not there has told nothing: of a
;; command that is a trouble of the monitor, since nobody knows its subjects; the one subject of a
;; plugin of Nagios is unknown then, as Nagios has it.

(define-module (sheepdog program)
  #:use-module (sheepdog bark)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:autoload (sheepdog message) (alist->message)
  #:use-module (sheepdog nagios)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog sample)
  #:use-module (sheepdog text)
  #:use-module (sheepdog watch)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:export (program-argv program-sampled run-watch %most-output))

(define %most-output (* 1024 1024))               ;bytes of stdout
(define %most-said 8192)                          ;characters of output that a message carries
(define %most-messages 1000)

(define %plugin-directories '("/usr/lib/nagios/plugins" "/usr/lib/monitoring-plugins"))

(define (executable directory name)
  (let ((file (string-append directory "/" name)))
    (and (access? file X_OK) file)))

(define (program-argv watch)
  "Return the words of the program of WATCH; a plugin of Nagios is looked for where they are."
  (match (cons (watch-kind watch) (watch-what watch))
    (('nagios (? (lambda (name) (not (string-index name #\/))) name) . words)
     (cons (or (any (lambda (directory) (executable directory name)) %plugin-directories)
               name)
           words))
    ((_ . words) words)))

(define (failure ending limit)
  "Return why ENDING, an alist of `%errands-collect!', tells nothing, or #f."
  (define (ref key) (assq-ref ending key))
  (cond ((ref 'errno) => (lambda (why) (string-append "cannot be run: " why)))
        ((ref 'timed-out) (string-append "took longer than " (duration->text limit)
                                         ": ended"))
        ((ref 'flooded) (string-append "printed more than " (size->text %most-output)
                                       ": ended"))
        ((ref 'signal) => (lambda (signal) (format #f "was killed by signal ~a" signal)))
        (else #f)))

(define (last-line text)
  (last (string-split (string-trim-right text) #\newline)))

(define (cut text)
  (if (> (string-length text) %most-said) (string-take text %most-said) text))

(define (outcome-of watch ending state)
  "Return the outcome of a message that tells a bad STATE, with what was printed; #f for a good one.
Arguments may hold passwords: the program's name must do."
  (define (text key)
    (let ((text (assq-ref ending key)))
      (if (string-null? text) '() (list (cut text)))))
  (and (not (eq? state 'ok))
       `((command . ,(basename (first (watch-what watch))))
         ,@(if (assq-ref ending 'status) `((status . ,(assq-ref ending 'status))) '())
         ,@(if (assq-ref ending 'timed-out) '((timed_out . #t)) '())
         ,@(map (lambda (text) `(stdout . ,text)) (text 'output))
         ,@(map (lambda (text) `(stderr . ,text)) (text 'said)))))

(define (summary-of ending)
  "Return the line for people in ENDING, else the last that the program complained with."
  (define (given . texts)
    (find (negate string-null?) texts))
  (or (given (output-line (assq-ref ending 'output))
             (last-line (assq-ref ending 'said)))
      (format #f "printed nothing, exit status ~a" (assq-ref ending 'status))))

(define (subject-message watch state summary ending host now)
  "Return the message of the one subject that WATCH has."
  (let ((tag (or (watch-tag watch) (watch-name watch))))
    (make-bark #:host host #:monitor (watch-name watch) #:tag tag #:state state
               #:summary summary #:time now
               #:outcome (outcome-of watch ending state)
               #:facts (map (match-lambda
                              ((label value uom) (list "perf" tag label value uom)))
                            (perfdata (assq-ref ending 'output))))))

(define (line-sampled watch ending host now)
  (sampled (list (subject-message watch (status->state (assq-ref ending 'status))
                                  (summary-of ending) ending host now))
           #f #f '()))


;;; Messages, a line of JSON each.

(define (json? output)
  "Does OUTPUT begin as an object?"
  (string-prefix? "{" (string-trim output)))

(define (complete watch line host now)
  "Return the message in LINE, with what it leaves out; raise `bad-message' when it is none."
  (let ((given (car (%json-read (string->utf8 line)))))
    (unless (and (pair? given) (pair? (car given)))
      (raise-error 'bad-message "a message is an object"))
    (let* ((default (lambda (key value)
                      (if (assq key given) '() (list (cons key value)))))
           (message (append given
                            (default 'host host)
                            (default 'monitor (watch-name watch))
                            (if (assq 'monitor given)
                                '()
                                (default 'tag (or (watch-tag watch) (watch-name watch))))
                            (default 'time (/ now 1000.0)))))
      (alist->message message #f now #f)          ;raises what the server would
      message)))

(define (json-sampled watch output host now)
  "Return the <sampled> of OUTPUT, whose lines are messages; the good ones are sent in any case."
  (define lines
    (filter (compose not string-null? second)
            (map (lambda (number line) (list number (string-trim-both line)))
                 (iota (+ 1 (string-count output #\newline)) 1)
                 (string-split output #\newline))))
  (define troubles '())
  (define (trouble! number text)
    (set! troubles (cons (format #f "line ~a: ~a" number text) troubles))
    #f)
  (let ((messages
         (filter-map (match-lambda
                       ((number line)
                        (with-error-handler
                         (lambda (code text hint) (trouble! number text))
                         (lambda () (complete watch line host now)))))
                     (take lines (min %most-messages (length lines))))))
    (when (> (length lines) %most-messages)
      (trouble! %most-messages (format #f "~a messages are the most" %most-messages)))
    (match (reverse troubles)
      (() (sampled messages #f #f '()))
      ((first . more) (sampled messages #f first more)))))

(define (program-sampled watch ending host now)
  "Return the <sampled> of WATCH, whose program has ended on HOST at NOW: ENDING is an alist of
`%errands-collect!'."
  (let ((failure (failure ending (watch-limit watch)))
        (output (assq-ref ending 'output)))
    (match (cons (watch-kind watch) failure)
      (('nagios . (? string? why))
       (sampled (list (subject-message watch 'unknown (string-append "the plugin " why)
                                       (acons 'output "" ending) host now))
                #f #f '()))
      (('command . (? string? why)) (sampled '() #f why '()))
      (('command . #f)
       (if (json? output)
           (json-sampled watch output host now)
           (line-sampled watch ending host now)))
      (_ (line-sampled watch ending host now)))))

(define (run-watch watch host now)
  "Run the program of WATCH, wait for its end, and return the <sampled> of it on HOST at NOW."
  (define (ending errands)
    (match (%errands-collect! errands 1.0)
      (() (ending errands))
      (((_ . ending)) ending)))
  (let ((errands (%errands-open)))
    (dynamic-wind
      (const #t)
      (lambda ()
        (%errand-start! errands 0 (program-argv watch) "" (/ (watch-limit watch) 1000.0)
                        %most-output)
        (program-sampled watch (ending errands) host now))
      (lambda () (%errands-close! errands)))))
