;;; policy.scm -- what the server needs of a configuration, ready for use
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog policy)
  #:use-module (sheepdog config)
  #:use-module ((sheepdog config datum) #:select (datum->plain))
  #:use-module (sheepdog core)
  #:use-module (sheepdog demand)
  #:use-module ((sheepdog mailer) #:select (mailer))
  #:use-module (sheepdog notify)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog terms)
  #:use-module (sheepdog window)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (policy policy?
            policy-config policy-name policy-clauses policy-mailfrom policy-mailer
            policy-rules
            find-destination
            during? during-boundary
            database-file))

(define-record-type <policy>
  (make-policy config name clauses windows rules mailfrom mailer)
  policy?
  (config policy-config)                          ;<config>
  (name policy-name)                              ;string: the host of our own messages
  (clauses policy-clauses)                        ;list of clauses; the last fits all
  (windows policy-windows)                        ;alist: symbol -> window
  (rules policy-rules)                            ;index of (sheepdog demand): what is expected
  (mailfrom policy-mailfrom)                      ;string
  (mailer policy-mailer))                         ;<mailer>

(define %policies (make-weak-key-hash-table))     ;<config> -> <policy>

(define (as-list value)
  (if (list? value) value (list value)))

(define (default-to config)
  "Return the DESTs that count where a clause names none: mailto, without one the log."
  (match (as-list (config-ref config 'mailto '()))
    (() '(log))
    (addresses addresses)))

(define (destination value)
  "Return VALUE, a DEST of the configuration, as (sheepdog notify) has it."
  (match value
    ("sender" 'sender)
    ("log" 'log)
    (_ value)))

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

(define (entry->clause entry default-to)
  "Return the clause of ENTRY, a `(notify ...)'."
  (clause #:patterns (map (lambda (text) (if (pattern? text) text (pattern text)))
                          (as-list (entry-ref entry 'subject '())))
          #:to (map destination (as-list (entry-ref entry 'to default-to)))
          #:on (as-list (entry-ref entry 'on '(fail late unknown recovery)))
          #:terms (entry->terms entry)
          #:place (entry-place entry)))

(define (clauses config)
  (let ((to (default-to config)))
    (append (map (lambda (entry) (entry->clause entry to))
                 (config-entries config 'notify))
            (list (clause #:to to)))))

;;; Windows: `(window NAME OPTION...)', and a W that asks for one: NAME or (not NAME).

(define (entry->window entry)
  "Return what ENTRY, a `(window NAME ...)', stands for: (NAME . window)."
  (cons (entry-value entry)
        (window #:weekdays (match (as-list (entry-ref entry 'days '()))
                             (() #f)
                             (days (concatenate days)))
                #:span (entry-ref entry 'time '(0 . 1440))
                #:zone (let ((zone (entry-ref entry 'zone #f)))
                         (if zone (find-zone zone) (local-zone)))
                #:except (map (lambda (date) (apply date->days date))
                              (as-list (entry-ref entry 'except '()))))))

(define (during? policy w ms)
  "Is MS inside of W, the name of a window of POLICY or (not NAME)?"
  (match w
    (('not name) (not (during? policy name ms)))
    (name (inside? (assq-ref (policy-windows policy) name) ms))))

(define (during-boundary policy w ms)
  "Return when W, as for `during?', next begins or ends after MS; #f: not within a year."
  (match w
    (('not name) (during-boundary policy name ms))
    (name (next-boundary (assq-ref (policy-windows policy) name) ms))))

;;; Expectations: `(expect PATTERN... OPTION...)'.

(define (expected config policy-then)
  "Return the index of what CONFIG expects; (POLICY-THEN) will be its policy."
  (define (window-key w)
    (match w
      (('not name) (string-append "not " (window-key name)))
      (name (object->string
             (datum->plain
              (entry-datum (find (lambda (entry) (eq? name (entry-value entry)))
                                 (config-entries config 'window))))))))
  (rules->index
   (append-map (lambda (entry)
                 (entry->rules entry
                               #:inside? (lambda (w ms) (during? (policy-then) w ms))
                               #:boundary (lambda (w ms) (during-boundary (policy-then) w ms))
                               #:window-key window-key))
               (config-entries config 'expect))))

(define (machine-name config)
  (or (config-ref config 'name #f)
      (match (string-split (gethostname) #\.)
        ((name . _) (string-downcase name)))))

(define (find-mailer config)
  (match (or (config-entry config 'mailer) (config-entry config 'mailer-uri))
    (#f (mailer (config-ref config 'mailer)))
    (entry (mailer (entry-value entry)
                   #:password-file (entry-ref entry 'password-file)
                   #:ca-file (entry-ref entry 'ca-file)))))

(define (make config)
  (define made
    (make-policy config
                 (machine-name config)
                 (clauses config)
                 (map entry->window (config-entries config 'window))
                 (expected config (lambda () made))
                 (or (config-ref config 'mailfrom #f)
                     (string-append "sheepdog@" (gethostname)))
                 (find-mailer config)))
  made)

(define (policy config)
  "Return the policy of CONFIG, made once."
  (or (hashq-ref %policies config)
      (let ((made (make config)))
        (hashq-set! %policies config made)
        made)))

(define (find-destination policy text)
  "Return the DEST whose name is TEXT, `log' when no clause knows it any more.  An address needs
no clause: who was told of a problem is told of its end."
  (cond ((string=? text "log") 'log)
        ((string-prefix? "(" text)
         (or (find (lambda (destination) (string=? text (destination->text destination)))
                   (append-map clause-to (policy-clauses policy)))
             'log))
        (else text)))

(define (database-file settings)
  "Return the file of the database under SETTINGS, an alist of %settings->alist."
  (or (assq-ref settings 'database)
      (string-append (assq-ref settings 'state) "/sheepdog.db")))
