;;; spec.scm -- what may be written under a key, as data
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A key of the configuration and an option inside an entry have one shape, so both are a <spec>:
;; (NAME VALUE... OPTION...).

(define-module (sheepdog config spec)
  #:use-module (sheepdog config types)
  #:use-module (sheepdog config vocabulary)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (spec
            spec?
            spec-name
            spec-label
            spec-values
            spec-options
            spec-sentence
            spec-who
            spec-repeats?
            spec-default
            spec-unique
            spec-needs
            spec-later?
            spec-hint
            spec-option
            spec-single?
            spec-least
            spec-most
            value-forms
            slot-type
            slot-for))

(define-record-type <slot>
  (make-slot type count)
  slot?
  (type slot-type)                                ;<type>
  (count slot-count))                             ;one, optional, some (1 and more), any (0 ...)

(define-record-type <spec>
  (make-spec name label values options sentence who repeats? default unique needs later?
             hint)
  spec?
  (name spec-name)                                ;symbol
  (label spec-label)                              ;string: how errors call it, "'port'"
  (values spec-values)                            ;list of <slot>; only the last takes several
  (options spec-options)                          ;list of <spec>
  (sentence spec-sentence)                        ;string: what it does
  (who spec-who)                                  ;string of C D S; "" for an option
  (repeats? spec-repeats?)                        ;may it be given again?
  (default spec-default)                          ;list of plain values as written | #f: none
  (unique spec-unique)                            ;the first value tells entries apart
  (needs spec-needs)                              ;see `spec'
  (later? spec-later?)                            ;only checked by this version
  (hint spec-hint))                               ;string | #f: for a wrong number of values

(define* (spec name values sentence #:key (who "") (options '()) (repeats? #f) (default #f)
               (unique #f) (needs '()) (later? #f) (hint #f)
               (label (string-append "'" (symbol->string name) "'")))
  "Return what may be written as (NAME VALUE... OPTION...).

VALUES lists types as `find-type' knows them, each perhaps followed by `?' (may be left out),
`+' (one or more) or `*' (any number).  DEFAULT is what is in force when it is not given, a
list of values as they would be written.  UNIQUE, a boolean, forbids two entries with the same
first value.  NEEDS is a list of lists of option names: of each exactly one must be given; of one
that begins with `any', at least one.  HINT helps him who gave too many values, or too few."
  (make-spec name label (parse-values values) options sentence who repeats? default unique
             needs later? hint))

(define (parse-values values)
  (match values
    (() '())
    ((type '? . rest) (cons (make-slot (find-type type) 'optional) (parse-values rest)))
    ((type '+) (list (make-slot (find-type type) 'some)))
    ((type '*) (list (make-slot (find-type type) 'any)))
    ((type . rest) (cons (make-slot (find-type type) 'one) (parse-values rest)))))

(define (spec-option spec name)
  "Return the <spec> of the option NAME (a symbol) of SPEC, or #f."
  (find (lambda (option) (eq? name (spec-name option))) (spec-options spec)))

(define (spec-single? spec)
  "Is what SPEC takes one value at most, which then stands for itself and not for a list?"
  (match (spec-values spec)
    ((slot) (and (memq (slot-count slot) '(one optional)) #t))
    (_ #f)))

(define (spec-least spec)
  "Return how many values SPEC takes at least."
  (count (lambda (slot) (memq (slot-count slot) '(one some))) (spec-values spec)))

(define (spec-most spec)
  "Return how many values SPEC takes at most, #f: any number."
  (and (every (lambda (slot) (memq (slot-count slot) '(one optional))) (spec-values spec))
       (length (spec-values spec))))

(define (slot-for spec index)
  "Return the <slot> of the value INDEX, from 0, of SPEC, or #f when it takes fewer."
  (let ((slots (spec-values spec)))
    (cond ((< index (length slots)) (list-ref slots index))
          ((or (null? slots) (spec-most spec)) #f)
          (else (last slots)))))

(define (value-forms spec)
  "Return how the values of SPEC are written, a list of strings: (\"PATTERN...\")."
  (map (lambda (slot)
         (string-append (type-form (slot-type slot))
                        (match (slot-count slot)
                          ('one "")
                          ('optional "?")
                          (_ "..."))))
       (spec-values spec)))
