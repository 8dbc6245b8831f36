;;; log.scm -- `sheepdog log': what was said
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command log)
  #:use-module (sheepdog annals)
  #:use-module (sheepdog archive)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog history)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view log)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax))

(define %states '("ok" "warn" "fail" "unknown" "late"))

(define (parse-states text)
  "The states (symbols) of TEXT, a list with commas; #f when one is none."
  (let ((words (string-split (string-downcase text) #\,)))
    (and (every (lambda (word) (member word %states)) words)
         (map string->symbol words))))

(define (parse-instant text)
  (parse-time text (%now)))

(define %time "a time such as \"yesterday\", \"2026-11-22 06:00\", \"36h\"")

(define %syntax
  (action-syntax
   "log" "[PATTERN]"
   "Show what was said, one line a message, the newest last; what became late; of days whose messages have gone a line each."
   (list (option "number" "The last N; 20, with --since all." #:short #\n
                 #:argument "N" #:convert string->count #:wants "a number")
         (option "follow" "Go on with what comes, until interrupted." #:short #\F)
         (option "since" "Only what happened at TIME or later." #:argument "TIME"
                 #:convert parse-instant #:wants %time)
         (option "until" "Only what happened before TIME." #:argument "TIME"
                 #:convert parse-instant #:wants %time)
         (option "state" "Only these states, as warn,fail." #:argument "LIST"
                 #:convert parse-states #:default '()
                 #:wants "states among ok, warn, fail, unknown, late")
         (option "wide" "Cut nothing to 80 columns."))
   #:most 1
   #:notes '("TIME is RFC 3339, YYYY-MM-DD[ HH:MM], today, yesterday, or a duration ago. The exit status is 1 when nothing is found."
             "Example: sheepdog log tux01 --since yesterday")))

(define (limit options)
  (or (option-ref options 'number)
      (if (option-ref options 'since) #f 20)))

(define %open-end 9223372036854775807)
(define %whole (* 29 24 60 60 1000))              ;ms for which all messages are there

(define (message-of db entry)
  (and (entry-id entry) (event-message db (entry-id entry))))

(define (last-of entries limit)
  (if (and limit (> (length entries) limit))
      (take-right entries limit)
      entries))

(define (all-entries db pattern now options)
  "Return what OPTIONS ask for of the subjects that PATTERN fits: messages, what the clock said, and
what is left of days whose messages have gone."
  (let* ((limit (limit options))
         (states (option-ref options 'state))
         (until (or (option-ref options 'until) %open-end))
         (said (newest-entries db pattern #:limit limit #:since (option-ref options 'since)
                               #:until until #:states states))
         (since (or (option-ref options 'since)
                    (and limit (>= (length said) limit) (pair? said) (entry-at (first said)))
                    (- %open-end))))
    (define (asked? entry)
      (or (null? states) (memq (entry-state entry) states)))
    (last-of (sort-entries
              (append said
                      (filter asked?
                              (append (lateness-between db pattern since until)
                                      (if (< since (- now %whole))
                                          (days-between db pattern since until)
                                          '())))))
             limit)))

(define (messages db entries)
  (list->vector
   (map (lambda (entry) (log-message entry (message-of db entry))) entries)))

(define (print-entries db entries now options common)
  (match (assq-ref common 'format)
    ('json (print-json (messages db entries)))
    ('sexp (print-sexp 'sheepdog-log
                       (document 'log now `(messages . ,(messages db entries)))))
    ('org (print-lines (log-org entries)))
    (_ (print-text db entries options common))))

(define (print-text db entries options common)
  (with-color common
    (lambda ()
      (print-lines
       (log-lines entries
                  #:wide? (option-ref options 'wide)
                  #:outcome (lambda (entry) (event-outcome db (entry-id entry))))))))

(define (print-news db entries options common)
  "Print ENTRIES as --follow does: each by itself."
  (match (assq-ref common 'format)
    ('json (for-each (lambda (entry)
                       (print-json (log-message entry (message-of db entry))))
                     entries))
    ('sexp (for-each (lambda (entry)
                       (print-sexp 'message
                                   (log-message entry (message-of db entry))))
                     entries))
    (_ (print-text db entries options common)))
  (force-output))

(define %known (* 24 60 60 1000))                 ;ms: how long after its deadline something may become late

(define (late-of-late db pattern options)
  "Return what the clock found late since yesterday, if OPTIONS ask for that."
  (if (or (null? (option-ref options 'state)) (memq 'late (option-ref options 'state)))
      (lateness-between db pattern (- (%now) %known) %open-end)
      '()))

(define (moment-of entry)
  (list (entry-host entry) (entry-tag entry) (entry-at entry)))

(define (follow db pattern last late options common)
  "Print what comes after the event LAST, and becomes late that is none of LATE, until asked to stop."
  (receive (entries last)
      (entries-after db last pattern #:states (option-ref options 'state))
    (let ((now-late (late-of-late db pattern options))
          (known (map moment-of late)))
      (print-news db
                  (sort-entries
                   (append entries
                           (remove (lambda (entry) (member (moment-of entry) known)) now-late)))
                  options common)
      (match (%pause 1)
        ('stop 0)
        (_ (follow db pattern last now-late options common))))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (let ((pattern (pattern-word words)))
       (call-with-database
        "log" common
        (lambda (db place)
          (let* ((last (newest-id db))
                 (late (late-of-late db pattern options))
                 (entries (all-entries db pattern (%now) options)))
            (cond ((option-ref options 'follow)
                   (print-news db entries options common)
                   (follow db pattern last late options common))
                  (else
                   (print-entries db entries (%now) options common)
                   (if (null? entries) 1 0)))))
        #:otherwise
        (lambda (place)
          (print-entries #f '() (%now) options common)
          1))))))
