;;; unmatched.scm -- patterns of a configuration that fit nothing that was ever heard of
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Most likely a slip of the pen, but it may be of a machine that is still to come: a warning.

(define-module (sheepdog unmatched)
  #:use-module (sheepdog config)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (unmatched-patterns))

(define (strings datum)
  "Return the strings among the items of DATUM, a list, as data."
  (filter (lambda (item) (string? (datum-value item)))
          (cdr (datum-items datum))))

(define (option-strings entry name)
  (match (entry-option entry name)
    (#f '())
    (option (strings (entry-datum option)))))

(define (plain? datum)
  (and=> (pattern (datum-value datum)) pattern-plain?))

;; What is expected by its name is a subject, heard of or not.
(define (pattern-data config)
  "Return the data of CONFIG that are patterns of subjects."
  (define (of key data)
    (append-map data (config-entries config key)))
  (define (own entry)
    (strings (entry-datum entry)))
  (append (remove plain? (of 'expect own))
          (of 'notify (lambda (entry) (option-strings entry 'subject)))
          (of 'silence own)
          (of 'escalate own)
          (of 'depends (lambda (entry) (append (own entry) (option-strings entry 'on))))))

(define (expected-names config)
  "Return the subjects, (HOST . TAG), that CONFIG expects by their name."
  (filter-map (lambda (datum)
                (match (pattern-names (pattern (datum-value datum)))
                  ((and name (host . tag)) (and host tag name))))
              (append-map (lambda (entry) (strings (entry-datum entry)))
                          (config-entries config 'expect))))

(define (unmatched-patterns config subjects)
  "Return a warning, a <problem>, for each pattern of CONFIG that fits none of SUBJECTS, pairs (HOST .
TAG); none where nothing was heard of yet."
  (let ((known (append (expected-names config) subjects)))
    (define (fits-one? datum)
      (let ((pattern (pattern (datum-value datum))))
        (any (match-lambda ((host . tag) (pattern-matches? pattern host tag)))
             known)))
    (define (nearest-name datum)
      (nearest (datum-value datum)
               (map (match-lambda ((host . tag) (string-append host "/" tag))) known)))
    (if (null? subjects)
        '()
        (map (lambda (datum)
               (let ((near (nearest-name datum)))
                 (problem-at datum
                             (string-append (datum->text datum)
                                            " fits no subject that was ever heard of")
                             (and near (string-append "did you mean \"" near "\"?"))
                             #:warning? #t)))
             (remove fits-one? (pattern-data config))))))
