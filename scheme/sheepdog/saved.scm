;;; saved.scm -- the rules and the questions by name that a configuration has
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog saved)
  #:use-module (sheepdog config)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog error)
  #:use-module (sheepdog rule)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (define-configured-rules! saved-question question-data-of))

(define (define-configured-rules! config)
  "Define the rules of CONFIG.  Raise `bad-question', with all that is wrong with them."
  (define problems '())
  (define (complain datum text hint)
    (set! problems (cons (problem-at datum text hint) problems)))
  (for-each (lambda (datum)
              (when (eq? 'define-relation (datum-head datum))
                (define-rule! datum complain)))
            (append-map (lambda (entry) (cdr (datum-items (entry-datum entry))))
                        (config-entries config 'logic)))
  (unless (null? problems)
    (raise-error 'bad-question
                 (string-join (map problem->text (reverse problems)) "\n"))))

(define (question-name entry)
  (symbol->string (first (entry-arguments entry))))

(define (question-data-of entry)
  "Return the data of the question that ENTRY, `question', has."
  (list (fourth (datum-items (entry-datum entry)))))

(define (saved-question config name)
  "Return the data of the question that CONFIG has under NAME, a string; raise `usage'."
  (let ((entries (config-entries config 'question)))
    (match (find (lambda (entry) (string=? name (question-name entry))) entries)
      (#f
       (raise-error 'usage
                    (format #f "no question '~a' in the configuration" (printable name))
                    (or (did-you-mean name (map question-name entries))
                        (if (null? entries)
                            "it has none; such as (question idle \"Nothing to do.\" ((?host) (host ?host)))"
                            (string-append "it has "
                                           (enumeration (map question-name entries) "and"))))))
      (entry (question-data-of entry)))))
