;;; command.scm -- from the word after `sheepdog' to its exit status
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog text)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:export (run-action
            action-names
            action-sentences
            dispatch))

(define action-names
  '("ack" "ask" "bark" "check" "config" "diary" "doctor" "expect" "facts" "forget" "log" "monitors"
    "ping" "queue" "repl" "replay" "show" "silence" "status"))

;; Their names are taken; a version that has them says so in `action-names'.
(define %names-of-later
  '("backup" "export" "key" "order"))

(define (action-variable name variable)
  (module-ref (resolve-interface `(sheepdog command ,(string->symbol name))) variable))

(define (action-sentences)
  "Return an alist from the name of each action to the sentence that tells of it."
  (map (lambda (name)
         (cons name (syntax-sentence (action-variable name '%syntax))))
       action-names))

(define (dispatch name)
  "The procedure that runs the action NAME: (arguments common) -> exit status.
Raise `usage' when there is none."
  (cond ((member name action-names) (action-variable name 'run))
        ((member name %names-of-later)
         (raise-error 'usage (format #f "'~a' is not in this version" name)))
        (else
         (let ((near (nearest name action-names)))
           (raise-error 'usage (format #f "no such action: ~a" (printable name))
                        (if near
                            (format #f "did you mean '~a'?" near)
                            "'sheepdog --help' lists them"))))))

(define (tell-error code text hint)
  "Tell people of an error on stderr.  What is wrong in a plugin has its place in front,
FILE:LINE:COL: error:, as compilers have it; all else our name."
  (cond ((and (eq? code 'bad-plugin) (string-contains text ": error: "))
         (let ((port (current-error-port)))
           (format port "~a~%" (printable text #:lines? #t))
           (when hint (format port "hint: ~a~%" (printable hint)))
           (force-output port)))
        (else (%complain text hint 'error))))

(define (broken-pipe? key arguments)
  (and (eq? key 'system-error)
       (= EPIPE (system-error-errno (cons key arguments)))))

(define (explain name key arguments)
  "Tell people why the action NAME ended with the exception KEY; return its status."
  (unless (broken-pipe? key arguments)           ;whoever read us has seen enough
    (%complain (format #f "'~a' broke: ~a" (printable name)
                       (exception->text key arguments))
               "this is a fault in sheepdog; what it was asked to do may be half done"
               'error))
  2)

(define (plain-list items)
  (if (vector? items) (vector->list items) items))

(define (plain-common common)
  "COMMON as actions want it: symbols and #f, where JSON had strings and null."
  (map (match-lambda
         ((key . 'null) (cons key #f))
         (((and key (or 'format 'color)) . (? string? value))
          (cons key (string->symbol value)))
         (entry entry))
       common))

(define (run-action name arguments common)
  "Run the action NAME with ARGUMENTS, a list of strings, and return its exit
status.  COMMON is an alist: config (a file or #f), format (text json sexp org),
verbose (a number), color (auto always never).  Both may come as JSON has them.
Errors are told on stderr."
  (catch #t
    (lambda ()
      (with-error-handler
       (lambda (code text hint)
         (tell-error code text hint)
         2)
       (lambda ()
         (let ((status ((dispatch name) (plain-list arguments) (plain-common common))))
           (force-output (current-output-port))
           status))))
    (lambda (key . arguments)
      (match (cons key arguments)
        (('quit . status) (apply throw 'quit status))
        (_ (explain name key arguments))))))
