;;; silence.scm -- `sheepdog silence': store and show, but do not tell
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command silence)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog command quiet)
  #:use-module (sheepdog command subject)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog history)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog request)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view silence)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:export (run
            %syntax))

(define (absolute-time text)
  (parse-time text 0 #:relative? #f))

(define %syntax
  (action-syntax
   "silence" "PATTERN [DURATION]"
   "Store and show what happens to these subjects, but tell nobody, for so long. What is still wrong afterwards is told then."
   (cons (option "until" "Until then, as 2026-12-01 or '2026-12-01 08:00', instead of for a DURATION."
                 #:argument "TIME" #:convert absolute-time
                 #:wants "a time such as 2026-12-01 or '2026-12-01 08:00'")
         %quiet-options)
   #:most 2
   #:notes '("A bare word is a host: tux02 means 'tux02/*'."
             "What is over is told all the same to whoever was told that it began. A silence of the same pattern is replaced. --off takes the pattern as it was given, or the number that --list shows, as '#3'."
             "Example: sheepdog silence 'tux02/*' 2d --reason 'new disk'")))

(define (usage text hint)
  (raise-error 'usage text hint))

(define (end-of words options now)
  "Return until when, in ms, WORDS behind the pattern and OPTIONS ask for silence at NOW."
  (match (cons (option-ref options 'until) words)
    ((#f text)
     (+ now (or (parse-duration text)
                (usage (format #f "'silence' wants a duration, got '~a'" (printable text))
                       "such as 2d, 36h, 30m"))))
    ((until)
     (cond ((not until) (usage "'silence' wants a duration, or --until=TIME"
                               "such as: sheepdog silence 'tux02/*' 2d"))
           ((<= until now) (usage "the time of '--until' is over" "it is to be one that comes"))
           (else until)))
    (_ (usage "a duration and '--until' both say how long" "one of them is enough"))))

(define (full-text pattern)
  "Return PATTERN as it is stored: with its tag."
  (let ((text (pattern-text pattern)))
    (if (string-index text #\/) text (string-append text "/*"))))

(define (silence! db place pattern words options)
  (let* ((now (%now))
         (until (end-of words options now))
         (text (full-text pattern))
         (id (with-transaction db
               (let ((id (request! db 'silence text now #:until until #:who (who-asks)
                                   #:reason (option-ref options 'reason))))
                 (silences-changed! db now)
                 id))))
    (warn-of-nothing db pattern)
    (tell-server! place)
    (remark (format #f "~a is silent until ~a (#~a)" (printable text)
                    (until-words until now) id))
    0))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (match words
       (() (unless (option-ref options 'list)
             (usage "'silence' wants a PATTERN" "--list shows what is silent"))
           (call-with-database
            "silence" common
            (lambda (db place) (print-quiet db place 'silence options common))
            #:otherwise
            (lambda (place) (print-quiet #f place 'silence options common))))
       ((text . more)
        (let ((pattern (and (not (string-prefix? "#" text))
                            (pattern-word (list text)))))
          (call-with-database
           "silence" common
           (lambda (db place)
             (cond ((option-ref options 'off)
                    (take-back! db place 'silence text (if pattern (full-text pattern) text)))
                   (pattern (silence! db place pattern more options))
                   (else (pattern-word (list text)))))
           #:mode 'read-write)))))))
