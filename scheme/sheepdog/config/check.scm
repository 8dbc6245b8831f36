;;; check.scm -- one entry of a configuration against the table of keys
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config check)
  #:use-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog config spec)
  #:use-module (sheepdog config types)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (entry?
            entry-spec
            entry-key
            entry-datum
            entry-arguments
            entry-options
            entry-option
            entry-value
            entry-ref
            entry-place
            default-value
            check-entry
            note-first
            the-first-is-at))

(define-record-type <entry>
  (make-entry spec datum arguments options)
  entry?
  (spec entry-spec)                               ;<spec>
  (datum entry-datum)                             ;<datum>: the list, as written
  (arguments entry-arguments)                     ;list of values
  (options entry-options))                        ;list of <entry>

(define (entry-key entry)
  "Return the key of ENTRY, a symbol."
  (spec-name (entry-spec entry)))

(define (entry-place entry)
  "Return \"FILE:LINE\" of ENTRY."
  (datum-place (entry-datum entry)))

(define (value-of spec arguments)
  (cond ((not (spec-single? spec)) arguments)
        ((pair? arguments) (first arguments))
        (else #f)))

(define (entry-value entry)
  "Return what ENTRY says: its value, or the list of its values where it may have several."
  (value-of (entry-spec entry) (entry-arguments entry)))

(define (entry-option entry name)
  "Return the <entry> of the option NAME (a symbol) of ENTRY, or #f; the first, if it repeats."
  (find (lambda (option) (eq? name (entry-key option))) (entry-options entry)))

(define* (entry-ref entry name #:optional (default #f))
  "Return the value of the option NAME (a symbol) of ENTRY; where it is not written, the one
that is in force then, else DEFAULT.  Of an option that repeats: the list of its <entry>s."
  (let ((spec (spec-option (entry-spec entry) name)))
    (cond ((and spec (spec-repeats? spec))
           (filter (lambda (option) (eq? name (entry-key option))) (entry-options entry)))
          ((entry-option entry name) => entry-value)
          ((and spec (spec-default spec)) (default-value spec))
          (else default))))

(define (default-value spec)
  "Return what is in force where SPEC is not written; #f, or () for a list, if nothing is."
  (let ((context (make-context))
        (literals (or (spec-default spec) '())))
    (value-of spec
              (map (lambda (literal index)
                     (convert-value (slot-for spec index) (literal->datum literal)
                                    spec context))
                   literals (iota (length literals))))))

;;; Checking.

(define (convert-value slot datum spec context)
  "Return what DATUM is worth in SLOT of SPEC; a <misfit> is noted in CONTEXT."
  (match ((type-convert (slot-type slot)) datum (spec-name spec) context)
    ((? misfit? misfit)
     (complain! context datum (misfit-text misfit (spec-label spec) datum) (misfit-hint misfit))
     misfit)
    (value value)))

(define %numbers #("no" "one" "two" "three" "four"))

(define (values-wanted spec)
  "Return how many values SPEC wants, in words: \"one value\", \"one or two values\"."
  (let* ((least (spec-least spec))
         (most (spec-most spec))
         (word (lambda (n) (vector-ref %numbers n))))
    (cond ((not most) (string-append "at least " (word least)
                                     (if (= least 1) " value" " values")))
          ((= least most) (string-append (word least) (if (= least 1) " value" " values")))
          (else (string-append (word least) " or " (word most) " values")))))

(define (option-datum? datum spec values-so-far)
  "Is DATUM, written in an entry of SPEC behind VALUES-SO-FAR values, meant as an option?"
  (let ((head (datum-head datum)))
    (and (datum-list? datum)
         (pair? (spec-options spec))
         (or (and head (spec-option spec head) #t)
             (let ((slot (slot-for spec values-so-far)))
               (not (and slot (type-nested? (slot-type slot)))))))))

(define (divide data spec)
  "Return two lists: those of DATA that are values of an entry of SPEC, and its options."
  (let loop ((data data) (values-found '()) (options '()))
    (match data
      (() (values (reverse values-found) (reverse options)))
      ((datum . rest)
       (if (option-datum? datum spec (length values-found))
           (loop rest values-found (cons datum options))
           (loop rest (cons datum values-found) options))))))

(define (check-values entry-datum data spec context)
  "Return the values that DATA mean in an entry of SPEC."
  (let ((given (length data)) (most (spec-most spec)))
    (cond ((or (< given (spec-least spec)) (and most (> given most)))
           (complain! context
                      (if (and most (> given most)) (list-ref data most) entry-datum)
                      (format #f "~a wants ~a, got ~a"
                              (spec-label spec) (values-wanted spec) given)
                      (spec-hint spec))
           '())
          (else
           (remove (lambda (value) (or (nothing? value) (misfit? value)))
                   (map (lambda (datum index)
                          (convert-value (slot-for spec index) datum spec context))
                        data (iota given)))))))

(define (the-first-is-at before datum)
  "Return the hint that leads from DATUM to BEFORE, which stands before it."
  (string-append "the first is at " (datum-position before (datum-file datum))))

(define (note-first context name seen)
  "Complain when NAME, the datum of a key, is in SEEN, an alist from the keys that were given
to their data.  Return SEEN with it."
  (let* ((key (datum-value name))
         (before (assq-ref seen key)))
    (cond (before
           (complain! context name (string-append "'" (symbol->string key) "' given twice")
                      (the-first-is-at before name))
           seen)
          (else (acons key name seen)))))

(define (check-options data spec context)
  "Return the <entry>s of DATA, the options of an entry of SPEC."
  (define known (map (lambda (option) (symbol->string (spec-name option)))
                     (spec-options spec)))
  (define (unknown datum)
    (let ((name (and (datum-head datum) (symbol->string (datum-head datum)))))
      (if name
          (complain! context (datum-name datum)
                     (string-append "unknown option '" name "' of " (spec-label spec))
                     (did-you-mean name known))
          (complain! context datum
                     (string-append "expected an option of " (spec-label spec) ", got "
                                    (datum->text datum))))))
  (let loop ((data data) (seen '()) (entries '()))
    (match data
      (() (reverse entries))
      ((datum . rest)
       (let ((option (and (datum-head datum) (spec-option spec (datum-head datum)))))
         (if option
             (let ((seen (if (spec-repeats? option)
                             seen
                             (note-first context (datum-name datum) seen))))
               (loop rest seen (cons (check-entry datum option context #:within spec) entries)))
             (begin
               (unknown datum)
               (loop rest seen entries))))))))

(define (check-needs datum given spec context)
  "Complain in CONTEXT when the names GIVEN (symbols) lack what an entry of SPEC needs."
  (define (written name)
    (string-append "(" (symbol->string name) " ...)"))
  (define (check alternatives at-least-one?)
    (match (filter (lambda (name) (memq name given)) alternatives)
      (() (complain! context datum
                     (string-append (spec-label spec) " wants "
                                    (enumeration (map written alternatives)))))
      ((_) #t)
      ((one other . _)
       (unless at-least-one?
         (complain! context datum
                    (format #f "'~a' and '~a' exclude each other" one other))))))
  (for-each (match-lambda
              (('any . alternatives) (check alternatives #t))
              (alternatives (check alternatives #f)))
            (spec-needs spec)))

(define* (check-entry datum spec context #:key (within #f))
  "Return the <entry> that DATUM, a list that begins with its name, is by SPEC.  What is wrong
with it is noted in CONTEXT.  WITHIN is the <spec> whose option it is."
  (define (warn-if-later)
    (when (and (spec-later? spec) (not (and within (spec-later? within))))
      (warn-no-effect! context datum
                       (if within
                           (string-append (spec-label spec) " of " (spec-label within))
                           (spec-label spec)))))
  (warn-if-later)
  (call-with-values (lambda () (divide (cdr (datum-items datum)) spec))
    (lambda (value-data option-data)
      (let ((arguments (check-values datum value-data spec context))
            (options (check-options option-data spec context)))
        (check-needs datum (filter-map datum-head option-data) spec context)
        (make-entry spec datum arguments options)))))
