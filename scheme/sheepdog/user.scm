;;; user.scm -- the module in which a REPL begins: what a shepherd wants at hand
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog user)
  #:use-module (sheepdog archive)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog core)
  #:use-module (sheepdog declare)
  #:use-module (sheepdog error)
  #:use-module (sheepdog history)
  #:use-module (sheepdog outlook)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog plugin)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog receiver)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view status)
  #:use-module (ice-9 match)
  #:declarative? #f                               ;so that the REPL can change it
  #:export (attach!))

(define %config #f)                               ;<config> in force
(define %database #f)                             ;of a server | #f

(define* (attach! config #:optional database)
  "From now on what is typed here means the daemon that has CONFIG in force and DATABASE open."
  (set! %config config)
  (set! %database database))


;;; At hand.

(define %at-hand
  '(("(status [\"PATTERN\"])" "how the herd stands, or what of it fits the pattern")
    ("(what-if ID)" "the actions that today's receivers make of the message ID")
    ("(load-monitor 'NAME)" "the monitor of that name")
    ("(database)" "of the server: (sql (database) \"SELECT ...\")")
    ("(configuration)" "the one in force")
    ("(run* (V ...) GOAL ...)" "the answers to a question; (ask '((?v) GOAL ...)), (explain ...) and (why ...), too")
    ("(migrate 'NAME)" "give a relation the columns that are declared now")
    ("(reload!)" "read configuration and plugins again, as SIGHUP does")))

(define (help)
  "Print what is at hand."
  (print-lines (columns->lines %at-hand))
  (print-lines
   '("Besides: all that plugins have, Guile's own ,help, and ,m (monitors disk) to go"
     "into the module of a monitor.  Define it anew, and the next message meets it.")))

(define (configuration)
  "Return the configuration in force."
  %config)

(define (database)
  "Return the server's database, for (sql (database) \"SELECT ...\")."
  (or %database
      (raise-error 'usage "this daemon has no database" "the server has: sheepdog-queue-daemon")))

(define* (status #:optional text)
  "Print how the herd stands, or what of it fits a pattern."
  (let ((db (database)))
    (print-lines
     (status-lines (subjects db (and text (pattern text #:bare? #t))) (%now)
                   #:all? (and text #t)
                   #:outlook (outlook-of db)
                   #:run-times (run-times db)
                   #:outcome (lambda (subject) (event-outcome db (standing-event subject)))))))

(define (what-if id)
  "Return the actions that today's receivers make of the message ID; nothing is done."
  (match (event-message (database) id)
    (#f (raise-error 'usage (format #f "no message ~a" id) "'sheepdog log' has their numbers"))
    (message (receive-message message %config))))

(define (migrate name)
  "Give the relation NAME, a symbol, the columns that are declared now; return the table that keeps what
was, or #f: nothing was to do."
  (match (registered-relation name)
    ((relation . place)
     (let ((db (database)))
       (with-transaction db
         (migrate-relation! db relation place))))
    (#f (raise-error 'usage (format #f "nobody declares a relation '~a'" name)
                     "(define-state (NAME COLUMN ...)) or (logic ...) of the configuration"))))

(define (reload!)
  "Read configuration and plugins again, as SIGHUP does; the log tells of it."
  (kill (%daemon-pid) SIGHUP))
