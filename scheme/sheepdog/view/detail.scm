;;; detail.scm -- one message taken apart for people: command, outcome, fields, output
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view detail)
  #:use-module (sheepdog message)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view words)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (short-id
            clock-time
            command-text
            message-details
            stream-lines
            output-lines))

(define (short-id sender seq)
  "The id of a message away from the database: `3f9c:44'.  SENDER is a string; one
that is no random id of a spool stands whole."
  (string-append (if (and (= 32 (string-length sender))
                          (string-every char-set:hex-digit sender))
                     (string-take sender 4)
                     (printable sender))
                 ":" (number->string seq)))

(define (clock-time ms now)
  "MS as a time of day, with its day when that is not the day of NOW."
  (time->local (if (= (day-number ms) (day-number now))
                   "%H:%M:%S"
                   "%-d %b %H:%M:%S")
               ms))

(define (command-text outcome)
  "What was run, as one would type it; #f when OUTCOME does not say."
  (cond ((assq-ref outcome 'command))
        ((assq-ref outcome 'argv)
         => (lambda (argv)
              (string-join (map shell-word (vector->list argv)) " ")))
        (else #f)))

(define (outcome-words outcome)
  "How it went: \"exit status 2 after 0.4 s, user ibackup, in /home/ibackup\"."
  (define (part key before)
    (let ((value (assq-ref outcome key)))
      (and (string? value) (string-append before value))))
  (let ((end (outcome->text outcome)) (elapsed (assq-ref outcome 'elapsed)))
    (string-join
     (filter identity
             (list (cond ((and elapsed (not (assq-ref outcome 'timed_out))
                               (not (string-null? end)))
                          (string-append end " after " (duration->text elapsed)))
                         ((string-null? end) #f)
                         (else end))
                   (part 'user "user ")
                   (part 'cwd "in ")))
     ", ")))

(define (value->text value)
  (cond ((string? value) value)
        ((number? value) (number->string value))
        ((eq? value #t) "true")
        ((eq? value #f) "false")
        ((symbol? value) (symbol->string value))
        (else "...")))

(define %most-facts 10)

(define (many label texts)
  "Entries for `labelled-lines': LABEL at the first of TEXTS, at most `%most-facts'."
  (let* ((more (- (length texts) %most-facts))
         (texts (if (> more 0)
                    (append (take texts %most-facts) (list (format #f "and ~a more" more)))
                    texts)))
    (map cons
         (cons label (make-list (max 0 (- (length texts) 1)) ""))
         texts)))

(define (flag->text flag)
  (match flag
    ('lossy "part of it was no UTF-8 and is lost")
    ('odd-time "its time cannot be believed; the time of receipt counts")
    ('skew "the sender's clock is over a minute off ours")
    (_ (symbol->string flag))))

(define (plain-end? message outcome)
  "Does the state of MESSAGE say no more than OUTCOME does?"
  (and outcome (eq? (message-state message) (outcome-state outcome))))

(define (message-details message)
  "What MESSAGE tells, without its output: entries (LABEL . TEXT) for people."
  (let* ((outcome (message-outcome message))
         (command (and outcome (command-text outcome)))
         (end (if outcome (outcome-words outcome) "")))
    (define (entry label text)
      (if (and text (not (string-null? text)))
          (list (cons label (printable text)))
          '()))
    (append
     (entry "command" command)
     (entry "outcome" end)
     (if (plain-end? message outcome) '() (entry "summary" (message-summary message)))
     (entry "run" (message-run message))
     (entry "fields"
            (string-join (map (match-lambda
                                ((name . value)
                                 (format #f "~a ~a" name (value->text value))))
                              (message-fields message))
                         ", "))
     (match (message-facts message)
       (() '())
       (facts (many "facts"
                    (map (lambda (fact)
                           (printable
                            (string-append "(" (string-join (map value->text fact) " ")
                                           ")")))
                         facts))))
     (entry "replaces" (string-join (message-replaces message) ", "))
     (entry "note" (string-join (map flag->text (message-flags message)) "; ")))))

;;; Output

(define %last-lines 20)

(define* (stream-lines name text #:key (whole? #f))
  "Return the lines that show TEXT, a stream called NAME: the last twenty, as wide as
the terminal, or all of it as it is when WHOLE?; '() when there is nothing."
  (let* ((lines (string-split (string-trim-right text #\newline) #\newline))
         (count (length lines))
         (shown (if (or whole? (<= count %last-lines))
                    lines
                    (take-right lines %last-lines)))
         (room (if whole? 1000000 (- %columns 3))))
    (if (string-null? text)
        '()
        (cons (string-append name ", " (plural count "line")
                             (if (< (length shown) count)
                                 (format #f ", the last ~a" (length shown))
                                 "")
                             ":")
              (map (lambda (line) (string-append "  " (fit (printable line) room)))
                   shown)))))

(define (output-lines outcome whole?)
  "Return the lines that show the output in OUTCOME (or #f): all of both streams when
WHOLE?, else the end of stderr, or of stdout where stderr has nothing; of both it says that there is
more."
  (define (text key)
    (or (and outcome (assq-ref outcome key)) ""))
  (cond (whole? (append (stream-lines "stdout" (text 'stdout) #:whole? #t)
                        (stream-lines "stderr" (text 'stderr) #:whole? #t)))
        ((string-null? (text 'stderr)) (stream-lines "stdout" (text 'stdout)))
        (else
         (append (stream-lines "stderr" (text 'stderr))
                 (match (stream-lines "stdout" (text 'stdout))
                   (() '())
                   ((head . _) (list (string-append (string-drop-right head 1)
                                                    ": --output shows it"))))))))
