;;; org.scm -- answers as Org mode has them: headings, properties, tables
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view org)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (org-time
            org-heading
            org-subject
            org-table
            org-example))

(define (org-time ms)
  "MS, epoch milliseconds, as an inactive Org timestamp in local time."
  (strftime "[%Y-%m-%d %a %H:%M]" (localtime (quotient ms 1000))))

(define (org-value value)
  (cond ((string? value) (printable value))
        ((symbol? value) (symbol->string value))
        ((number? value) (number->string value))
        ((instant? value) (org-time (instant-ms value)))
        ((eq? value #t) "yes")
        ((eq? value #f) "no")
        (else #f)))

(define (property entry)
  (match entry
    ((_ . 'null) #f)
    ((key . value)
     (let ((text (org-value value)))
       (and text
            (not (string-null? text))
            (string-append ":" (string-upcase (symbol->string key)) ": " text))))))

(define (org-heading text entries)
  "The lines of a heading TEXT with a drawer of ENTRIES, an object of a document:
what is absent, and what is no single value, is left out."
  `(,(string-append "* " (printable text))
    ":PROPERTIES:"
    ,@(filter-map property entries)
    ":END:"))

(define (org-subject state name entries)
  "The lines of the subject NAME in STATE, a symbol: a TODO unless that is `ok'."
  (org-heading (string-append (if (memq state '(ok null)) "DONE" "TODO")
                              (if (eq? state 'null)
                                  " "
                                  (string-append " [" (state-word state) "] "))
                              name)
               entries))

(define (table-cell value)
  (let ((text (or (and (not (eq? value 'null)) (org-value value)) "")))
    (string-join (string-split text #\|) "\\vert{}")))

(define (org-table keys objects)
  "The lines of a table of OBJECTS of a document, a column for each of KEYS."
  (let* ((rows (map (lambda (object)
                      (map (lambda (key)
                             (table-cell (or (assq-ref object key) "")))
                           keys))
                    objects))
         (rows (cons (map symbol->string keys) rows))
         (widths (apply map (lambda cells (apply max (map text-width cells))) rows))
         (line (lambda (cells)
                 (string-append
                  "| "
                  (string-join (map pad cells widths) " | ")
                  " |"))))
    (cons* (line (car rows))
           (string-append "|"
                          (string-join (map (lambda (width)
                                              (make-string (+ width 2) #\-))
                                            widths)
                                       "+")
                          "|")
           (map line (cdr rows)))))

(define (org-example text)
  "The lines of TEXT, foreign and of many lines, as an example block."
  `("#+begin_example"
    ,@(map (lambda (line)
             (let ((line (printable line)))
               (if (or (string-prefix? "*" line) (string-prefix? "#+" line)
                       (string-prefix? ",*" line) (string-prefix? ",#+" line))
                   (string-append "," line)
                   line)))
           (string-split (string-trim-right text #\newline) #\newline))
    "#+end_example"))
