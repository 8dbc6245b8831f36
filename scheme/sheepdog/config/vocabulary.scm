;;; vocabulary.scm -- the types of the configuration's values, by name
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config vocabulary)
  #:use-module (sheepdog config address)
  #:use-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config logic)
  #:use-module (sheepdog config named)
  #:use-module (sheepdog config types)
  #:use-module ((sheepdog mailer) #:select ((mailer . find-mailer)))
  #:use-module (sheepdog name)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog text)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (find-type))

;;; Text.

(define any-text (text-type "TEXT" "a string" identity))
(define word (text-type "TEXT" "a string without control characters" clean))
(define url (text-type "URL" "a URL" web-url #:hint "such as \"https://ntfy.sh/herd\""))

(define (absolute text)
  (and (string-prefix? "/" text) (clean text)))
(define absolute-path (text-type "\"/PATH\"" "an absolute path" absolute))

(define %regex-phrase "a regular expression (POSIX extended)")
(define (regex text)
  (catch 'regular-expression-syntax
    (lambda () (make-regexp text) text)
    (lambda (key who message . rest)
      (wants %regex-phrase message))))
(define expression (text-type "REGEX" %regex-phrase regex))

(define signing-key
  (text-type "\"ed25519:...\"" "a public key"
             (let ((form (make-regexp "^ed25519:[A-Za-z0-9_-]{43}=?$")))
               (lambda (text) (and (regexp-exec form text) text)))
             #:hint "'sheepdog key show' prints it on the machine that has it"))

;;; Quantities and times.

(define %duration-hint "such as \"30s\", \"5m\", \"36h\", \"2d\"")
(define duration (text-type "DURATION" "a duration" parse-duration #:hint %duration-hint))
(define size (text-type "SIZE" "a size" parse-size #:hint "such as \"64KiB\", \"10MB\""))
(define percentage
  (text-type "PERCENT" "a percentage" parse-percentage #:hint "such as \"10%\""))
(define (absolute-time text)
  (parse-time text 0 #:relative? #f))
(define instant
  (text-type "TIME" "a time" absolute-time
             #:hint "such as \"2026-12-01\", \"2026-12-01 08:00\""))
(define appointment
  (text-type "TIME" "a time" parse-appointment
             #:hint "such as \"2026-12-01\" (at 07:00), \"2026-12-01 08:00\""))
(define (parse-whole-date text)
  (and (= 10 (string-length text)) (parse-date text)))
(define date
  (text-type "DATE" "a date" parse-whole-date #:hint "such as \"2026-12-25\""))
(define cron
  (text-type "CRON" "the five fields of a crontab"
             (lambda (text)
               (match (parse-cron text)
                 ((? string? problem) (wrong problem))
                 (cron cron)))
             #:hint "such as \"0 5 * * *\""))
(define days
  (make-type "DAYS"
             (lambda (datum key context)
               (let ((text (datum-word datum)))
                 (or (and text (parse-days text))
                     (wants "days" "such as mon-fri, sat"))))))
(define span
  (text-type "SPAN" "a span of the day" parse-span
             #:hint "such as \"08:00-18:00\", \"22:00-06:00\""))
(define digest-time
  (text-type "CLOCK" "a time of the day" parse-digest-time
             #:hint "such as \"07:00\", \"Mon 07:00\""))

(define (zone text)
  "Return TEXT when it names a time zone of this system."
  (and (find-zone text) text))
(define time-zone
  (text-type "ZONE" "a time zone" zone
             #:hint (string-append "such as \"Europe/Berlin\"; " (zone-directory) " has them")))

;;; Hosts, addresses, subjects.

(define mail
  (text-type "ADDRESS" "a mail address"
             (lambda (text) (if (string-null? text) nothing (mailbox text)))
             #:hint (lambda (text)
                      (and (string-index text #\,)
                           "each in quotes of its own: (mailto \"a@x\" \"b@x\")"))))

(define host (text-type "HOST" "a host name or address"
                        (lambda (text) (or (host-name text) (ip-address text)))))
(define machine (text-type "HOST" "a host name" host-name))
(define listen
  (text-type "\"ADDRESS:PORT\"" "an address and a port" listen-address
             #:hint "such as \"127.0.0.1:8091\""))

(define (whole-host text)
  (and (not (string-index text #\/)) (clean text)
       (string-append "everything on " text " is \"" text "/*\"")))
(define subjects (text-type "PATTERN" "HOST/TAG" pattern #:hint whole-host))
(define subject
  (text-type "SUBJECT" "one subject, HOST/TAG"
             (lambda (text)
               (let ((compiled (pattern text)))
                 (and compiled (pattern-plain? compiled) text)))
             #:hint whole-host))
(define tag (text-type "TAG" "a tag of 1 to 256 printable characters"
                       (lambda (text) (and (tag? text) text))))

;;; Names.

(define* (name-type form #:optional (take string->symbol))
  "Return the type of names, symbols or strings, of which TAKE makes the value."
  (make-type form
             (lambda (datum key context)
               (let ((text (and (memq (datum-kind datum) '(symbol string))
                                (datum-word datum))))
                 (if (and text (name? text))
                     (take text)
                     (wants "a name"
                            "letters, digits, '.', '_' and '-', a letter or digit first"))))))

(define name (name-type "NAME"))
(define monitor-of-that-name
  (name-type "MONITOR" (lambda (text) (string->symbol (short-name text)))))
(define every-monitor
  (either-type "the name of a monitor or \"*\"" #f
               monitor-of-that-name
               (text-type "\"*\"" "\"*\"" (lambda (text) (and (string=? text "*") '*)))))

(define (declared-type form key)
  "Return the type of the names that an entry KEY of the configuration declares."
  (make-type form
             (lambda (datum own-key context)
               (let* ((known (context-names context key))
                      (text (datum-word datum))
                      (wanted (and text (string->symbol text))))
                 (cond ((not wanted) (wants (format #f "the name of a ~a" key)))
                       ((memq wanted known) wanted)
                       (else (wrong (string-append "no " (symbol->string key) " '" text "'")
                                    (did-you-mean text (map symbol->string known)))))))))

(define job (declared-type "JOB" 'job))
(define webhook (declared-type "NAME" 'webhook))
(define a-window (declared-type "WINDOW" 'window))

(define (list-headed? datum head)
  (eq? head (datum-head datum)))

(define (convert type datum key context)
  ((type-convert type) datum key context))

(define window
  (make-type "WINDOW|(not WINDOW)"
             (lambda (datum key context)
               (match (datum-items datum)
                 ((_ name)
                  (if (list-headed? datum 'not)
                      (match (convert a-window name key context)
                        ((? misfit? misfit) misfit)
                        (name (list 'not name)))
                      (wants "a window or (not WINDOW)")))
                 (_ (if (datum-list? datum)
                        (wants "a window or (not WINDOW)")
                        (convert a-window datum key context)))))
             #:nested? #t))

;;; Words.

(define yes-no
  (make-type "yes|no"
             (lambda (datum key context)
               (match (datum-word datum)
                 ((or "yes" "no")
                  (if (string? (datum-value datum))
                      (wants "yes or no"
                             (format #f "write it without quotes: (~a ~a)"
                                     key (datum-value datum)))
                      (or (eq? #t (datum-value datum))
                          (eq? 'yes (datum-value datum)))))
                 (_ (wants "yes or no"))))))

(define state (word-type 'ok 'warn 'fail 'late 'unknown 'recovery))

(define how-long-to-wait                          ;yes: not at all; no: #f
  (let ((type (either-type "yes, no or a duration" %duration-hint yes-no duration)))
    (make-type (type-form type)
               (lambda (datum key context)
                 (match (convert type datum key context)
                   (#t 0)
                   (value value))))))
(define duration-or-no
  (either-type "a duration or no" %duration-hint duration
               (make-type "no" (lambda (datum key context)
                                 (match (convert yes-no datum key context)
                                   (#f #f)
                                   (_ (wants "no")))))))
(define never-or-duration
  (either-type "never or a duration" %duration-hint (word-type 'never) duration))

(define socket
  (either-type "yes, no or the path of a Unix socket"
               (lambda (datum)
                 (and (eq? 'integer (datum-kind datum))
                      "a TCP port is open to every local user"))
               yes-no
               absolute-path))
(define (file-with-slash text)                    ;a slip in a word must not make a file
  (and (string-index text #\/) (not (string-suffix? "/" text)) (clean text)))
(define log-place
  (either-type "syslog, stderr or a FILE with a slash" "such as \"./sheepdog.log\""
               (word-type 'syslog 'stderr)
               (text-type "FILE" "a FILE with a slash" file-with-slash)))
(define expression-or-none
  (either-type (string-append %regex-phrase " or none")
               (lambda (datum)
                 (and (string? (datum-value datum))
                      (match (regex (datum-value datum))
                        ((? misfit? misfit) (misfit-hint misfit))
                        (_ #f))))
               (word-type 'none) expression))

;;; Queues and mailers.

(define* (url-type phrase hint parse #:optional (later '()))
  "Return the type of the URLs that PARSE takes.  Those that begin with one of the strings LATER
are right, but refused: what this version cannot do must not pass for done."
  (text-type "URL" phrase
             (lambda (text)
               (cond ((password-in-url? text)
                      (wrong "a password does not belong into a URL"
                             "(password-file \"...\") beside it keeps it out of sight"))
                     ((not (parse text)) #f)
                     ((find (lambda (scheme) (string-prefix? scheme text)) later)
                      => (lambda (scheme)
                           (wrong (lambda (label)
                                    (string-append label " with " scheme
                                                   " has no effect yet")))))
                     (else text)))
             #:hint hint))

(define queue
  (url-type "the address of a queue"
            "such as \"redis://localhost:7777\", \"unix:/run/redis/redis.sock\", \"local:\""
            queue-url '("amqp:" "pipe:")))
(define mailer
  (url-type "the address of a mailer"
            "such as \"sendmail:///usr/sbin/sendmail\", \"smtps://USER@HOST:465\""
            find-mailer))

;;; Compound values.

(define (destination-type phrase names)
  "Return the type of a DEST, in words PHRASE, that may be one of NAMES."
  (make-type "DEST"
             (lambda (datum key context)
               (match (cons (datum-head datum) (map datum->plain (datum-items datum)))
                 (('exec _ (? string? words) ..1) (cons 'exec words))
                 (('webhook _ _)
                  (warn-no-effect! context datum "'webhook' in 'to'")
                  (match (convert webhook (second (datum-items datum)) 'webhook context)
                    ((? misfit? misfit) misfit)
                    (name (list 'webhook name))))
                 (_ (match (datum-value datum)
                      ((? (lambda (value) (memq value names)) name) name)
                      ((? string? text) (or (mailbox text) (wants phrase)))
                      (_ (wants phrase))))))
             #:nested? #t))

(define destination
  (destination-type "an address, sender, log or (exec \"PROGRAM\" ARG...)" '(sender log)))
(define known-destination                         ;where no message says who its sender is
  (destination-type "an address, log or (exec \"PROGRAM\" ARG...)" '(log)))

(define run-word
  (make-type "ARG"
             (lambda (datum key context)
               (match (datum-value datum)
                 ((? string? text) text)
                 ((? number? n) (number->string n))
                 ((? symbol? hole) hole)
                 (_ (wants "strings and names of arguments"))))))

(define argument-type
  (make-type "TYPE"
             (lambda (datum key context)
               (match (datum->plain datum)
                 ((and simple (or 'address 'network 'hostname)) simple)
                 ((and range ('integer (? exact-integer? least) (? exact-integer? most)))
                  (if (<= least most) range (wants "(integer LEAST MOST) in this order")))
                 ((and choice ('one-of (or (? string?) (? symbol?) (? number?)) ..1)) choice)
                 ((and form ('match (? string? text)))
                  (match (regex text)
                    ((? misfit? misfit) misfit)
                    (_ form)))
                 (_ (wants "the type of an argument"
                           "address network hostname (integer MIN MAX) (one-of S...) (match \"REGEX\")"))))
             #:nested? #t))

(define any-value
  (make-type "VALUE" (lambda (datum key context) (datum->plain datum)) #:nested? #t))

;;; By name, as the table of keys has them.

(define %types
  `((text . ,any-text) (word . ,word) (file . ,file) (url . ,url)
    (absolute-path . ,absolute-path) (regex . ,expression)
    (regex-or-none . ,expression-or-none) (signing-key . ,signing-key)
    (duration . ,duration) (size . ,size) (percentage . ,percentage) (time . ,instant)
    (appointment . ,appointment) (date . ,date) (cron . ,cron) (days . ,days) (span . ,span)
    (digest-time . ,digest-time) (zone . ,time-zone)
    (host . ,host) (machine . ,machine) (listen . ,listen) (port . ,(number-type 1 65535))
    (network . ,(text-type "NETWORK" "an address or network" network
                           #:hint "such as \"192.0.2.7\", \"192.0.2.0/24\""))
    (mail . ,mail)
    (one-mail . ,(text-type "ADDRESS" "a mail address" mailbox))
    (pattern . ,subjects) (subject . ,subject) (tag . ,tag)
    (name . ,name) (monitor . ,monitor-of-that-name) (every-monitor . ,every-monitor)
    (job . ,job) (window . ,window) (webhook . ,webhook)
    (yes-no . ,yes-no) (state . ,state)
    (how-long-to-wait . ,how-long-to-wait) (duration-or-no . ,duration-or-no)
    (never-or-duration . ,never-or-duration) (socket . ,socket) (log-place . ,log-place)
    (queue . ,queue) (mailer . ,mailer) (destination . ,destination)
    (known-destination . ,known-destination)
    (run-word . ,run-word) (argument-type . ,argument-type) (any . ,any-value)
    (logic-form . ,logic-form)
    (file-here . ,file-here) (password-file . ,password-file) (program . ,program)
    (status . ,(number-type 0 255 "a status"))))

(define (find-type name)
  "Return the type NAME: a symbol, (integer LEAST [MOST]) or (one-of SYMBOL...)."
  (match name
    ((? type?) name)
    ((? symbol?) (or (assq-ref %types name) (error "no such type" name)))
    (('integer least) (number-type least #f))
    (('integer least most) (number-type least most))
    (('one-of . symbols) (apply word-type symbols))))
