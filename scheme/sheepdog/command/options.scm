;;; options.scm -- what stands after an action's name, taken apart as it declares
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command options)
  #:use-module (sheepdog command help)
  #:use-module (sheepdog command syntax)
  #:use-module (sheepdog error)
  #:use-module (sheepdog text)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:re-export (option
               action-syntax
               syntax-name
               syntax-sentence
               help-text
               usage-text)
  #:export (option-ref
            parse-options
            call-with-options
            choose-word
            string->count))

(define (string->count text)
  "The number of TEXT, a whole one from 0 on, or #f."
  (and (not (string-null? text))
       (<= (string-length text) 15)
       (string-every (lambda (c) (and (char>=? c #\0) (char<=? c #\9))) text)
       (string->number text)))

;;; Errors

(define (usage-error syntax text . hint)
  (raise-error 'usage text
               (match hint
                 ((hint) hint)
                 (() (format #f "'sheepdog ~a --help' tells more"
                             (syntax-name syntax))))))

(define (unknown-option syntax written names)
  (let ((near (nearest written names)))
    (apply usage-error syntax
           (format #f "unknown option '~a' of '~a'" written (syntax-name syntax))
           (if near (list (format #f "did you mean '~a'?" near)) '()))))

;;; Finding an option

(define (find-long syntax options name)
  "The one of OPTIONS called NAME, or the only one whose name NAME begins."
  (or (find (lambda (o) (string=? (option-name o) name)) options)
      (match (filter (lambda (o) (string-prefix? name (option-name o))) options)
        ((only) only)
        (() (unknown-option syntax (string-append "--" name)
                            (map long-name options)))
        (several
         (usage-error syntax
                      (format #f "option '--~a' of '~a' is ambiguous" name
                              (syntax-name syntax))
                      (format #f "it could be ~{'~a'~^, ~}"
                              (map long-name several)))))))

(define (find-short syntax options letter)
  (or (find (lambda (o) (eqv? (option-short o) letter)) options)
      (and (char=? letter #\?)
           (find (lambda (o) (string=? (option-name o) "help")) options))
      (unknown-option syntax (string #\- letter) '())))

(define (converted syntax option text)
  (or ((option-convert option) text)
      (usage-error syntax
                   (format #f "'~a' of '~a' wants ~a, got ~s" (long-name option)
                           (syntax-name syntax) (option-wants option)
                           (printable text)))))

;;; Parsing

(define (add given option value)
  "GIVEN, an alist, with VALUE for OPTION."
  (let* ((key (string->symbol (option-name option)))
         (old (assq-ref given key))
         (new (cond ((not (option-many? option)) value)
                    ((option-argument option) (append (or old '()) (list value)))
                    (else (+ 1 (or old 0))))))
    (acons key new (alist-delete key given eq?))))

(define (parse-options syntax arguments)
  "Take ARGUMENTS, a list of strings, apart as getopt_long(3) does: options and
words in any order, names cut short, letters joined, -- before words only.
Return the list of words and an alist from the names (symbols) of the options
that were given to their values.  Raise `usage' for what SYNTAX does not allow."
  (define options (all-options syntax))
  (define (wants-value option)
    (usage-error syntax (format #f "option '~a' of '~a' wants a value: ~a"
                                (long-name option) (syntax-name syntax)
                                (option-argument option))))
  (define (with-value option value rest)
    ;; VALUE: the text joined to the option, or #f.
    ;; -> what the option is worth, and the arguments behind it
    (cond ((not (option-argument option))
           (when value
             (usage-error syntax (format #f "option '~a' of '~a' takes no value"
                                         (long-name option) (syntax-name syntax))))
           (values #t rest))
          (value (values (converted syntax option value) rest))
          ((option-optional? option) (values #t rest))
          ((null? rest) (wants-value option))
          (else (values (converted syntax option (car rest)) (cdr rest)))))
  (define (long text rest words given)
    (let* ((end (string-index text #\=))
           (option (find-long syntax options (substring text 2 (or end (string-length text))))))
      (call-with-values
          (lambda ()
            (with-value option (and end (substring text (+ end 1))) rest))
        (lambda (value rest) (loop rest words (add given option value))))))
  (define (letters text rest words given)
    (let ((option (find-short syntax options (string-ref text 0)))
          (behind (substring text 1)))
      (if (or (option-argument option) (string-null? behind))
          (call-with-values
              (lambda ()
                (with-value option (and (not (string-null? behind)) behind) rest))
            (lambda (value rest) (loop rest words (add given option value))))
          (letters behind rest words (add given option #t)))))
  (define (loop arguments words given)
    (match arguments
      (() (values (reverse words) given))
      (("--" . rest) (values (append-reverse words rest) given))
      ((text . rest)
       (cond ((string-prefix? "--" text) (long text rest words given))
             ((and (string-prefix? "-" text) (> (string-length text) 1))
              (letters (substring text 1) rest words given))
             (else (loop rest (cons text words) given))))))
  (loop arguments '() '()))

(define (option-ref options name)
  "The value of the option NAME (a symbol) in OPTIONS, the alist that
`call-with-options' gives: its default where it was not given."
  (assq-ref options name))

(define (with-defaults syntax given)
  (fold (lambda (option given)
          (let ((key (string->symbol (option-name option))))
            (if (assq key given)
                given
                (acons key (option-default option) given))))
        given (syntax-options syntax)))

(define (merge-common given common)
  "COMMON with what of it was given after the action, too."
  (fold (lambda (key common)
          (let ((value (assq-ref given key)))
            (cond ((not value) common)
                  ((eq? key 'verbose)
                   (acons key (+ value (or (assq-ref common key) 0))
                          (alist-delete key common eq?)))
                  (else (acons key value (alist-delete key common eq?))))))
        common '(config format verbose color)))

(define (check-words syntax words)
  (let ((count (length words)) (most (syntax-most syntax)))
    (when (< count (syntax-least syntax))
      (usage-error syntax (format #f "'~a' wants ~a" (syntax-name syntax)
                                  (syntax-words syntax))))
    (when (and most (> count most))
      (usage-error syntax (format #f "one argument too many for '~a': ~a"
                                  (syntax-name syntax)
                                  (printable (list-ref words most)))))))

(define (call-with-options syntax arguments common proc)
  "Parse ARGUMENTS as SYNTAX declares and return what (PROC WORDS OPTIONS COMMON)
does, an exit status: OPTIONS is for `option-ref', COMMON the alist of the common
options, those after the action heeded.  --help and --usage print and answer 0.
Raise `usage' for wrong ARGUMENTS."
  (call-with-values (lambda () (parse-options syntax arguments))
    (lambda (words given)
      (cond ((assq-ref given 'help) (display (help-text syntax)) 0)
            ((assq-ref given 'usage) (display (usage-text syntax)) 0)
            (else
             (check-words syntax words)
             (proc words (with-defaults syntax given)
                   (merge-common given common)))))))

(define (choose-word syntax word candidates)
  "WORD, one of the strings CANDIDATES, as a symbol: the part of an action such as
`config check'.  Raise `usage', with the nearest, when it is none of them."
  (if (member word candidates)
      (string->symbol word)
      (let ((near (nearest word candidates)))
        (usage-error syntax (format #f "no such thing as 'sheepdog ~a ~a'"
                                    (syntax-name syntax) (printable word))
                     (if near
                         (format #f "did you mean '~a'?" near)
                         (format #f "it can be ~{~a~^, ~}" candidates))))))
