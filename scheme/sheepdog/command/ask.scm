;;; ask.scm -- `sheepdog ask': a question of all that was ever heard
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command ask)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog question)
  #:use-module (sheepdog rulebook)
  #:use-module (sheepdog saved)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view answers)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view explanation)
  #:use-module (sheepdog view proof)
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
         (option "saved" "Ask the question that the configuration has under NAME."
                 #:argument "NAME")
         (option "at" "As if now were this time." #:argument "TIME"
                 #:convert (lambda (text) (parse-time text (%now)))
                 #:wants "a time such as 2026-11-01, '2026-11-01 14:00' or 2d")
         (option "limit" "At most so many answers." #:argument "N"
                 #:convert string->count #:wants "a number")
         (option "explain" "Do not ask: show the order of the goals, the SQL and its plan.")
         (option "why" "Show what each answer rests on, and the messages that said so.")
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

(define (asked words options config)
  "Return the data of the question that WORDS and OPTIONS bring or name in CONFIG, and its text; #f:
it was not read here."
  (define (of-text text file)
    (values (text->data text file) text))
  (match (cons* (option-ref options 'saved) (option-ref options 'file) words)
    ((#f #f text) (of-text text "ask"))
    ((#f file) (of-text (file-question file) file))
    (((? string? name) #f) (values (saved-question config name) #f))
    ((#f #f) (raise-error 'usage "'ask' wants a question"
                          "such as: sheepdog ask '(host ?host)'"))
    (_ (raise-error 'usage "a question, '--file' and '--saved' all ask" "one of them at a time"))))

(define (print-answers answers silent common)
  (match (assq-ref common 'format)
    ('json (print-json (answers-json answers silent)))
    ('sexp (print-lines (answers-sexp answers silent)))
    ('org (print-lines (answers-org answers silent)))
    (_ (with-color common
         (lambda () (print-lines (answers-lines answers silent)))))))

(define (print-explanation explanation common)
  (match (assq-ref common 'format)
    ('json (print-json (explanation-document explanation)))
    ('sexp (print-sexp 'sheepdog-explanation (explanation-document explanation)))
    (_ (print-lines (explanation-lines explanation)))))

(define (print-proofs answers silent proofs common)
  (match (assq-ref common 'format)
    ('json (print-json (proofs-json answers silent proofs)))
    ('sexp (print-lines (proofs-sexp answers silent proofs)))
    ('org (print-lines (proofs-org answers silent proofs)))
    (_ (with-color common
         (lambda () (print-lines (proofs-lines answers silent proofs)))))))

(define (tell-problems code text hint)
  "Print TEXT, the errors of a question with their places, else pass the error on."
  (cond ((eq? code 'bad-question)
         (display (printable text #:lines? #t) (current-error-port))
         (newline (current-error-port))
         (force-output (current-error-port))
         2)
        (else (raise-error code text (or hint "")))))

(define (ask db config words options common)
  (define at (option-ref options 'at))
  (define limit (option-ref options 'limit))
  (define-configured-rules! config)
  (recall-rules! db)
  (prepare-for-questions! db)
  (call-with-values (lambda () (asked words options config))
    (lambda (data text)
      (cond ((option-ref options 'explain)
             (print-explanation (explain-question db data #:at at #:limit limit #:source text)
                                common)
             0)
            (else
             (let ((answers (ask-question db data #:at at #:limit limit #:source text
                                          #:patience (option-ref options 'timeout))))
               (if (option-ref options 'why)
                   (print-proofs answers (silent-hosts db answers)
                                 (prove-answers db data answers #:at at
                                                #:patience (option-ref options 'timeout))
                                 common)
                   (print-answers answers (silent-hosts db answers) common))
               (exit-status answers)))))))

(define (exit-status answers)
  "Return 0 with an answer, 1 without one, 2 where nobody can tell: not all that were asked answered."
  (cond ((pair? (answers-rows answers)) 0)
        ((answers-complete? answers) 1)
        (else 2)))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (call-with-database
      "ask" common
      (lambda (db place)
        (with-error-handler
         tell-problems
         (lambda ()
           (ask db (read-config (place-ref place 'file) #:check? #f) words options common))))))))
