;;; clause.scm -- forms made of named clauses, and their errors at file, line and column
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What `define-monitor' and `define-handler' do while they are expanded.

(define-module (sheepdog clause)
  #:use-module (sheepdog text)
  #:export (violate place-of-syntax real-place loading-file clauses-of clause-items
            name-in name-phrase))

(define loading-file (make-parameter #f))         ;string: the plugin that is being loaded | #f

(define (real-place place)
  "Return PLACE, a list (FILE LINE COLUMN) or #f, with the name of the file being loaded: a
compiled one remembers the name it had when it was compiled."
  (if (and place (loading-file))
      (cons (loading-file) (cdr place))
      place))

(define* (violate who text form #:optional (part form))
  "Raise a syntax error: WHO (a symbol) found PART of FORM wrong, for the reason TEXT."
  (syntax-violation who text form (if (syntax-source part) part form)))

(define (place-of-syntax form)
  "Return (FILE LINE COLUMN) of FORM, a syntax object, counted from 1; #f if it is not known."
  (let ((source (syntax-source form)))
    (and source
         (assq-ref source 'filename)
         (list (assq-ref source 'filename)
               (+ 1 (assq-ref source 'line))
               (+ 1 (assq-ref source 'column))))))

(define (name-in who form stx what)
  "Return the symbol of STX, which must be an identifier: WHAT of FORM."
  (if (identifier? stx)
      (syntax->datum stx)
      (violate who (string-append what " is a name") form stx)))

(define (check-keyword who form clause keyword allowed seen)
  (cond ((not (memq keyword allowed))
         (violate who
                  (string-append "unknown clause '" (symbol->string keyword) "' of "
                                 (symbol->string who) (hint keyword allowed))
                  form clause))
        ((memq keyword seen)
         (violate who
                  (string-append "clause '" (symbol->string keyword) "' given twice")
                  form clause))))

(define (hint keyword allowed)
  "Return the line that helps who wrote KEYWORD where ALLOWED are the clauses."
  (let* ((names (map symbol->string allowed))
         (near (nearest (symbol->string keyword) names)))
    (string-append "\nhint: "
                   (if near
                       (string-append "did you mean '" near "'?")
                       (string-append "it has " (string-join names ", "))))))

(define (clauses-of who form clauses allowed)
  "Return an alist from each keyword of CLAUSES, a syntax object with a list of them inside of
FORM, to the syntax of what follows it.  ALLOWED are the keywords of WHO; another, or one given
twice, is a syntax error, its text with a line `hint: ...'."
  (let loop ((clauses clauses) (found '()))
    (syntax-case clauses ()
      (() (reverse found))
      (((keyword . items) . rest)
       (let ((name (name-in who form #'keyword "the first word of a clause")))
         (check-keyword who form (car (as-list clauses)) name allowed (map car found))
         (loop #'rest (acons name #'items found))))
      ((other . rest)
       (violate who "a clause is a list" form #'other)))))

(define (as-list stx)
  "Return the items of STX, the syntax of a list; #f if it is none."
  (syntax-case stx ()
    (() '())
    ((item . rest) (let ((items (as-list #'rest)))
                     (and items (cons #'item items))))
    (_ #f)))

(define (clause-items who form stx shape count)
  "Return the lists of the items of STX, a clause's declarations: each of COUNT parts, the
first a name, the last a sentence, as SHAPE tells; else a syntax error."
  (map (lambda (item)
         (let ((parts (as-list item)))
           (unless (and parts
                        (= count (length parts))
                        (identifier? (car parts))
                        (string? (syntax->datum (list-ref parts (- count 1)))))
             (violate who (string-append "expected " shape) form item))
           parts))
       (or (as-list stx)
           (violate who "a clause is a list" form stx))))

(define (name-phrase name)
  "Return the predicate NAME in words: percent? -> \"percent\", string? -> \"a string\"."
  (case name
    ((string?) "a string")
    ((symbol?) "a name")
    ((integer? exact-integer?) "a whole number")
    ((number? real?) "a number")
    ((boolean?) "yes or no")
    ((list?) "a list")
    ((duration?) "a duration")
    ((size?) "a size")
    ((regex?) "a regular expression")
    ((vector?) "a list")
    ((limit?) "a number or range")
    ((percent-limit?) "percent")
    (else
     (string-trim-right (string-map (lambda (c) (if (eqv? c #\-) #\space c))
                                    (symbol->string name))
                        #\?))))
