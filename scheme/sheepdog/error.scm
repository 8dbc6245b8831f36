;;; error.scm -- the one kind of error of the house, and any exception as a line of text
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog error)
  #:use-module (ice-9 match)
  #:export (raise-error
            with-error-handler
            exception->text
            exception->hint
            error-code error-code?))

(define* (raise-error code text #:optional (hint ""))
  "Raise `sheepdog-error' as the core does: CODE is a symbol such as `bad-message', TEXT one
sentence without a final dot, HINT what to try or the empty string."
  (throw 'sheepdog-error #f "~A" (list text) (list code hint)))

(define (with-error-handler handler thunk)
  "Return what THUNK returns; after a `sheepdog-error' what HANDLER returns for its code (a
symbol), text and hint (a string or #f).  Other exceptions pass."
  (catch 'sheepdog-error
    thunk
    (lambda (key who template arguments data)
      (match data
        ((code hint)
         (handler code
                  (apply format #f template arguments)
                  (and (not (string-null? hint)) hint)))))))

(define (error-code key arguments)
  "Return the code of the exception KEY with ARGUMENTS if it is an error of ours, else #f."
  (match (cons key arguments)
    (('sheepdog-error _ _ _ (code _)) code)
    (_ #f)))

(define (error-code? code key arguments)
  "Is the exception KEY with ARGUMENTS an error of ours with CODE?"
  (eq? code (error-code key arguments)))

(define (exception->hint key arguments)
  "Return the hint of a `sheepdog-error' with ARGUMENTS, or #f."
  (match (cons key arguments)
    (('sheepdog-error _ _ _ (_ (? string? hint)))
     (and (not (string-null? hint)) hint))
    (_ #f)))

(define (exception->text key arguments)
  "Return one line that tells of the exception KEY with ARGUMENTS.  What a stranger put into
them is cut to 500 characters, and nothing in them can make this raise."
  (define (one-line text)
    (let ((line (string-join (string-tokenize text) " ")))
      (string-take line (min 500 (string-length line)))))
  (catch #t
    (lambda ()
      (match (cons key arguments)
        (('sheepdog-error _ (? string? template) (? list? values) . _)
         (apply format #f template values))
        (('quit . _) "it called (exit)")
        (_ (one-line (call-with-output-string
                       (lambda (port)
                         (print-exception port #f key arguments)))))))
    (lambda _
      (format #f "exception ~a" key))))

;; In a REPL.
(set-exception-printer! 'sheepdog-error
  (lambda (port key arguments default)
    (let ((hint (exception->hint key arguments)))
      (display (exception->text key arguments) port)
      (when hint
        (newline port)
        (display (string-append "hint: " hint) port)))))
