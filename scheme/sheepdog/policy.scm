;;; policy.scm -- what the server needs of a configuration, ready for use
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog policy)
  #:use-module (sheepdog config)
  #:use-module ((sheepdog config datum) #:select (datum->plain))
  #:use-module (sheepdog core)
  #:use-module (sheepdog demand)
  #:use-module (sheepdog diary)
  #:use-module (sheepdog entries)
  #:use-module ((sheepdog mailer) #:select (mailer))
  #:use-module (sheepdog route)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (policy policy?
            policy-config policy-name policy-clauses policy-escalations policy-dependencies
            policy-silences policy-appointments policy-rules policy-mailfrom policy-mailer
            policy-destinations find-destination
            during? during-boundary
            database-file))

(define-record-type <policy>
  (make-policy config name clauses escalations dependencies silences appointments windows rules
               mailfrom mailer)
  policy?
  (config policy-config)                          ;<config>
  (name policy-name)                              ;string: the host of our own messages
  (clauses policy-clauses)                        ;list of clauses; the last fits all
  (escalations policy-escalations)                ;list of escalations
  (dependencies policy-dependencies)              ;list of dependencies
  (silences policy-silences)                      ;list of silences
  (appointments policy-appointments)              ;list of those of the diary, see (sheepdog diary)
  (windows policy-windows)                        ;alist: symbol -> window
  (rules policy-rules)                            ;index of (sheepdog demand): what is expected
  (mailfrom policy-mailfrom)                      ;string
  (mailer policy-mailer))                         ;<mailer>

(define %policies (make-weak-key-hash-table))     ;<config> -> <policy>

(define (during? policy w ms)
  "Is MS inside of W, the name of a window of POLICY or (not NAME)?"
  (window-open? (policy-windows policy) w ms))

(define (during-boundary policy w ms)
  "Return when W, as for `during?', next begins or ends after MS; #f: not within a year."
  (window-boundary (policy-windows policy) w ms))

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
  (define windows (config-windows config))
  (define made
    (make-policy config
                 (machine-name config)
                 (config-clauses config windows)
                 (config-escalations config)
                 (config-dependencies config)
                 (config-silences config windows)
                 (map entry->appointment (config-entries config 'diary))
                 windows
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

(define (policy-destinations policy)
  "Return all the DESTs that POLICY names."
  (append (append-map (lambda (clause)
                        (append (clause-to clause)
                                (match (clause-report clause)
                                  (#f '())
                                  ((digest . to) to))))
                      (policy-clauses policy))
          (append-map escalation-to (policy-escalations policy))
          (append-map appointment-to (policy-appointments policy))))

(define (find-destination policy text)
  "Return the DEST whose name is TEXT, `log' when POLICY names it no more.  An address needs not be
named: who was told of a problem is told of its end."
  (cond ((string=? text "log") 'log)
        ((string-prefix? "(" text)
         (or (find (lambda (destination) (string=? text (destination->text destination)))
                   (policy-destinations policy))
             'log))
        (else text)))

(define (database-file settings)
  "Return the file of the database under SETTINGS, an alist of %settings->alist."
  (or (assq-ref settings 'database)
      (string-append (assq-ref settings 'state) "/sheepdog.db")))
