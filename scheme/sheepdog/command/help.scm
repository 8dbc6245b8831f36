;;; help.scm -- the texts of --help and --usage, made of what is declared
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command help)
  #:use-module (sheepdog command syntax)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (help-text
            usage-text))

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
