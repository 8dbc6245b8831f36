;;; options.scm -- what may stand after an action's name, declared once
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command options)
  #:use-module (sheepdog error)
  #:use-module (sheepdog text)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (option
            option-ref
            action-syntax
            syntax-name
            syntax-sentence
            parse-options
            call-with-options
            choose-word
            string->count
            help-text
            usage-text))

(define-record-type <option>
  (make-option name short argument optional? many? default convert wants sentence)
  option?
  (name option-name)                             ;string, without --
  (short option-short)                           ;character | #f
  (argument option-argument)                     ;string for the help | #f: a flag
  (optional? option-optional?)                   ;its value may be left out
  (many? option-many?)                           ;may be given again: a list, or a count
  (default option-default)
  (convert option-convert)                       ;string -> value | #f: not one
  (wants option-wants)                           ;string: what convert takes
  (sentence option-sentence))

(define* (option name sentence #:key short argument optional? many? default
                 (convert identity) (wants "another value"))
  "Declare the option --NAME, told by SENTENCE.  With ARGUMENT (its name in the
help) it has a value, which CONVERT makes of the string given; CONVERT answers
#f for what is not WANTS (\"a number\").  An OPTIONAL? value left out is #t.
With MANY? its value is the list of all values, of a flag: how often it stood."
  (make-option name short argument optional? many?
               (or default (and many? (if argument '() 0))) convert wants sentence))

(define-record-type <syntax>
  (make-syntax name words least most sentence options notes)
  action-syntax?
  (name syntax-name)                             ;string: the action
  (words syntax-words)                           ;string for the help: "[PATTERN]"
  (least syntax-least)                           ;how many words at least
  (most syntax-most)                             ;at most | #f: any number
  (sentence syntax-sentence)
  (options syntax-options)                       ;list of <option>
  (notes syntax-notes))                          ;list of strings, below the options

(define* (action-syntax name words sentence options
                        #:key (least 0) (most 0) (notes '()))
  "Declare the action NAME: WORDS is how its arguments look in the help, LEAST
and MOST (#f: no limit) how many there may be, SENTENCE what it does, OPTIONS
its own options, NOTES lines that end its help, such as an example."
  (make-syntax name words least most sentence options notes))

(define (string->count text)
  "The number of TEXT, a whole one from 0 on, or #f."
  (and (not (string-null? text))
       (<= (string-length text) 15)
       (string-every (lambda (c) (and (char>=? c #\0) (char<=? c #\9))) text)
       (string->number text)))

(define (one-of . names)
  (lambda (text) (and (member text names) (string->symbol text))))

(define %common-options
  (list (option "config" "Read FILE instead of the usual configuration."
                #:short #\c #:argument "FILE")
        (option "format" "Print text, json, sexp or org."
                #:short #\f #:argument "FORMAT"
                #:convert (one-of "text" "json" "sexp" "org")
                #:wants "text, json, sexp or org")
        (option "verbose" "Tell more; twice: still more." #:short #\v #:many? #t)
        (option "color" "Colour: always, never, or auto: on a terminal."
                #:argument "WHEN" #:convert (one-of "always" "never" "auto")
                #:wants "always, never or auto")
        (option "help" "Print this help." #:short #\h)
        (option "usage" "Print how it is called, short.")))

(define (all-options syntax)
  "The options of SYNTAX and the common ones that it does not declare itself."
  (let ((own (syntax-options syntax)))
    (append own
            (remove (lambda (common)
                      (any (lambda (o)
                             (string=? (option-name o) (option-name common)))
                           own))
                    %common-options))))

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

(define (long-name option) (string-append "--" (option-name option)))

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

;;; Help

(define %width 79)                               ;columns, the last one free
(define %sentences 29)                           ;the column where sentences begin

(define (fill words column width)
  "WORDS, strings, joined by blanks into lines that begin at COLUMN and end before
WIDTH.  Return the list of lines, without the margin."
  (let loop ((words words) (line #f) (lines '()))
    (match words
      (() (reverse (if line (cons line lines) lines)))
      ((word . rest)
       (let ((longer (if line (string-append line " " word) word)))
         (if (and line (> (+ column (string-length longer)) width))
             (loop rest word (cons line lines))
             (loop rest longer lines)))))))

(define (paragraph text column)
  (string-join (fill (string-split text #\space) column %width)
               (string-append "\n" (make-string column #\space))))

(define (written option)
  "How OPTION looks: `  -n, --number=N'."
  (let ((short (option-short option)) (argument (option-argument option)))
    (string-append (cond ((string=? (option-name option) "help") "  -h, -?, ")
                         (short (string-append "  -" (string short) ", "))
                         (else "      "))
                   (long-name option)
                   (cond ((not argument) "")
                         ((option-optional? option) (format #f "[=~a]" argument))
                         (else (string-append "=" argument))))))

(define (option-help option)
  (let ((left (written option)))
    (string-append left
                   (if (< (string-length left) (- %sentences 1))
                       (make-string (- %sentences (string-length left)) #\space)
                       (string-append "\n" (make-string %sentences #\space)))
                   (paragraph (option-sentence option) %sentences)
                   "\n")))

(define (synopsis syntax)
  (string-append "sheepdog " (syntax-name syntax) " [OPTION...]"
                 (if (string-null? (syntax-words syntax)) "" " ")
                 (syntax-words syntax)))

(define (help-text syntax)
  "The text of --help: at most 79 columns, made of the declaration alone."
  (string-append "Usage: " (paragraph (synopsis syntax) 7) "\n"
                 (paragraph (syntax-sentence syntax) 0) "\n\n"
                 (string-concatenate (map option-help (all-options syntax)))
                 (string-concatenate
                  (map (lambda (note) (string-append "\n" (paragraph note 0) "\n"))
                       (syntax-notes syntax)))))

(define (usage-text syntax)
  "The text of --usage: all options in a few lines."
  (define (bracketed option)
    (let ((argument (option-argument option)))
      (string-append "[" (long-name option)
                     (cond ((not argument) "")
                           ((option-optional? option) (format #f "[=~a]" argument))
                           (else (string-append "=" argument)))
                     "]")))
  (let ((lead (string-append "Usage: sheepdog " (syntax-name syntax) " ")))
    (string-append
     lead
     (string-join (fill (append (map bracketed (all-options syntax))
                                (remove string-null?
                                        (string-split (syntax-words syntax) #\space)))
                        (string-length lead) %width)
                  (string-append "\n" (make-string (string-length lead) #\space)))
     "\n")))
