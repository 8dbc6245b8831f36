;;; context.scm -- what the checks of one configuration share: its names, and what they found
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config problem)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (make-context
            context-look?
            context-names
            context-problems
            add-problem!
            complain!
            warn!
            warn-no-effect!))

(define-record-type <context>
  (%make-context look? names problems told)
  context?
  (look? context-look?)                           ;load plugins, look at the files named?
  (names all-names)                               ;alist: key -> names declared by its entries
  (problems problems set-problems!)               ;list of <problem>, newest first
  (told told set-told!))                          ;texts of warnings that are given once

(define* (make-context #:key (look? #f) (names '()))
  "Return the context of the check of one configuration.  NAMES is an alist from keys such as
window to the names (symbols) that its entries declare.  With LOOK? true plugins are loaded and
the files named are looked at."
  (%make-context look? names '() '()))

(define (context-names context key)
  "Return the names (symbols) that the entries KEY of the configuration declare."
  (or (assq-ref (all-names context) key) '()))

(define (context-problems context)
  "Return the problems found, in the order in which they were."
  (reverse (problems context)))

(define (add-problem! context problem)
  (set-problems! context (cons problem (problems context))))

(define* (complain! context datum text #:optional hint)
  "Note the error TEXT, with HINT or #f, at DATUM."
  (add-problem! context (problem-at datum text hint)))

(define* (warn! context datum text #:optional hint)
  "Note the warning TEXT, with HINT or #f, at DATUM."
  (add-problem! context (problem-at datum text hint #:warning? #t)))

(define (warn-no-effect! context datum what)
  "Note, once for each WHAT, that this version checks it and does no more."
  (unless (member what (told context))
    (set-told! context (cons what (told context)))
    (warn! context datum (string-append what " is checked but has no effect in this version"))))
