;;; syntax.scm -- an action's arguments, declared once
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command syntax)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (option
            option-name option-short option-argument option-optional? option-many?
            option-default option-convert option-wants option-sentence
            long-name
            action-syntax
            syntax-name syntax-words syntax-least syntax-most syntax-sentence
            syntax-options syntax-notes
            all-options))

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

(define (long-name option)
  "Return how OPTION is written: --NAME."
  (string-append "--" (option-name option)))

;;; What every action takes

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
  "Return the options of SYNTAX and the common ones that it does not declare itself."
  (let ((own (syntax-options syntax)))
    (append own
            (remove (lambda (common)
                      (any (lambda (o)
                             (string=? (option-name o) (option-name common)))
                           own))
                    %common-options))))
