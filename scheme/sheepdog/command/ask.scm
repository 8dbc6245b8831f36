;;; ask.scm -- `sheepdog ask': a question of all that was ever heard
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command ask)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog question)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view answers)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (ice-9 textual-ports)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "ask" "[QUERY]"
   "Ask QUERY of all that was ever heard, and print its answers."
   (list (option "file" "Read the question from FILE." #:argument "FILE")
         (option "at" "As if now were this time." #:argument "TIME"
                 #:convert (lambda (text) (parse-time text (%now)))
                 #:wants "a time such as 2026-11-01, '2026-11-01 14:00' or 2d")
         (option "limit" "At most so many answers." #:argument "N"
                 #:convert string->count #:wants "a number")
         (option "timeout" "Give up after so long; 5s unless given." #:argument "DURATION"
                 #:convert parse-duration #:default 5000 #:wants "a duration such as 5s"))
   #:most 1
   #:notes '("Text is written \"nginx\", or nginx; ?name is a variable, _ any value. Without a head, (?service ?host) here, all variables are told."
             "The exit status is 0 with an answer, 1 without one, 2 when none can be given."
             "Example: sheepdog ask '(?service ?host) (during (last \"30d\") (interruption ?host ?service) (package ?host nginx _))'")))

(define (file-question file)
  (catch 'system-error
    (lambda () (call-with-input-file file
                 (lambda (port)
                   (set-port-encoding! port "UTF-8")
                   (let ((text (get-string-all port)))
                     (if (eof-object? text) "" text)))))
    (lambda arguments
      (raise-error 'usage (format #f "cannot read ~a: ~a" file
                                  (strerror (system-error-errno arguments)))))))

(define (asked words options)
  "Return the text of the question that WORDS and OPTIONS bring, and what it is called in errors."
  (match (cons (option-ref options 'file) words)
    ((#f text) (values text "ask"))
    ((file) (values (file-question file) file))
    ((#f) (raise-error 'usage "'ask' wants a question"
                       "such as: sheepdog ask '(host ?host)'"))
    (_ (raise-error 'usage "a question and '--file' both ask" "one of them at a time"))))

(define (print-answers answers silent complete? common)
  (match (assq-ref common 'format)
    ('json (print-json (answers-json answers silent complete?)))
    ('sexp (print-lines (answers-sexp answers silent complete?)))
    ('org (print-lines (answers-org answers silent complete?)))
    (_ (with-color common
         (lambda () (print-lines (answers-lines answers silent complete?)))))))

(define (tell-problems code text hint)
  "Print TEXT, the errors of a question with their places, else pass the error on."
  (cond ((eq? code 'bad-question)
         (display (printable text #:lines? #t) (current-error-port))
         (newline (current-error-port))
         (force-output (current-error-port))
         2)
        (else (raise-error code text (or hint "")))))

(define (ask db text file options common)
  (with-error-handler
   tell-problems
   (lambda ()
     (let* ((answers (ask-question (prepare-for-questions! db) (text->data text file)
                                   #:at (option-ref options 'at)
                                   #:limit (option-ref options 'limit)
                                   #:patience (option-ref options 'timeout)
                                   #:source text)))
       (print-answers answers (silent-hosts db answers) #t common)
       (if (null? (answers-rows answers)) 1 0)))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (call-with-values (lambda () (asked words options))
       (lambda (text file)
         (call-with-database "ask" common
                             (lambda (db place) (ask db text file options common))))))))
