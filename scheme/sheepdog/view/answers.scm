;;; answers.scm -- the answers to a question, for people and programs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view answers)
  #:use-module (sheepdog logic compile)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog question)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (answers-lines
            answers-org
            answers-json
            answers-sexp
            closing-line row->texts value->text document-value))

(define (number->text n)
  (number->string (if (and (inexact? n) (integer? n)) (inexact->exact n) n)))

(define (value->text value type)
  (cond ((not value) "")
        ((eq? value 'open) "open")
        ((list? value) (string-join (map (lambda (v) (value->text v type)) value) ", "))
        ((string? value) (printable value))
        (else
         (match type
           ('time (time->stamp value))
           ('duration (duration->text (inexact->exact (round value))))
           (('size unit) (string-append (number->text value) " " (symbol->string unit)))
           (_ (number->text value))))))

(define (names answers)
  (map answer-column-name (answers-columns answers)))

(define (row->texts row answers)
  (map (lambda (value column) (value->text value (answer-column-type column)))
       row (answers-columns answers)))

(define (closing-line answers silent)
  "Return how many ANSWERS there are, and which hosts are SILENT, (HOST . SINCE) each."
  (string-append
   (match (length (answers-rows answers))
     (0 "No answer.")
     (count (string-append (plural count "answer") ".")))
   (if (null? silent)
       ""
       (string-append
        "  Not heard lately: "
        (string-join
         (map (match-lambda
                ((host . since)
                 (string-append (printable host) " (since "
                                (duration->text (- (answers-time answers) since)) ")")))
              silent)
         ", ")
        "."))))

(define (answers-lines answers silent)
  "Return the lines that show ANSWERS; SILENT are hosts, (HOST . SINCE) each."
  (append
   (if (or (null? (answers-rows answers)) (null? (names answers)))
       '()
       (columns->lines (cons (map (lambda (name) (styled 'faint (symbol->string name)))
                                  (names answers))
                             (map (lambda (row) (row->texts row answers))
                                  (answers-rows answers)))
                       #:room 1000000))
   (list (closing-line answers silent))
   (if (answers-complete? answers) '() '("Not all machines that were asked answered."))))

(define (answers-org answers silent)
  "Return the lines of an Org table of ANSWERS, and what is to be said of them."
  (append (if (null? (names answers))
              '()
              (org-table (names answers)
                         (map (lambda (row) (map cons (names answers) (row->texts row answers)))
                              (answers-rows answers))))
          (list "" (closing-line answers silent))
          (if (answers-complete? answers) '() '("Not all machines that were asked answered."))))

(define (document-value value type)
  (cond ((or (not value) (eq? value 'open)) 'null)
        ((list? value) (list->vector (map (lambda (v) (document-value v type)) value)))
        ((eq? type 'time) (instant value))
        ((eq? type 'duration) (seconds (inexact->exact (round value))))
        (else value)))

(define (row->values row answers)
  (map (lambda (value column) (document-value value (answer-column-type column)))
       row (answers-columns answers)))

(define (answers-json answers silent)
  "Return the document of ANSWERS, in JSON: an object each."
  `((version . 0)
    (time . ,(instant (answers-time answers)))
    (columns . ,(list->vector (map symbol->string (names answers))))
    (answers . ,(list->vector (map (lambda (row) (map cons (names answers)
                                                      (row->values row answers)))
                                   (answers-rows answers))))
    (count . ,(length (answers-rows answers)))
    (silent . ,(list->vector (map (match-lambda
                                    ((host . since)
                                     `((host . ,host) (since . ,(instant since)))))
                                  silent)))
    (complete . ,(answers-complete? answers))))

(define (sexp-value value)
  (cond ((instant? value) (seconds (instant-ms value)))
        ((eq? value 'null) '())
        ((vector? value) (map sexp-value (vector->list value)))
        (else value)))

(define* (answers-sexp answers silent
                       #:key (behind (map (const '()) (answers-rows answers))))
  "Return the lines of the list (sheepdog-answers ...) of ANSWERS; BEHIND are lines to follow each."
  (define (line head . items)
    (sexp->string (cons head items)))
  (append
   (list (string-append "(sheepdog-answers " (line 'version 0) " "
                        (line 'time (seconds (answers-time answers))) " "
                        (apply line 'columns (names answers))))
   (append-map (lambda (row lines)
                 (cons (string-append " " (apply line 'answer
                                                 (map sexp-value (row->values row answers))))
                       (map (lambda (line) (string-append "  " line)) lines)))
               (answers-rows answers) behind)
   (list (string-append " " (apply line 'silent
                                   (map (match-lambda
                                          ((host . since) (list host (seconds since))))
                                        silent))
                        " " (line 'complete (if (answers-complete? answers) 'yes 'no)) ")"))))
