;;; handler-test.scm -- define-handler: what is declared, what is wrong
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog handler)
             (sheepdog plugin)
             (sheepdog test)
             (ice-9 match))

(define said '())

(define-handler moo
  "Say moo."
  (arguments (times integer? "How often."))
  (decide (action context)
    `((moos ,@(cdr action) ,(assq-ref context 'host))))
  (perform (action context)
    (set! said (cons action said))))

(define (syntax-error-of form)
  "Return the text of the syntax error in FORM."
  (catch 'syntax-error
    (lambda () (eval form (current-module)) 'none)
    (match-lambda* ((key who text . _) text))))

(run-tests "handler"
  (define handler (handler-ref "moo"))
  (test-equal "what was declared is there"
    '(moo "Say moo." ((times "a whole number" "How often.")) "handler-test.scm")
    (list (handler-name handler) (handler-doc handler)
          (map (lambda (argument)
                 (list (argument-name argument) (argument-wants argument)
                       (argument-sentence argument)))
               (handler-arguments handler))
          (basename (handler-file handler))))
  (test-equal "it decides" '((moos 3 "tux01"))
    ((handler-decide handler) '(moo 3) '((host . "tux01"))))
  (test-equal "it performs" '((moo 3))
    (begin ((handler-perform handler) '(moo 3) '())
           said))
  (test-equal "what does not fit is seen" '(#t #f)
    (map (lambda (value) (argument-fits? (car (handler-arguments handler)) value))
         '(3 "three")))
  (test-equal "a misspelt clause" "unknown clause 'preform' of define-handler
hint: did you mean 'perform'?"
    (syntax-error-of '(define-handler x "X." (preform (action context) #t))))
  (test-equal "no clause that does anything" "neither 'perform' nor 'decide'"
    (syntax-error-of '(define-handler x "X." (arguments))))
  (test-equal "a body without its names" "expected (action context), then a body"
    (syntax-error-of '(define-handler x "X." (perform #t)))))
