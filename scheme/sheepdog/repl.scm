;;; repl.scm -- a REPL on a private socket, evaluating in a daemon between the steps of its loop
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Each client has a thread, and all threads take turns (core/turn.hh): the loop gives its turn away
;; while it waits for messages, a client's thread while it waits for input.  That is bound to the
;; client's port, not to Guile's reader: the debugger of a nested level, which Guile starts by
;; itself, and a `(read-line)' of the user's wait in the same way.
;;
;; An evaluation holds up the loop.  The thread that lets clients in also raises an error in one
;; that lasts.

(define-module (sheepdog repl)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog limit)
  #:autoload (system repl common) (repl-default-option-set!)
  #:autoload (system repl repl) (start-repl)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (ice-9 threads)
  #:use-module (srfi srfi-9)
  #:export (repl-place open-repl close-repl! repl-path answer))

(define %longest 5)                               ;s till an evaluation is interrupted; then the
                                                  ;supervisor has patience for 2 more
(define %look 0.5)                                ;s between two looks at who takes long
(define %most-sessions 16)

(define-record-type <session>
  (make-session client thread left? interrupted)
  session?
  (client session-client)
  (thread session-thread set-session-thread!)     ;thread | #f: it has not begun
  (left? session-left? set-session-left!)         ;is it over?
  (interrupted session-interrupted                ;number of the turn that was interrupted | #f
               set-session-interrupted!))

(define-record-type <repl>
  (make-repl path socket module greeting sessions)
  repl?
  (path repl-path)                                ;string: the file name of the socket
  (socket repl-socket)
  (module repl-module)                            ;where a client begins
  (greeting repl-greeting)                        ;string
  (sessions repl-sessions set-repl-sessions!))    ;list of <session>


;;; A client's thread.

(define (converse repl client)
  "Read, evaluate and print with CLIENT until it leaves."
  (let ((port (%client-port client)))
    (setvbuf port 'block 4096)
    (parameterize ((current-input-port port)
                   (current-output-port port)
                   (current-error-port port)
                   (current-warning-port port))
      (display (repl-greeting repl))
      ;; The code of a compiled expression would stay for ever, and a few thousand of them are more
      ;; than the collector can count.
      (repl-default-option-set! 'interp #t)
      ;; Guile's REPL reads syntax objects, which Geiser 0.10 takes for something else.
      (with-fluids ((current-reader read))
        (save-module-excursion
         (lambda ()
           (set-current-module (repl-module repl))
           (start-repl)))))
    (force-output port)))

(define (visit client)
  "Return in words who is behind CLIENT, and whether he may evaluate what he likes as our user."
  (match (%client-peer client)
    ((uid . pid)
     (values (format #f "REPL: process ~a of user ~a" pid uid)
             (memv uid (list 0 (geteuid)))))))

(define (serve repl session)
  "Let the client of SESSION in, or turn it away.  To be called in a thread of its own."
  (let ((client (session-client session)))
    (define (tell who what)
      (%log 'notice (string-append who " " what)))
    (expect-thread! (current-thread))             ;no plugin has left it behind
    (receive (who ours?) (visit client)
      (cond ((not ours?)
             (tell who "was turned away: another user"))
            ((> (length (repl-sessions repl)) %most-sessions)
             (tell who "was turned away: too many are here"))
            (else
             (set-session-thread! session (current-thread))
             (tell who "has come")
             (catch #t                            ;a client that vanished, say
               (lambda () (converse repl client))
               (const #f))
             (tell who "has left"))))
    (set-session-left! session #t)))


;;; The doorkeeper: a thread that is not in line for a turn, and touches nothing of the daemon's.

(define (interrupt! session number)
  "Raise an error in turn NUMBER of SESSION, unless it ends before; once: the error may be caught."
  (unless (eqv? number (session-interrupted session))
    (set-session-interrupted! session number)
    (system-async-mark
     (lambda ()
       (match (%client-turn (session-client session))
         (((? (lambda (now) (= now number))) . _)
          (raise-error 'interrupted
                       (format #f "interrupted after ~a s: the daemon waits" %longest)))
         (_ #f)))
     (session-thread session))))

(define (look-after session)
  "Interrupt SESSION if it takes long; return whether it goes on."
  (match (%client-turn (session-client session))
    ((number . seconds)
     (when (and (> seconds %longest) (session-thread session) (not (session-left? session)))
       (interrupt! session number)))
    (#f #f))
  (not (session-left? session)))

(define (next-client repl)
  "Return who connects next to REPL; #f if nobody does for a while, `closed' when it is closed."
  (with-error-handler
   (lambda (code text hint) 'closed)
   (lambda ()
     (%socket-accept! (repl-socket repl)
                      (if (null? (repl-sessions repl)) 3600 %look)))))

(define (keep-door! repl)
  "Start a session for each who connects to REPL, until it is closed."
  (match (next-client repl)
    ('closed #t)
    (client
     (let ((others (filter look-after (repl-sessions repl)))
           (session (and client (make-session client #f #f #f))))
       (set-repl-sessions! repl (if session (cons session others) others))
       (when session
         (%client-start! client (lambda () (serve repl session)))))
     (keep-door! repl))))


;;; What daemons call.

(define (repl-place config program)
  "Return the file name of the socket that PROGRAM has under CONFIG, or #f: none."
  (match (config-ref config 'repl)
    (#f #f)
    (#t (string-append (assq-ref (%paths) 'run) "/"
                       (string-drop program (string-length "sheepdog-")) ".repl"))
    (path path)))

(define* (open-repl path module #:key (greeting ""))
  "Serve a REPL at the Unix socket PATH, beginning in MODULE, and return it.  GREETING, text, comes
first.  From now on the calling thread, the loop, has its turn but while it waits in %take-in! or
%pause.  Raise `broken' when the socket cannot be had."
  (let ((repl (make-repl path (%socket-listen path) module greeting '())))
    (%turn-take!)
    (call-with-new-thread (lambda () (keep-door! repl)))
    repl))

(define (close-repl! repl)
  "Let nobody into REPL any more, and end its sessions."
  (%socket-shut! (repl-socket repl))
  (for-each (lambda (session) (%client-shut! (session-client session)))
            (repl-sessions repl)))


;;; For a program at the other end.

(define (fresh-line)
  (unless (zero? (port-column (current-output-port)))
    (newline)))

(define (print-value value)
  (unless (unspecified? value)
    (fresh-line)
    (write value)
    (newline)))

(define (evaluate text)
  "Evaluate each expression in TEXT in the current module, and print the values of the last."
  (let ((port (open-input-string text)))
    (let loop ((values '()))
      (let ((expression (read port)))
        (if (eof-object? expression)
            (for-each print-value values)
            (loop (call-with-values
                      (lambda () (eval expression (current-module)))
                    list)))))))

(define (answer token text)
  "Evaluate the expressions in TEXT, and print between the lines `TOKEN begin' and `TOKEN end' what
they print and the values of the last; an error as the line `TOKEN error MESSAGE' before the end."
  (define (mark . words)
    (fresh-line)
    (display (string-join (cons token words)))
    (newline))
  (newline)                                       ;behind the prompt
  (mark "begin")
  (let ((trouble (catch #t
                   (lambda () (evaluate text) #f)
                   (lambda (key . arguments)
                     (exception->text key arguments)))))
    (when trouble (mark "error" trouble))
    (mark "end")))
