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
  #:export (notice notice-kind notice-subject notice-event notice-state notice-since notice-summary
            notice-title notice-text notice-line notice-details
            shown-state span-text))

(define %most-lines 20)                           ;of the output
(define %most-among-others 5)                     ;of the output, where others are told of, too
(define %longest-line 500)                        ;characters, of the output
(define %longest-title 160)                       ;characters
(define %day (* 24 60 60 1000))

(define-record-type <notice>
  (make-notice kind subject monitor event words outcome last-ok ok-since told first since
               failures missed kept past now)
  notice?
  (kind notice-kind)                              ;symbol, see `notice'
  (subject notice-subject)                        ;subject, as it is
  (monitor notice-monitor)                        ;string
  (event notice-event)                            ;integer: the message
  (words notice-words)                            ;string: what the receiver says | #f
  (outcome notice-outcome)                        ;alist of (sheepdog outcome) | #f
  (last-ok notice-last-ok)                        ;(ms . elapsed ms | #f) | #f: never
  (ok-since notice-ok-since)                      ;ms: since when it was ok before | #f: it was not
  (told notice-told)                              ;list of states told before, and `flapping'
  (first notice-first)                            ;ms: when the recipient was told first | #f
  (since notice-since)                            ;ms: since when it is, or was, not ok | #f
  (failures notice-failures)                      ;integer: results that were not ok, since then
  (missed notice-missed)                          ;integer: how often it was late in a row
  (kept notice-kept)                              ;integer: results of which nothing was told
  (past notice-past)                              ;integer: spans that came and went unheard
  (now notice-now))                               ;ms

(define* (notice #:key kind subject (monitor "") event words outcome last-ok ok-since (told '())
                 first since (failures 0) (missed 0) (kept 0) (past 0) (now 0))
  "Return what a notification of KIND (problem change flapping flapping-over reminder recovery closed
history note) tells of SUBJECT at NOW; the others are as in the record."
  (make-notice kind subject monitor event words outcome last-ok ok-since told first since
               failures missed kept past now))

(define (notice-state notice)
  "Return the state that NOTICE tells, a symbol: of what is watched no more, the last that was told."
  (or (subject-hard (notice-subject notice))
      (subject-state (notice-subject notice))
      (find bad? (reverse (delq 'flapping (notice-told notice))))
      'unknown))

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

(define (span-text notice)
  "Return how long the incident of NOTICE lasted: \"2 days, 3 failures\", \"1 day, 2 missed\"."
  (let ((at (or (subject-at (notice-subject notice)) (notice-now notice))))
    (string-append (duration->text (max 0 (- at (or (notice-since notice) at)))) ", "
                   (string-join
                    (append (if (or (positive? (notice-failures notice))
                                    (zero? (notice-missed notice)))
                                (list (plural (notice-failures notice) "failure"))
                                '())
                            (if (positive? (notice-missed notice))
                                (list (string-append (number->string (notice-missed notice))
                                                     " missed"))
                                '()))
                    ", "))))

(define (in-time? notice)
  "Is NOTICE the end of a lateness that was none: it ran before it was late, and was heard afterwards?"
  (let ((at (subject-at (notice-subject notice))))
    (and (eq? 'recovery (notice-kind notice))
         (eq? 'ok (notice-state notice))
         (notice-since notice)
         at
         (< at (notice-since notice)))))

(define (heard-late-words notice)
  "Return how long after it happened the newest result of NOTICE was heard."
  (let* ((subject (notice-subject notice))
         (received (or (subject-received subject) (notice-now notice))))
    (string-append "heard " (duration->text (- received (subject-at subject))) " late")))

(define (past-words notice)
  (let ((past (notice-past notice)))
    (string-append (plural past "failure") " of " (name notice) " while it was cut off, "
                   (match past (1 "over") (2 "both over") (_ "all over")))))

(define (notice-summary notice)
  "Return in a line what NOTICE has to say of the state, \"\": nothing."
  (printable (first-line (or (notice-words notice)
                             (subject-summary (notice-subject notice))))))

(define (opening? notice)
  (or (memq (notice-kind notice) '(problem change flapping reminder))
      (and (eq? 'flapping-over (notice-kind notice))
           (bad? (notice-state notice)))))


;;; The title.

(define (headline notice)
  "Return what NOTICE says, in a line: \"FAIL penguin2/BORG-ETC: exit status 2\"."
  (let* ((state (shown-state (notice-state notice)))
         (name (name notice))
         (summary (notice-summary notice))
         (said (if (string-null? summary) "" (string-append ": " summary))))
    (match (notice-kind notice)
      ((or 'problem 'change) (string-append state " " name said))
      ('reminder (string-append "still " state " " name said))
      ('flapping (string-append "flapping " name ": now " state))
      ('flapping-over (string-append state " " name ", flapping no more"))
      ('recovery (cond ((in-time? notice)
                        (string-append state " " name ", ran in time, "
                                       (heard-late-words notice)))
                       ((eq? 'ok (notice-state notice))
                        (string-append state " " name " after " (span-text notice)))
                       (else
                        (string-append "now " state " " name " after " (span-text notice)))))
      ('closed (string-append name " is watched no more, it was " state))
      ('history (past-words notice))
      ('note (string-append name said)))))

(define (notice-title notice)
  "Return the line that stands for NOTICE: \"[sheepdog] FAIL penguin2/BORG-ETC: exit status 2\"."
  (fit (string-append "[sheepdog] " (headline notice)) %longest-title))

(define (notice-line notice)
  "Return the line that NOTICE is among others."
  (string-append (headline notice)
                 (if (and (opening? notice) (notice-since notice))
                     (string-append ", since " (moment (notice-since notice)))
                     "")))


;;; The text.

(define (became state)
  (match state
    ('ok "is ok again since")
    ('fail "failed on")
    ('warn "warns since")
    ('late "is late since")
    (_ "is unknown since")))

(define (before-words notice)
  "Return what the subject of NOTICE, a problem, was before."
  (cond ((notice-ok-since notice)
         => (lambda (since)
              (string-append "; it was ok since "
                             (if (< (- (or (notice-since notice) (notice-now notice)) since) %day)
                                 (moment since)
                                 (time->local "%-d %b" since))
                             ".")))
        ((subject-ok-event (notice-subject notice)) ".")
        (else "; it was never ok before.")))

(define (heard-words notice)
  "Return when the subject of NOTICE was heard, if that was long after it happened."
  (let* ((subject (notice-subject notice))
         (at (subject-at subject))
         (received (subject-received subject)))
    (if (and at received (> (- received at) (* 15 60000)))
        (string-append " It was heard on " (moment received) ".")
        "")))

(define (sentence notice)
  "Return what happened, as a sentence."
  (let* ((subject (notice-subject notice))
         (state (notice-state notice))
         (since (or (notice-since notice) (subject-since subject) (notice-now notice)))
         (changed (or (subject-since subject) since)))
    (define (happened since)
      (string-append (name notice) " " (became state) " " (moment since)))
    (define (is since)
      (string-append (name notice) " is now " (symbol->string state) ", since " (moment since)))
    (match (notice-kind notice)
      ('problem
       (string-append (happened since) (before-words notice) (heard-words notice)))
      ('change
       (string-append (happened changed) "; it is not ok since " (moment since) "."))
      ('reminder
       (string-append (name notice) " is still " (symbol->string state) ", since "
                      (moment since) "; "
                      (plural (notice-kept notice) "result") " kept quiet."))
      ('flapping
       (string-append (name notice) " changes too often; "
                      "what it does is not told until that is over."))
      ('flapping-over
       (string-append (name notice) " changes no longer too often; "
                      (is changed) "."))
      ('recovery
       (if (in-time? notice)
           (string-append (name notice) " ran in time, on "
                          (moment (subject-at subject)) ", "
                          (heard-late-words notice) "; it was told to be late since "
                          (moment since) ".")
           (string-append (if (eq? state 'ok) (happened changed) (is changed))
                          ", after " (span-text notice) "." (heard-words notice))))
      ('closed
       (string-append "Of " (name notice) " nothing more is told here; it was "
                      (symbol->string state) " since " (moment since) "."))
      ('history
       (string-append (past-words notice) "."))
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

(define (result-details notice)
  (let* ((outcome (or (notice-outcome notice) '()))
         (ending (outcome-words outcome)))
    (append
     (detail "command" (and=> (command outcome) (lambda (text) (printable (first-line text)))))
     (detail "outcome" (printable ending))
     (detail "says" (and (string-null? ending)
                         (printable (subject-summary (notice-subject notice)))))
     (if (opening? notice)
         (detail "last ok" (or (last-ok-words (notice-last-ok notice)) "never"))
         '()))))

(define (last-output notice most)
  "Return the last MOST lines of stderr, or, where that is empty, of stdout, with a line above them
that counts."
  (define (lines-of stream)
    (remove string-null?
            (string-split (string-trim-right
                           (or (assq-ref (or (notice-outcome notice) '()) stream) ""))
                          #\newline)))
  (let* ((stream (if (null? (lines-of 'stderr)) 'stdout 'stderr))
         (lines (lines-of stream))
         (count (length lines)))
    (cond ((or (zero? count) (not (opening? notice))) '())
          (else
           (cons (if (> count most)
                     (format #f "~a, the last ~a of ~a lines:" stream most count)
                     (format #f "~a, ~a:" stream (plural count "line")))
                 (map (lambda (line) (string-append "  " (fit (printable line) %longest-line)))
                      (take-right lines (min count most))))))))

(define (because notice)
  "Return why this is told, in a line."
  (define (change)
    (string-append
     (match (notice-told notice)
       (() (if (notice-ok-since notice) "ok" "nothing"))
       (told (string-join (map symbol->string told) " and ")))
     " -> " (symbol->string (or (notice-state notice) 'unknown))))
  (string-append
   "because: "
   (match (notice-kind notice)
     ('note (string-append "its receiver asks for it in message "
                           (number->string (notice-event notice))))
     ('history "these results came too late to be news")
     (kind
      (string-append
       (change)
       (if (notice-first notice)
           (string-append "; first told on " (moment (notice-first notice)))
           "; not silenced; nothing it depends on is down"))))))

(define (details notice)
  "Return lines about the newest result of NOTICE.  What is late has none."
  (if (or (eq? 'late (notice-state notice)) (eq? 'history (notice-kind notice)))
      (detail "last ok" (and (opening? notice)
                             (or (last-ok-words (notice-last-ok notice)) "never")))
      (result-details notice)))

(define (notice-details notice)
  "Return the lines, none where it is over, that stand below the line of NOTICE among others."
  (if (opening? notice)
      (append (details notice)
              (map (lambda (line) (string-append "  " line))
                   (last-output notice %most-among-others)))
      '()))

(define (notice-text notice)
  "Return the text of NOTICE for people, lines with an end each."
  (let ((words (notice-words notice)))
    (string-join
     (append (list (sentence notice))
             (if words
                 (map (lambda (line) (printable line)) (string-split words #\newline))
                 '())
             (details notice)
             (last-output notice %most-lines)
             (list (because notice)
                   (string-append "  sheepdog show " (number->string (notice-event notice))
                                  (if (opening? notice)
                                      (string-append "; sheepdog ack " (shell-word (name notice)))
                                      ""))))
     "\n" 'suffix)))
