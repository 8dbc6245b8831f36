;;; doctor.scm -- `sheepdog doctor': every link from here to the mail, tried
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command doctor)
  #:use-module (sheepdog archive)
  #:use-module (sheepdog command deliver)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module ((sheepdog mailer) #:select (mailer-program mailer-url))
  #:use-module (sheepdog message)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view detail)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view findings)
  #:use-module (sheepdog view org)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:autoload (sheepdog effect) (run-now send-mail)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "doctor" ""
   "Try every link from here to the mail: configuration, spool, queue, server (a message of kind log goes through), database, plugins. Nothing is changed."
   (list (option "mail" "Send a mail, too, to whom the configuration says."))
   #:notes '("The exit status is 0 when all is good, 1 with warnings only, 2 with failures.")))

;;; Trying

(define (attempt name thunk)
  "The finding (or findings) of THUNK; what it raises is one, too."
  (catch #t
    thunk
    (lambda (key . arguments)
      (finding 'fail name (exception->text key arguments)
               (exception->hint key arguments)))))

(define (milliseconds thunk)
  "Two values: what THUNK returns, and how many ms that took, as text."
  (let* ((start (get-internal-real-time))
         (value (thunk))
         (ms (/ (* 1000.0 (- (get-internal-real-time) start))
                internal-time-units-per-second)))
    (values value
            (if (< ms 10)
                (format #f "~,1f" ms)
                (number->string (inexact->exact (round ms)))))))

(define (try-queue place)
  (let ((queue (%queue-open (place-settings place) "")))
    (dynamic-wind
      (const #t)
      (lambda ()
        (let ((what (%queue-describe queue)))    ;connects
          (receive (depth ms) (milliseconds (lambda () (%queue-depth queue)))
            (finding 'ok "queue" (format #f "~a, round trip ~a ms" what ms)))))
      (lambda () (%queue-close! queue)))))

(define %patience 5000)                          ;ms for the server's answer

(define (acknowledged? place sender seq)
  "Is the message SEQ of SENDER in the server's database?"
  (let ((queue (%queue-open (place-settings place) "")))
    (dynamic-wind
      (const #t)
      (lambda ()
        (let loop ((waited 0))
          (cond ((>= (or (%queue-acknowledged queue sender) 0) seq) #t)
                ((>= waited %patience) #f)
                ((eq? 'stop (%pause 0.01)) #f)
                (else (loop (+ waited 10))))))
      (lambda () (%queue-close! queue)))))

(define (stored-as place sender seq)
  "What the message SEQ of SENDER is called, \"message 1842\" where that is known."
  (match (if (has-database? place)
             (call-with-place-database place 'read-only
                                       (lambda (db) (message-ids db sender seq)))
             '())
    ((id) (format #f "message ~a" id))
    (_ (format #f "message ~a" (short-id sender seq)))))

(define (try-server place)
  "Send a message of kind log and wait until it is committed where it belongs."
  (match ((spool! place)
          (make-bark #:host (place-ref place 'name) #:tag "sheepdog doctor" #:kind 'log
                     #:summary "the doctor asks" #:time (%now)))
    ((sender . seq)
     (receive (answer ms)
         (milliseconds
          (lambda ()
            (receive (fate trouble) (hand-over! place)
              (or (and trouble (finding 'fail "server" (car trouble) (cdr trouble)))
                  (acknowledged? place sender seq)))))
       (cond ((pair? answer) answer)
             (answer
              (finding 'ok "server"
                       (format #f "answered ~a in ~a ms" (stored-as place sender seq) ms)))
             (else
              (finding 'fail "server"
                       (format #f "~a was not stored within ~a s"
                               (stored-as place sender seq) (quotient %patience 1000))
                       "is sheepdog-queue-daemon running on the server?")))))))

(define (try-database place)
  (call-with-place-database
   place 'read-only
   (lambda (db)
     (let ((aside (sql-value db "SELECT count(*) FROM aside"))
           (text (format #f "~a, ~a, ~a" (place-ref place 'database)
                         (plural (sql-value db "SELECT count(*) FROM subject") "subject")
                         (plural (or (sql-value db "SELECT max(id) FROM message") 0)
                                 "message"))))
       (if (zero? aside)
           (finding 'ok "database" text)
           (finding 'warn "database" (format #f "~a, ~a aside" text aside)
                    "'sheepdog queue aside' tells why"))))))

(define (try-machines place)
  (call-with-place-database
   place 'read-only
   (lambda (db)
     (define (hosts rows)
       (map (match-lambda (#(host) host)) rows))
     (machines-finding
      (hosts (sql db "SELECT host FROM subject WHERE tag = 'PING' ORDER BY host"))
      (hosts (sql db "SELECT host FROM subject WHERE tag = 'PING' AND state = 'late'
 ORDER BY host"))))))

(define (try-plugins kind available load)
  "One finding for all plugins of KIND, or one for each that cannot be loaded."
  (let* ((names (map car (available)))
         (bad (filter-map
               (lambda (name)
                 (match (attempt kind (lambda () (load name) #f))
                   (#f #f)
                   (finding finding)))
               names)))
    (if (null? bad)
        (list (finding 'ok kind (string-join names " ")))
        bad)))

;;; Mail

(define (addresses config)
  (delete ""
          (let ((mailto (config-ref config 'mailto '())))
            (if (list? mailto) mailto (list mailto)))))

(define (send-test policy to now)
  (run-now
   (send-mail #:mailer (policy-mailer policy) #:from (policy-mailfrom policy) #:to to
              #:subject "[sheepdog] a test by the doctor"
              #:text "If you read this, notifications reach you.\n"
              #:id (format #f "<doctor.~a.~a@~a>" now (%random-hex 4) (gethostname))
              #:state 'ok #:time now)))

(define (try-mail config send? now)
  (let* ((policy (policy config))
         (to (addresses config))
         (program (mailer-program (policy-mailer policy))))
    (cond ((null? to)
           (finding 'ok "mail" "to nobody: there is no (mailto ...), notices go to the log"))
          ((and program (not (access? program X_OK)))
           (finding 'fail "mail" (format #f "~a: no such program" program)
                    "install one, or name another: (mailer \"sendmail:///...\")"))
          (send?
           (for-each (lambda (address) (send-test policy address now)) to)
           (finding 'ok "mail" (format #f "sent to ~a" (string-join to ", "))))
          (else
           (finding 'ok "mail" (format #f "~a, to ~a; not tried, --mail sends one"
                                       (mailer-url (policy-mailer policy)) (string-join to ", ")))))))

(define (examine place config mail?)
  "Return all findings, in the order of a message's way."
  (let ((server? (or (place-ref place 'standalone) (has-database? place))))
    `(,(configuration-finding (config-file config)
                              (length (config-all-entries config))
                              (length (config-errors config))
                              (count problem-warning? (config-problems config)))
      ,(name-finding (place-ref place 'name))
      ,(attempt "spool"
                (lambda ()
                  (let ((depth (%spool-depth (%spool-open (place-settings place)))))
                    (spool-finding (place-ref place 'spool) depth
                                   (spool-words depth (%now))))))
      ,(attempt "queue" (lambda () (try-queue place)))
      ,(attempt "server" (lambda () (try-server place)))
      ,@(if (has-database? place)                ;now: the message may have made it
            (list (attempt "database" (lambda () (try-database place)))
                  (attempt "machines" (lambda () (try-machines place))))
            '())
      ,@(parameterize ((%plugin-path (config-plugin-path config)))
          (append (try-plugins "monitors" available-monitors load-monitor)
                  (try-plugins "handlers" available-handlers load-handler)))
      ,@(if (or server? mail?)
            (list (attempt "mail" (lambda () (try-mail config mail? (%now)))))
            '()))))

;;; Answering

(define (print-findings findings common)
  (let* ((objects (map finding-object findings))
         (answer (document 'doctor (%now) `(findings . ,(list->vector objects)))))
    (match (assq-ref common 'format)
      ('json (print-json answer))
      ('sexp (print-sexp 'sheepdog-doctor answer))
      ('org (print-lines (org-table '(state name text hint) objects)))
      (_ (with-color common (lambda () (print-lines (finding-lines findings))))))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (let* ((place (place common))
            (findings (examine place (read-config (assq-ref common 'config))
                               (option-ref options 'mail))))
       (print-findings findings common)
       (findings-exit findings)))))
