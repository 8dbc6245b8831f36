;;; ask.scm -- questions asked from Scheme: by a receiver, in a REPL
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What asks has a database of its own to read from, opened when it is asked for the first time.
;; It sees what was committed: a receiver, what there was before its batch.

(define-module (sheepdog ask)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog logic read)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog question)
  #:use-module (sheepdog rule)
  #:use-module (sheepdog store)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view explanation)
  #:use-module (sheepdog view proof)
  #:use-module (ice-9 match)
  #:export (ask-file explain-file why-file)
  #:re-export (define-rule!))

(define %connection #f)                           ;(FILE . DB) | #f

(define (connection file)
  "Return a connection to the database FILE for questions."
  (unless file
    (raise-error 'usage "there is no database to ask here" "the server has one"))
  (match %connection
    (((? (lambda (before) (equal? file before))) . (? (negate %db-moved?) db)) db)
    (before
     (set! %connection #f)
     (when before
       (%db-close! (cdr before)))
     (let ((db (prepare-for-questions! (open-store file 'read-only))))
       (set! %connection (cons file db))
       db))))

(define (question->data question)
  "Return the data of QUESTION, a list or text, and its text or #f."
  (if (string? question)
      (values (text->data question) question)
      (values (list (data->datum question)) #f)))

(define (instant at)
  "Return AT, ms or text, in ms; #f for #f."
  (if (string? at)
      (or (parse-time at (%now))
          (raise-error 'usage (string-append "no time can be read from '" at "'")))
      at))

(define* (ask-file file question #:key at limit)
  "Return the answers of the database FILE to QUESTION, as `ask' of (sheepdog asking) does."
  (call-with-values (lambda () (question->data question))
    (lambda (data source)
      (answers-rows (ask-question (connection file) data #:at (instant at) #:limit limit
                                  #:source source)))))

(define* (explain-file file question #:key at)
  "Print how the database FILE would answer QUESTION."
  (call-with-values (lambda () (question->data question))
    (lambda (data source)
      (print-lines
       (explanation-lines
        (explain-question (connection file) data #:at (instant at) #:source source))))))

(define* (why-file file question #:optional answer #:key at)
  "Print what the answers of the database FILE to QUESTION rest on; with ANSWER, a list of values, that
one only."
  (call-with-values (lambda () (question->data question))
    (lambda (data source)
      (let* ((db (connection file))
             (answers (ask-question db data #:at (instant at) #:source source))
             (answers (if answer (only answers answer) answers)))
        (print-lines (proofs-lines answers (silent-hosts db answers)
                                   (prove-answers db data answers #:at (instant at))))))))
