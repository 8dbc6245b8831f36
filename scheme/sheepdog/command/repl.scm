;;; repl.scm -- `sheepdog repl': evaluate in a running daemon
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command repl)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog repl)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (ice-9 rdelim)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "repl" ""
   "Evaluate Scheme in the running server, or in the machine's daemon where there is none: look at it, define a monitor anew."
   (list (option "eval" "Evaluate this and print its value." #:argument "EXPR")
         (option "where" "Print the socket, for M-x geiser-connect-local in Emacs."))
   #:notes '("Leave with ,q or C-d. Exit status of --eval: 1 when it raised an error."
             "Example: sheepdog repl --eval '(status)'")))

(define %daemons '("sheepdog-queue-daemon" "sheepdog-daemon"))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (let* ((config (read-config (assq-ref common 'config) #:check? #f))
            (socket (open config)))
       (cond ((option-ref options 'where)
              (display (sockaddr:path (getpeername socket)))
              (newline)
              0)
             ((option-ref options 'eval)
              => (lambda (text) (evaluate-there text socket)))
             (else (talk socket)))))))


;;; The way in.

(define (not-enabled config)
  (raise-error 'usage "no daemon is asked to have a REPL"
               (match (config-file config)
                 (#f "write a configuration with (repl yes), and start sheepdog-queue-daemon")
                 (file (string-append "add (repl yes) to " file
                                      ", and send the daemon SIGHUP")))))

(define (connect-to path)
  "Return a socket that is connected to PATH, or the errno of why there is none."
  (let ((socket (socket PF_UNIX (logior SOCK_STREAM SOCK_CLOEXEC) 0)))
    (catch 'system-error
      (lambda ()
        (connect socket AF_UNIX path)
        (set-port-encoding! socket "UTF-8")
        (set-port-conversion-strategy! socket 'substitute)
        (setvbuf socket 'block)
        socket)
      (lambda arguments
        (close-port socket)
        (system-error-errno arguments)))))

(define (complain path errno)
  "Raise an error that says why nobody answers at PATH, and what to do."
  (cond ((memv errno (list ENOENT ECONNREFUSED))
         (raise-error 'usage (string-append "no daemon listens at " path)
                      "start sheepdog-queue-daemon, or send it SIGHUP if (repl yes) is new"))
        ((= errno EACCES)
         (raise-error 'usage (string-append "cannot open " path ": Permission denied")
                      "only the daemon's user and root may: try it with sudo -u"))
        (else
         (raise-error 'usage (string-append "cannot open " path ": " (strerror errno))))))

(define (open config)
  "Return a socket connected to the first daemon that answers under CONFIG."
  (let try ((paths (delete-duplicates
                    (filter-map (lambda (program) (repl-place config program)) %daemons)))
            (trouble #f))
    (match paths
      (() (if trouble (trouble) (not-enabled config)))
      ((path . rest)
       (match (connect-to path)
         ((? integer? errno)
          (try rest (if (or (not trouble) (= errno EACCES))
                        (lambda () (complain path errno))
                        trouble)))
         (socket socket))))))


;;; One expression.

(define (lost)
  (raise-error 'usage "the daemon let go of us"
               "its log tells why; an evaluation may take 5 s"))

(define (line-from socket)
  "Return the next line from SOCKET with its end."
  (match (catch 'system-error
           (lambda () (read-line socket 'concat))
           (const (eof-object)))                  ;reset by a process that was killed
    ((? eof-object?) (lost))
    (line line)))

(define (evaluate-there text socket)
  "Print what comes of TEXT, and return the exit status."
  (define token (%random-hex 8))
  (define (mark word) (string-append token " " word))
  (write `((@ (sheepdog repl) answer) ,token ,text) socket)
  (newline socket)
  (force-output socket)
  (let skip ()
    (unless (string=? (line-from socket) (string-append (mark "begin") "\n"))
      (skip)))
  (let copy ((status 0))
    (let ((line (line-from socket)))
      (cond ((string-prefix? (mark "end") line) status)
            ((string-prefix? (mark "error") line)
             (force-output)
             (%complain (string-trim-both (string-drop line (string-length (mark "error"))))
                        #f 'error)
             (copy 1))
            (else (display line) (copy status))))))


;;; A conversation.

(define (some-bytes port)
  (catch 'system-error
    (lambda () (get-bytevector-some port))
    (const (eof-object))))

(define (talk socket)
  "Carry bytes between our standard input and output and SOCKET until it ends."
  (define in (current-input-port))
  (define out (current-output-port))
  (define (carry from to)
    "Carry what has come; return whether there will be more."
    (match (some-bytes from)
      ((? eof-object?) #f)
      (bytes (put-bytevector to bytes)
             (force-output to)
             #t)))
  (let loop ((sources (list in socket)))
    (match (select sources '() '())
      ((ready _ _)
       (cond ((and (memq socket ready) (not (carry socket out)))
              0)
             ((and (memq in ready) (not (carry in socket)))
              (shutdown socket 1)                 ;what we asked for still comes
              (loop (list socket)))
             (else (loop sources)))))))
