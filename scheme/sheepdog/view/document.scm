;;; document.scm -- one answer, as data, in the notations that programs read
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A document is what the core makes JSON of (alists with symbols as keys, vectors, strings,
;; numbers, symbols, #t, #f, `null') and, in it, instants.  `null' is what is absent.

(define-module (sheepdog view document)
  #:use-module (sheepdog core)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (instant
            instant?
            instant-ms
            absent
            seconds
            document
            print-json
            document->json
            document->sexp
            print-sexp
            sexp->string))

(define-record-type <instant>
  (make-instant ms)
  instant?
  (ms instant-ms))                               ;epoch milliseconds

(define (instant ms)
  "The time MS (epoch milliseconds, or #f: absent) as part of a document."
  (if ms (make-instant ms) 'null))

(define (absent value)
  "VALUE, or what stands for it in a document when it is #f."
  (or value 'null))

(define (seconds ms)
  "MS in seconds, a whole number where it is one; absent for #f."
  (cond ((not ms) 'null)
        ((zero? (modulo ms 1000)) (quotient ms 1000))
        (else (/ ms 1000.0))))

(define (document action now . entries)
  "The document that ACTION, a symbol, answers with at NOW: its head, then ENTRIES."
  (append `((sheepdog . ,action) (version . 0) (time . ,(instant now)))
          entries))

;;; JSON

(define (object? value)
  (and (pair? value) (pair? (car value)) (symbol? (caar value))))

(define (json-entry key value)
  (if (instant? value)
      (let ((ms (instant-ms value)))
        `((,key . ,(time->rfc3339 ms))
          (,(symbol-append key '_epoch) . ,(seconds ms))))
      `((,key . ,(document->json value)))))

(define (document->json value)
  "VALUE, a document, as data for the JSON writer: an instant K becomes K and
K_epoch."
  (cond ((object? value)
         (append-map (match-lambda ((key . value) (json-entry key value))) value))
        ((vector? value) (vector-map* document->json value))
        ((instant? value) (time->rfc3339 (instant-ms value)))
        (else value)))

(define (vector-map* proc vector)
  (list->vector (map proc (vector->list vector))))

(define (escaped json)
  "JSON, a text, with those characters as \\u.... that a terminal might obey (they can only be
inside of its strings)."
  (define (escape c)
    (let ((text (string c)))
      (if (string=? text (printable text))
          text
          (string-append "\\u" (string-pad (number->string (char->integer c) 16)
                                           4 #\0)))))
  (if (string=? json (printable json))
      json
      (string-concatenate (map escape (string->list json)))))

(define (print-json value)
  "Print VALUE, a document, as JSON, in one line."
  (display (escaped (%json-write (document->json value))))
  (newline))

;;; S-expressions, for Emacs and for Guile

(define (singular key)
  (let ((name (symbol->string key)))
    (if (string-suffix? "s" name)
        (string->symbol (string-drop-right name 1))
        key)))

(define (sexp-entry key value)
  (cond ((member value '(null () #())) '())
        ((and (vector? value) (object? (vector-ref value 0)))
         (map (lambda (item) (cons (singular key) (sexp-entries item)))
              (vector->list value)))
        ((vector? value) (list (cons key (map sexp-atom (vector->list value)))))
        ((object? value) (list (cons key (sexp-entries value))))
        (else (list (list key (sexp-atom value))))))

(define (sexp-entries object)
  (append-map (match-lambda ((key . value) (sexp-entry key value))) object))

(define (sexp-atom value)
  (cond ((instant? value) (seconds (instant-ms value)))
        ((eq? value #t) 'yes)
        ((eq? value #f) 'no)
        ((vector? value) (map sexp-atom (vector->list value)))
        ((object? value) (sexp-entries value))
        (else value)))

(define (document->sexp name value)
  "VALUE, a document, as the list (NAME (KEY VALUE) ...): an array of objects
`subjects' becomes lists that begin with `subject', truth `yes' or `no', a time
epoch seconds; what is absent is left out."
  (cons name (sexp-entries (alist-delete 'sheepdog value eq?))))

(define (plain-symbol? text)
  (and (string-every (lambda (c)
                       (or (char-alphabetic? c) (char-numeric? c)
                           (memv c '(#\- #\_ #\+ #\! #\* #\/ #\< #\> #\=))))
                     text)
       (not (string-null? text))
       (not (string->number text))))

(define (escaped-char c)
  "C as it stands in a string that both Emacs and Guile read."
  (let ((code (char->integer c)))
    (cond ((char=? c #\") "\\\"")
          ((char=? c #\\) "\\\\")
          ((char=? c #\newline) "\\n")
          ((char=? c #\tab) "\\t")
          ((or (< code 32) (<= #x7f code #x9f)
               (<= #x200e code #x200f) (<= #x2028 code #x202e)
               (<= #x2066 code #x2069) (= code #x061c))
           (string-append "\\u" (string-pad (number->string code 16) 4 #\0)))
          (else (string c)))))

(define (quoted text)
  (string-append "\"" (string-concatenate (map escaped-char (string->list text))) "\""))

(define (sexp->string value)
  "VALUE, made of lists, symbols, strings and numbers, as text for both Emacs and
Guile, in one line."
  (cond ((string? value) (quoted value))
        ((symbol? value)
         (let ((text (symbol->string value)))
           (if (plain-symbol? text) text (quoted text))))
        ((number? value) (number->string value))
        ((pair? value)
         (string-append "(" (string-join (map sexp->string value) " ") ")"))
        (else "()")))

(define (print-sexp name value)
  "Print VALUE, a document, as the list NAME; a line for each of its objects."
  (match (document->sexp name value)
    ((name . entries)
     (call-with-values (lambda () (span plain-entry? entries))
       (lambda (plain rest)
         (display (string-drop-right (sexp->string (cons name plain)) 1))
         (for-each (lambda (entry)
                     (display "\n ")
                     (display (sexp->string entry)))
                   rest)
         (display ")\n"))))))

(define (plain-entry? entry)
  (not (any pair? (cdr entry))))
