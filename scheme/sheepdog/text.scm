;;; text.scm -- words and columns: text of others made fit to be shown
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog text)
  #:use-module (sheepdog core)
  #:export (printable
            text-width
            fit
            pad
            wrap
            shell-word
            nearest
            did-you-mean
            plural
            enumeration))

(define* (printable text #:key (lines? #f))
  "Return TEXT, a string, with control, bidi and invalid characters escaped as in
`\\x1b;'.  Newlines and tabs stay when LINES? is true."
  (%printable text lines?))

(define (text-width text)
  "Return how many columns of a terminal TEXT takes."
  (%text-width text))

(define %ellipsis "…")

(define (fit text width)
  "Return TEXT, cut to WIDTH columns of a terminal with `…' at its end when it is wider."
  (if (<= (%text-width text) width)
      text
      (let cut ((end (min (string-length text) (max 0 (- width 1)))))
        (let ((head (string-take text end)))
          (if (or (zero? end) (< (%text-width head) width))
              (string-append head %ellipsis)
              (cut (- end 1)))))))

(define* (pad text width #:optional (align 'left))
  "Return TEXT, filled with blanks to WIDTH columns and never cut; ALIGN is left or right."
  (let ((blanks (make-string (max 0 (- width (%text-width text))) #\space)))
    (if (eq? align 'right)
        (string-append blanks text)
        (string-append text blanks))))

(define (wrap text width)
  "Return the lines, at most WIDTH columns wide where its words allow it, that TEXT makes."
  (let fill ((words (string-tokenize text)) (line #f) (lines '()))
    (if (null? words)
        (reverse (if line (cons line lines) lines))
        (let ((longer (if line (string-append line " " (car words)) (car words))))
          (if (and line (> (%text-width longer) width))
              (fill words #f (cons line lines))
              (fill (cdr words) longer lines))))))

(define (shell-word text)
  "Return TEXT as one word of a shell: in quotes, where it has what a shell may take for more."
  (if (and (not (string-null? text))
           (string-every (lambda (c)
                           (or (char-alphabetic? c) (char-numeric? c)
                               (memv c (string->list "%+,-./:=@_"))))
                         text))
      text
      (string-append "'" (string-join (string-split text #\') "'\\''") "'")))

(define %farthest 3)                              ;edits

(define (nearest word candidates)
  "Return the string of CANDIDATES (strings) that WORD was most probably meant to be, or #f:
at most three edits away (Levenshtein), and fewer than WORD has characters.  The first of
equally near ones wins."
  (let ((limit (min %farthest (- (string-length word) 1))))
    (let search ((candidates candidates) (best #f) (least (+ limit 1)))
      (if (null? candidates)
          best
          (let ((distance (%edit-distance word (car candidates))))
            (if (< distance least)
                (search (cdr candidates) (car candidates) distance)
                (search (cdr candidates) best least)))))))

(define (did-you-mean word candidates)
  "Return the hint \"did you mean 'X'?\" for the nearest of CANDIDATES to WORD, or #f."
  (let ((found (nearest word candidates)))
    (and found (string-append "did you mean '" found "'?"))))

(define* (plural n noun #:optional (nouns (string-append noun "s")))
  "Return \"1 message\" or \"3 messages\": N and NOUN, or NOUNS unless N is 1."
  (string-append (number->string n) " " (if (= n 1) noun nouns)))

(define* (enumeration words #:optional (conjunction "or"))
  "Return WORDS, a list of strings, as \"a\", \"a or b\", \"a, b or c\"."
  (cond ((null? words) "")
        ((null? (cdr words)) (car words))
        (else (let ((reversed (reverse words)))
                (string-append (string-join (reverse (cdr reversed)) ", ")
                               " " conjunction " " (car reversed))))))
