;;; slim.scm -- a message that is old loses the output of its command, but not how much that was
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.

(define-module (sheepdog slim)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:export (slim))

(define (text? value)
  (and (string? value) (not (string-null? value))))

(define (size-of stream text)
  "Return the entry that says how many bytes STREAM, stdout or stderr, had: TEXT."
  (cons (symbol-append stream '_bytes) (bytevector-length (string->utf8 text))))

(define (without-streams object)
  "Return OBJECT, of JSON, without output; #f when it has none."
  (and (any (lambda (pair) (and (memq (car pair) '(stdout stderr)) (text? (cdr pair)))) object)
       (remove (lambda (pair) (memq (car pair) '(stdout stderr))) object)))

(define (counts outcome)
  "Return the entries that OUTCOME, an object of JSON, is to have in place of its output."
  (append (filter-map (lambda (stream)
                        (let* ((text (assq-ref outcome stream))
                               (size (and (text? text) (size-of stream text))))
                          (and size (not (assq (car size) outcome)) size)))
                      '(stdout stderr))
          (if (assq 'cut outcome) '() '((cut . #t)))))

(define (object? value)
  (and (pair? value) (pair? (car value))))

(define (slim bytes)
  "Return BYTES, a message, without the output of its command, which makes it shorter; or #f: it has
none, or is none that can be read."
  (with-error-handler
   (const #f)
   (lambda ()
     (let* ((message (car (%json-read bytes)))
            (outcome (and (object? message) (assq-ref message 'outcome)))
            (slimmer (and (object? outcome) (without-streams outcome))))
       (define (with-outcome outcome)
         (map (lambda (pair)
                (if (eq? 'outcome (car pair)) (cons 'outcome outcome) pair))
              message))
       (define (shorter object)
         (let ((made (string->utf8 (%json-write object))))
           (and (< (bytevector-length made) (bytevector-length bytes))
                made)))
       (cond (slimmer (or (shorter (with-outcome (append slimmer (counts outcome))))
                          (shorter (with-outcome slimmer)))) ;less than its count takes
             ((and (object? message) (without-streams message)) ;of the Ruby sheepdog
              => shorter)
             (else #f))))))
