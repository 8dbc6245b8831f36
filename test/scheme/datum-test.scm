;;; datum-test.scm -- any value in a few words
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog datum)
             (sheepdog test)
             (srfi srfi-9))

(define-record-type <cow> (make-cow) cow?)

(define %circle
  (let ((circle (list 1 2 3)))
    (set-cdr! (cddr circle) circle)
    circle))

(define (nested depth)
  (let loop ((depth depth) (datum 'x))
    (if (zero? depth) datum (loop (- depth 1) (list datum)))))

(define-syntax-rule (test-text text datum)
  (test-equal text text (datum->text datum)))

(run-tests "datum"
  (test-text "(store (a \"h\" 1.5) . #t)" '(store (a "h" 1.5) . #t))
  (test-text "#(1 () null #:key)" #(1 () null #:key))
  (test-text "\"a\\xa;\\\"\\u{202e}\\x7f;\\\\\"" "a\n\"\u202e\x7f\\")
  (test-text "(1 2 3 1 2 3 1 2 …)" %circle)
  (test-text "(((((…)))))" (nested 30000))
  (test-text "(0 1 2 3 4 5 6 7 …)" (iota 1000))
  (test-text "#(0 0 0 0 0 0 0 0 …)" (make-vector 1000 0))
  (test-text (string-append "\"" (make-string 60 #\a) "…\"") (make-string 100000 #\a))
  (test-text "a number of many digits" (expt 10 1000))
  (test-text "a procedure car" car)
  (test-text "a record <cow>" (make-cow))
  (test-text "nothing" (if #f #f))
  (test-text "an object of another kind" (make-hash-table))
  (test-equal "a printer of others comes to an end" "(\"text\" (1 2 3 1 2 3 1 2 …))"
    (object->string (list "text" (caar (tame (list (list %circle))))))))
