;;; test.scm -- SRFI-64 as we need it: failures printed whole, and no test that cannot fail
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A test file imports this module alone, not (srfi srfi-64), and ends with one form:
;;
;;   (run-tests "message"
;;     (define sample ...)
;;     (test-equal "a sentence that is true" EXPECTED EXPRESSION)
;;     (test-assert "a sentence that is true" EXPRESSION)
;;     (test-false "a sentence that is true" EXPRESSION)
;;     (test-raises "a sentence that is true" 'bad-message "no tag" EXPRESSION)
;;     (test-group "some of them" ...)
;;     (with-temporary-directory (directory) ...))
;;
;; SRFI-64 of Guile 3.0.8 takes an expression that raises for one that gives #f, and takes any
;; key for the one that test-error names; so the tests are ours, over its runner.

(define-module (sheepdog test)
  #:use-module (sheepdog error)
  #:use-module (sheepdog temporary)
  #:use-module (ice-9 match)
  #:use-module (ice-9 pretty-print)
  #:use-module (srfi srfi-9)
  #:use-module ((srfi srfi-64) #:prefix srfi:)
  #:export (run-tests call-with-tests
            test-assert test-equal test-false test-raises test-group test-skip check)
  #:re-export (with-temporary-directory call-with-temporary-directory))


;;; What evaluating an expression came to.

(define-record-type <value>
  (value datum)
  value?
  (datum value-datum))

(define-record-type <raised>
  (raised key text)
  raised?
  (key raised-key)                                ;symbol: the key, of a sheepdog-error its code
  (text raised-text))                             ;string

(define (evaluate thunk)
  "Return the <value> of THUNK, or the <raised> that it raised."
  (catch #t
    (lambda ()
      (with-error-handler
       (lambda (code text hint) (raised code text))
       (lambda () (value (thunk)))))
    (lambda (key . args)
      (raised key (exception->text key args)))))

(define (shown outcome)
  "Return OUTCOME as lines of text."
  (match outcome
    (($ <value> datum)
     (string-trim-right
      (call-with-output-string
        (lambda (port) (pretty-print datum port #:width 90)))))
    (($ <raised> key text)
     (string-append "raised " (object->string key) ": " text))))


;;; The tests: each a macro that knows its place, over `check'.

(define (check place name thunk complaint)
  "Run THUNK as the test NAME, written at PLACE (FILE:LINE or #f).  It fails when
(COMPLAINT OUTCOME) is a string, which is printed, and passes when that is #f."
  (let ((runner (srfi:test-runner-get)))
    (srfi:test-assert name
      (let ((text (complaint (evaluate thunk))))
        (srfi:test-result-set! runner 'complaint text)
        (srfi:test-result-set! runner 'place place)
        (not text)))))

(define (differs expected)
  "Return the complaint of a test that wants the value of the thunk EXPECTED."
  (lambda (outcome)
    (match (evaluate expected)
      ((and wanted ($ <value> datum))
       (and (not (and (value? outcome) (equal? datum (value-datum outcome))))
            (string-append "expected: " (shown wanted)
                           "\nactual:   " (shown outcome))))
      (broken
       (string-append "the expected value " (shown broken))))))

(define (not-true outcome)
  "Complain of an OUTCOME that is #f or raised."
  (and (not (and (value? outcome) (value-datum outcome)))
       (string-append "expected: a true value\nactual:   " (shown outcome))))

(define (raises-not key text)
  "Return the complaint of a test that wants KEY raised (of a sheepdog-error: its code)
with TEXT: the whole of it, or a predicate of strings."
  (lambda (outcome)
    (and (not (and (raised? outcome)
                   (eq? key (raised-key outcome))
                   (if (procedure? text)
                       (text (raised-text outcome))
                       (equal? text (raised-text outcome)))))
         (string-append "expected: " (shown (raised key (if (procedure? text)
                                                            "(by predicate)"
                                                            text)))
                        "\nactual:   " (shown outcome)))))

(eval-when (expand load eval)
  (define (place-of form)
    "Return where FORM, a syntax object, is written: FILE:LINE, or #f."
    (let ((source (syntax-source form)))
      (and source
           (assq-ref source 'filename)
           (string-append (basename (assq-ref source 'filename)) ":"
                          (number->string (+ 1 (assq-ref source 'line))))))))

(define-syntax define-test
  (lambda (form)
    (syntax-case form ()
      ((_ name (argument ... expression) complaint)
       #'(define-syntax name
           (lambda (use)
             (syntax-case use ()
               ((_ sentence argument ... expression)
                (with-syntax ((place (datum->syntax #'here (place-of use))))
                  #'(check place sentence (lambda () expression) complaint))))))))))

(define-test test-equal (expected expression)
  (differs (lambda () expected)))
(define-test test-assert (expression)
  not-true)
(define-test test-false (expression)
  (differs (const #f)))
(define-test test-raises (key text expression)
  (raises-not key text))

(define-syntax-rule (test-group name body ...)
  "Run the tests of BODY as a group called NAME."
  (srfi:test-group name (let () body ... #t)))

(define (test-skip count)
  "Skip the COUNT tests that follow in this group: they lack what they need here."
  (srfi:test-skip count))


;;; Running them.

(define (print-end runner)
  "Print the test of RUNNER that has just ended, if it failed: whole, with its place."
  (unless (srfi:test-passed? runner)
    (unless (eq? 'skip (srfi:test-result-kind runner))
      (format #t "~a: FAIL: ~a~%~a~%"
              (or (srfi:test-result-ref runner 'place) "?")
              (string-join (append (srfi:test-runner-group-path runner)
                                   (list (srfi:test-runner-test-name runner)))
                           ": ")
              (srfi:test-result-ref runner 'complaint ""))
      (force-output))))

(define (make-runner)
  "Return an SRFI-64 runner that writes no log and prints failures whole."
  (let ((runner (srfi:test-runner-null)))
    (srfi:test-runner-on-test-end! runner print-end)
    runner))

(define (call-with-tests name thunk)
  "Run the tests in THUNK as the group NAME, print each failure, then a last line
`N passed, N failed' (and `, N skipped'), and exit: with 1 if any failed.  An exception
outside of the tests is a failure too, since the tests behind it did not run."
  (let ((runner (make-runner)))
    (srfi:test-with-runner runner
      (srfi:test-begin name)
      (let ((outcome (evaluate thunk)))
        (when (raised? outcome)
          (check #f "the tests run to their end" (const #f) (const (shown outcome)))))
      (srfi:test-end name))
    (let ((failed (+ (srfi:test-runner-fail-count runner)
                     (srfi:test-runner-xpass-count runner)))
          (passed (+ (srfi:test-runner-pass-count runner)
                     (srfi:test-runner-xfail-count runner)))
          (skipped (srfi:test-runner-skip-count runner)))
      (display (string-append
                (number->string passed) " passed, "
                (number->string failed) " failed"
                (if (zero? skipped)
                    ""
                    (string-append ", " (number->string skipped) " skipped"))
                "\n"))
      (force-output)
      (exit (if (zero? failed) 0 1)))))

(define-syntax-rule (run-tests name body ...)
  "Run the definitions and tests of BODY, print the count, and exit."
  (call-with-tests name (lambda () body ... #t)))
