;;; notice.scm -- what a notification says
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure: from a subject before and after, and what its message told, to a title and a text.
;; Foreign text is escaped here, once, for mail, log and programs alike.

(define-module (sheepdog notice)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog name)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (notice notice-kind notice-subject notice-event notice-state
            notice-title notice-text))

(define %most-lines 20)                           ;of the output
(define %longest-title 160)                       ;characters

(define-record-type <notice>
  (make-notice kind subject before monitor event words outcome last-ok told-first)
  notice?
  (kind notice-kind)                              ;symbol: problem change recovery note
  (subject notice-subject)                        ;subject, after the message
  (before notice-before)                          ;subject, before it
  (monitor notice-monitor)                        ;string
  (event notice-event)                            ;integer: the message
  (words notice-words)                            ;string: what the receiver says | #f
  (outcome notice-outcome)                        ;alist of (sheepdog outcome) | #f
  (last-ok notice-last-ok)                        ;(ms . elapsed ms | #f) | #f: never
  (told-first notice-told-first))                 ;ms: when the recipient was told first | #f

(define* (notice #:key kind subject before monitor event words outcome last-ok told-first)
  "Return what a notification of KIND (problem, change, recovery, note) tells of: SUBJECT,
which was BEFORE, after the message EVENT (an id) of MONITOR; WORDS that its receiver found, or
#f; the OUTCOME of its command, or #f; LAST-OK, a pair of ms and elapsed ms, or #f; when the
recipient was TOLD-FIRST of this incident, or #f."
  (make-notice kind subject before monitor event words outcome last-ok told-first))

(define (notice-state notice)
  "Return the state that NOTICE tells, a symbol, or #f."
  (or (subject-hard (notice-subject notice))
      (subject-state (notice-subject notice))))

(define (name notice)
  (let ((subject (notice-subject notice)))
    (printable (subject-name (subject-host subject) (subject-tag subject)))))

(define (shown-state state)
  "Return STATE as it is shouted: FAIL and LATE in capitals."
  (match state
    ((or 'fail 'late) (string-upcase (symbol->string state)))
    (#f "-")
    (_ (symbol->string state))))

(define (first-line text)
  (let ((end (string-index text #\newline)))
    (if end (substring text 0 end) text)))

(define (moment ms)
  "Return the instant MS on our clocks: \"Fri 20 Nov at 06:00\"."
  (time->local "%a %-d %b at %H:%M" ms))

(define (span-words before at)
  "Return how long the incident of BEFORE lasted till AT: \"2 days, 3 failures\"."
  (string-append (duration->text (- at (or (subject-bad-since before) at))) ", "
                 (plural (subject-failures before) "failure")))


;;; The title.

(define (notice-title notice)
  "Return the line that stands for NOTICE: \"[sheepdog] FAIL penguin2/BORG-ETC: exit status 2\"."
  (let* ((subject (notice-subject notice))
         (summary (printable (first-line (or (notice-words notice)
                                             (subject-summary subject)))))
         (said (if (string-null? summary) "" (string-append ": " summary))))
    (fit (string-append
          "[sheepdog] "
          (match (notice-kind notice)
            ((or 'problem 'change)
             (string-append (shown-state (notice-state notice)) " " (name notice) said))
            ('recovery
             (string-append (shown-state (notice-state notice)) " " (name notice)
                            " after " (span-words (notice-before notice)
                                                  (subject-at subject))))
            ('note
             (string-append (name notice) said))))
         %longest-title)))


;;; The text.

(define (became state)
  (match state
    ('ok "is ok again since")
    ('fail "failed on")
    ('warn "warns since")
    ('late "is late since")
    (_ "is unknown since")))

(define (sentence notice)
  "Return what happened, as a sentence."
  (let* ((subject (notice-subject notice))
         (before (notice-before notice))
         (state (notice-state notice))
         (happened (lambda (since)
                     (string-append (name notice) " " (became state) " " (moment since)))))
    (match (notice-kind notice)
      ('problem
       (string-append
        (happened (subject-bad-since subject))
        (cond ((eq? 'ok (subject-state before))
               (string-append "; it was ok since "
                              (time->local "%-d %b" (subject-since before)) "."))
              ((subject-state before)
               (string-append "; it was "
                              (symbol->string (subject-state before)) " before."))
              (else "; nothing was known of it before."))))
      ('change
       (string-append (happened (subject-since subject)) "; it is not ok since "
                      (moment (subject-bad-since subject)) "."))
      ('recovery
       (string-append (if (eq? state 'ok)
                          (happened (subject-since subject))
                          (string-append (name notice) " is now "
                                         (symbol->string state) ", since "
                                         (moment (subject-since subject))))
                      ", after " (span-words before (subject-at subject)) "."))
      ('note
       (string-append "The monitor " (printable (notice-monitor notice)) " says of "
                      (name notice) ":")))))

(define (detail label text)
  "Return the line LABEL, TEXT as a list of one, or of none when TEXT is #f."
  (if (and text (not (string-null? text)))
      (list (string-append "  " (pad label 10) text))
      '()))

(define (command outcome)
  (or (assq-ref outcome 'command)
      (let ((argv (assq-ref outcome 'argv)))
        (and argv (string-join (vector->list argv) " ")))))

(define (outcome-words outcome)
  "Return \"exit status 2 after 0.4 s, user ibackup\"."
  (let ((elapsed (assq-ref outcome 'elapsed))
        (user (assq-ref outcome 'user)))
    (string-append (outcome->text outcome)
                   (if (and elapsed (not (assq-ref outcome 'timed_out)))
                       (string-append " after " (duration->text elapsed))
                       "")
                   (if user (string-append ", user " user) ""))))

(define (last-ok-words last-ok)
  "Return \"Thu 19 Nov at 06:14, took 14 min\", or #f."
  (match last-ok
    (#f #f)
    ((at . #f) (moment at))
    ((at . elapsed) (string-append (moment at) ", took " (duration->text elapsed)))))

(define (details notice)
  (let ((outcome (or (notice-outcome notice) '()))
        (summary (subject-summary (notice-subject notice))))
    (append
     (detail "command" (and=> (command outcome) (lambda (text) (printable (first-line text)))))
     (detail "outcome" (and (pair? outcome) (printable (outcome-words outcome))))
     (detail "says" (and (null? outcome) (printable summary)))
     (if (memq (notice-kind notice) '(problem change))
         (detail "last ok" (or (last-ok-words (notice-last-ok notice)) "never"))
         '()))))

(define (last-output notice)
  "Return the last lines of stderr, or, where that is empty, of stdout, with a line above them
that counts."
  (define (lines-of stream)
    (remove string-null?
            (string-split (string-trim-right
                           (or (assq-ref (or (notice-outcome notice) '()) stream) ""))
                          #\newline)))
  (let* ((stream (if (null? (lines-of 'stderr)) 'stdout 'stderr))
         (lines (lines-of stream))
         (count (length lines)))
    (cond ((or (zero? count) (not (memq (notice-kind notice) '(problem change)))) '())
          (else
           (cons (if (> count %most-lines)
                     (format #f "~a, the last ~a of ~a lines:" stream %most-lines count)
                     (format #f "~a, ~a:" stream (plural count "line")))
                 (map (lambda (line) (string-append "  " (printable line)))
                      (take-right lines (min count %most-lines))))))))

(define (because notice)
  "Return why this is told, in a line."
  (define (state subject) (if (subject-state subject)
                              (symbol->string (subject-state subject))
                              "nothing"))
  (string-append
   "because: "
   (match (notice-kind notice)
     ('note (string-append "its receiver asks for it in message "
                           (number->string (notice-event notice))))
     (kind
      (string-append (state (notice-before notice)) " -> " (state (notice-subject notice))
                     (if (notice-told-first notice)
                         (string-append "; first told on " (moment (notice-told-first notice)))
                         "; not told of it before"))))))

(define (notice-text notice)
  "Return the text of NOTICE for people, lines with an end each."
  (let ((words (notice-words notice)))
    (string-join
     (append (list (sentence notice))
             (if words
                 (map (lambda (line) (printable line)) (string-split words #\newline))
                 '())
             (details notice)
             (last-output notice)
             (list (because notice)
                   (string-append "  sheepdog show "
                                  (number->string (notice-event notice)))))
     "\n" 'suffix)))
