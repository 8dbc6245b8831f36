;;; silence.scm -- what is to be quiet, and why, for people and programs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view silence)
  #:use-module (sheepdog config)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog request)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (ice-9 match)
  #:export (until-words
            silence-lines
            silences-document
            silences-org))

(define (until-words until now)
  "Return until when it is quiet: \"Tue 24 Nov 09:15\", or \"it is ok\" for #f."
  (if until
      (time->words until now)
      "it is ok"))

(define (window-words w)
  "Return W, a window of the configuration or (not WINDOW), in words."
  (match w
    (('not name) (string-append "not " (symbol->string name)))
    (name (symbol->string name))))

(define (entry-until entry)
  (entry-ref entry 'until))

(define (entry-during entry)
  (and=> (entry-ref entry 'during) window-words))

(define (entry-reason entry)
  (or (entry-ref entry 'reason) ""))

;;; Text

(define (request-row request now)
  (list (string-append "#" (number->string (request-id request)))
        (printable (request-pattern request))
        (string-append "until " (until-words (request-until request) now))
        (string-append (printable (request-who request)) ", "
                       (time->words (request-at request) now))
        (printable (request-reason request))))

(define (entry-row entry now)
  (list (entry-place entry)
        (printable (pattern-text (entry-value entry)))
        (if (entry-until entry)
            (string-append "until " (until-words (entry-until entry) now))
            (string-append "during " (entry-during entry)))
        ""
        (printable (entry-reason entry))))

(define* (silence-lines requests entries now #:key (wide? #f))
  "Return a line for each of REQUESTS, and for each of ENTRIES, those of the configuration."
  (columns->lines (append (map (lambda (request) (request-row request now)) requests)
                          (map (lambda (entry) (entry-row entry now)) entries))
                  #:shrink '(4 1) #:room (if wide? 1000000 (- %columns 1))))

;;; Programs

(define (request-object request)
  `((id . ,(request-id request))
    (kind . ,(request-kind request))
    (pattern . ,(request-pattern request))
    (from . ,(instant (request-from request)))
    (until . ,(instant (request-until request)))
    (who . ,(request-who request))
    (asked . ,(instant (request-at request)))
    (reason . ,(request-reason request))))

(define (entry-object entry)
  `((kind . silence)
    (pattern . ,(pattern-text (entry-value entry)))
    (until . ,(instant (entry-until entry)))
    (during . ,(absent (entry-during entry)))
    (reason . ,(entry-reason entry))
    (place . ,(entry-place entry))))

(define (silences-document requests entries now)
  "Return REQUESTS and ENTRIES as a document: `silences', those of the configuration with `place'."
  (document 'silence now
            `(silences . ,(list->vector (append (map request-object requests)
                                                (map entry-object entries))))))

(define (silences-org requests entries)
  "Return REQUESTS and ENTRIES as the lines of an Org table."
  (org-table '(id kind pattern until during who reason place)
             (append (map request-object requests) (map entry-object entries))))
