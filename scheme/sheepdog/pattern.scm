;;; pattern.scm -- HOST/TAG with shell wildcards
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The first `/' divides host and tag; a `*' in the tag matches further ones.  Wildcards are those
;; of fnmatch(3) without flags: * ? [a-z] [!a-z], and a backslash takes their meaning away.

(define-module (sheepdog pattern)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (pattern
            pattern?
            pattern-text
            pattern-plain?
            pattern-names
            pattern-matches?
            glob?))

(define-record-type <pattern>
  (make-pattern text host tag)
  pattern?
  (text pattern-text)                            ;string, as written
  (host pattern-host)                            ;vector of glob items, see `compile-glob'
  (tag pattern-tag))                             ;the same

(define* (pattern text #:key (bare? #f))
  "Return the compiled pattern TEXT, or #f if it is no HOST/TAG.  With BARE? true a TEXT
without `/' means TEXT/*."
  (match (string-index text #\/)
    (#f (and bare?
             (not (string-null? text))
             (pattern (string-append text "/*"))))
    (slash (let ((host (string-take text slash))
                 (tag (string-drop text (+ slash 1))))
             (and (not (string-null? host))
                  (not (string-null? tag))
                  (make-pattern text (compile-glob (string-downcase host))
                                (compile-glob tag)))))))

(define (pattern-names pattern)
  "Return (HOST . TAG): the strings that the two parts of PATTERN are; #f for one with wildcards."
  (define (name glob)
    (and (every-item char? glob)
         (list->string (vector->list glob))))
  (cons (name (pattern-host pattern)) (name (pattern-tag pattern))))

(define (pattern-plain? pattern)
  "Is PATTERN without wildcards, the name of one subject?"
  (match (pattern-names pattern)
    ((host . tag) (and host tag #t))))

(define (pattern-matches? pattern host tag)
  "Does PATTERN fit the subject HOST/TAG (strings; HOST in lower case, as stored)?"
  (and (glob-matches? (pattern-host pattern) host)
       (glob-matches? (pattern-tag pattern) tag)))

;;; A glob is a vector of items: a character, `any' (one character), `many' (any number of them)
;;; or a procedure, char -> boolean, of a set in brackets.

(define (compile-glob text)
  (let compile ((rest (string->list text)) (items '()))
    (match rest
      (() (list->vector (reverse items)))
      ((#\* #\* . rest) (compile (cons #\* rest) items))
      ((#\* . rest) (compile rest (cons 'many items)))
      ((#\? . rest) (compile rest (cons 'any items)))
      ((#\\ character . rest) (compile rest (cons character items)))
      ((#\[ . set)
       (match (compile-set set)
         ((fits? . rest) (compile rest (cons fits? items)))
         (#f (compile set (cons #\[ items)))))    ;never closed: an ordinary character
      ((character . rest) (compile rest (cons character items))))))

(define (compile-set characters)
  "Return (FITS? . REST) for the set that CHARACTERS begin with, behind its bracket, or #f
when it is never closed."
  (define negated? (and (pair? characters) (memv (car characters) '(#\! #\^)) #t))
  (define body (if negated? (cdr characters) characters))
  (let collect ((rest body) (ranges '()))
    (match rest
      ((#\] . rest)
       (if (null? ranges)                         ;first in the set it stands for itself
           (collect rest (list (cons #\] #\])))
           (cons (lambda (character)
                   (let ((inside? (any-range? character ranges)))
                     (if negated? (not inside?) inside?)))
                 rest)))
      ((from #\- (and until (not #\])) . rest)
       (collect rest (cons (cons from until) ranges)))
      ((character . rest) (collect rest (cons (cons character character) ranges)))
      (() #f))))

(define (any-range? character ranges)
  (and (pair? ranges)
       (or (char<=? (caar ranges) character (cdar ranges))
           (any-range? character (cdr ranges)))))

(define (every-item holds? glob)
  (let check ((i 0))
    (or (= i (vector-length glob))
        (and (holds? (vector-ref glob i)) (check (+ i 1))))))

(define (item-fits? item character)
  (cond ((char? item) (char=? item character))
        ((eq? item 'any) #t)
        (else (item character))))

(define (glob? pattern text)
  "Does PATTERN, text with shell wildcards, fit the whole of TEXT?"
  (glob-matches? (compile-glob pattern) text))

(define (glob-matches? glob text)
  "Does GLOB fit the whole of TEXT?  Only the last `many' is ever tried again, so the cost is at
most the product of both lengths."
  (define items (vector-length glob))
  (define end (string-length text))
  (let match-from ((i 0) (at 0) (many #f) (resume #f))
    (define (try-again)
      (and many
           (< resume end)
           (match-from (+ many 1) (+ resume 1) many (+ resume 1))))
    (cond ((and (< i items) (eq? (vector-ref glob i) 'many))
           (match-from (+ i 1) at i at))
          ((= at end) (= i items))
          ((and (< i items) (item-fits? (vector-ref glob i) (string-ref text at)))
           (match-from (+ i 1) (+ at 1) many resume))
          (else (try-again)))))
