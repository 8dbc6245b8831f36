;;; log.scm -- `sheepdog log': what was said
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command log)
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
   "Show what was said, one line a message, the newest last."
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

(define (messages db entries)
  (list->vector
   (map (lambda (entry) (log-message entry (event-message db (entry-id entry))))
        entries)))

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
                       (print-json (log-message entry (event-message db (entry-id entry)))))
                     entries))
    ('sexp (for-each (lambda (entry)
                       (print-sexp 'message
                                   (log-message entry
                                                (event-message db (entry-id entry)))))
                     entries))
    (_ (print-text db entries options common)))
  (force-output))

(define (follow db pattern last options common)
  "Print what comes after the event LAST until asked to stop."
  (receive (entries last)
      (entries-after db last pattern #:states (option-ref options 'state))
    (print-news db entries options common)
    (match (%pause 1)
      ('stop 0)
      (_ (follow db pattern last options common)))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (let ((pattern (pattern-word words)))
       (call-with-database
        "log" common
        (lambda (db place)
          (let ((last (newest-id db))
                (entries (newest-entries db pattern
                                         #:limit (limit options)
                                         #:since (option-ref options 'since)
                                         #:until (option-ref options 'until)
                                         #:states (option-ref options 'state))))
            (cond ((option-ref options 'follow)
                   (print-news db entries options common)
                   (follow db pattern last options common))
                  (else
                   (print-entries db entries (%now) options common)
                   (if (null? entries) 1 0)))))
        #:otherwise
        (lambda (place)
          (print-entries #f '() (%now) options common)
          1))))))
