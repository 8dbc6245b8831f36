;;; entries.scm -- the entries of a configuration that say who is told of what, as records
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; (notify ...), (escalate ...), (diary ...), (depends ...), (silence ...) and the (window ...) they name.

(define-module (sheepdog entries)
  #:use-module (sheepdog config)
  #:use-module (sheepdog dependency)
  #:use-module (sheepdog diary)
  #:use-module (sheepdog digest)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog route)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog terms)
  #:use-module (sheepdog week)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (config-windows config-clauses config-escalations config-dependencies config-silences
            entry->appointment)
  #:re-export (window-open? window-boundary))

(define (as-list value)
  (if (list? value) value (list value)))

(define (as-pattern value)
  (if (pattern? value) value (pattern value)))

(define (zone-of entry)
  "Return the zone that ENTRY names, else ours."
  (let ((zone (entry-ref entry 'zone #f)))
    (if zone (find-zone zone) (local-zone))))


;;; Windows: `(window NAME OPTION...)', and a W that asks for one: NAME or (not NAME).

(define (config-windows config)
  "Return the windows of CONFIG, an alist from names."
  (map (compose datum->window entry->window-datum) (config-entries config 'window)))

(define (open-during entry windows)
  "Return the predicate of ms that the option `during' of ENTRY is, or #f: it has none."
  (let ((w (entry-ref entry 'during #f)))
    (and w (lambda (ms) (window-open? windows w ms)))))


;;; Who is told.

(define (destination value)
  "Return VALUE, a DEST of the configuration, as (sheepdog route) has it."
  (match value
    ("sender" 'sender)
    ("log" 'log)
    (_ value)))

(define (destinations entry default)
  (map destination (as-list (entry-ref entry 'to default))))

(define (default-to config)
  "Return the DESTs that count where a clause names none: mailto, without one the log."
  (match (as-list (config-ref config 'mailto '()))
    (() '(log))
    (addresses addresses)))

(define (entry->terms entry)
  "Return the terms of ENTRY, a `(notify ...)'."
  (match (list (as-list (entry-ref entry 'after 1)) (entry-ref entry 'flap '(5 3600000)))
    (((after . of) (flap within))
     (terms #:after after
            #:of (and (pair? of) (first of))
            #:for (entry-ref entry 'for 0)
            #:ok-after (entry-ref entry 'ok-after 1)
            #:flap flap
            #:within within))))

(define (entry->digest entry)
  "Return the digest that the option `digest' of ENTRY asks for, or #f."
  (let ((time (entry-ref entry 'digest #f)))
    (and time (digest time (zone-of entry)))))

(define (entry->report entry to)
  "Return (DIGEST . DESTs) of the option `report' of ENTRY, or #f; TO is whom it goes to by default."
  (let ((option (entry-option entry 'report)))
    (and option
         (cons (digest (entry-value option) (zone-of entry))
               (destinations option to)))))

(define (entry->clause entry windows default-to)
  "Return the clause of ENTRY, a `(notify ...)'."
  (define (times key)
    (match (entry-ref entry key #f)
      ((first second) (cons first second))))
  (let ((to (destinations entry default-to)))
    (clause #:patterns (map as-pattern (as-list (entry-ref entry 'subject '())))
            #:to to
            #:on (as-list (entry-ref entry 'on '(fail late unknown recovery)))
            #:terms (entry->terms entry)
            #:repeat (match (entry-ref entry 'repeat 'never)
                       ('never #f)
                       (gap gap))
            #:during (open-during entry windows)
            #:digest (entry->digest entry)
            #:report (entry->report entry to)
            #:group (times 'group)
            #:limit (times 'limit)
            #:place (entry-place entry))))

(define (config-clauses config windows)
  "Return the clauses of CONFIG; the last, its own, fits all."
  (let ((to (default-to config)))
    (append (map (lambda (entry) (entry->clause entry windows to))
                 (config-entries config 'notify))
            (list (clause #:to to)))))

(define (config-escalations config)
  "Return the escalations of CONFIG."
  (map (lambda (entry)
         (escalation (as-pattern (entry-value entry)) (entry-ref entry 'after)
                     (destinations entry '())))
       (config-entries config 'escalate)))


;;; Who is told of what the diary has.

(define (entry->appointment entry)
  "Return the appointment of ENTRY, a `(diary NAME ...)'."
  (appointment (symbol->string (entry-value entry))
               (entry-ref entry 'text)
               #:on (entry-ref entry 'on)
               #:cron (entry-ref entry 'cron)
               #:remind (entry-ref entry 'remind '())
               #:to (destinations entry '())))


;;; Who is not told.

(define (text->subject text)
  "Return (HOST . TAG) of TEXT, \"HOST/TAG\"."
  (let ((slash (string-index text #\/)))
    (cons (string-downcase (string-take text slash))
          (string-drop text (+ slash 1)))))

(define (config-dependencies config)
  "Return the dependencies of CONFIG."
  (map (lambda (entry)
         (dependency (as-pattern (entry-value entry))
                     (map text->subject (as-list (entry-ref entry 'on '())))
                     (entry-place entry)))
       (config-entries config 'depends)))

(define (entry->silence entry windows)
  "Return the silence of ENTRY, a `(silence ...)'."
  (let ((w (entry-ref entry 'during #f))
        (until (entry-ref entry 'until #f))
        (pattern (as-pattern (entry-value entry)))
        (reason (entry-ref entry 'reason ""))
        (place (or (entry-place entry) "the configuration")))
    (if w
        (silence place pattern #:reason reason
                 #:during (lambda (ms)
                            (and (window-open? windows w ms)
                                 (or (window-boundary windows w ms) (+ ms 86400000))))
                 #:next (lambda (ms) (window-boundary windows w ms)))
        (silence place pattern #:reason reason #:until until))))

(define (config-silences config windows)
  "Return the silences that CONFIG asks for."
  (map (lambda (entry) (entry->silence entry windows))
       (config-entries config 'silence)))
