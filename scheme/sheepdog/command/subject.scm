;;; subject.scm -- the subject or pattern that somebody names on a command line
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command subject)
  #:use-module (sheepdog core)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog error)
  #:use-module (sheepdog history)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog text)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (standing-name
            named-subject
            known-subject
            nearest-subject
            nearest-pattern
            warn-of-nothing))

(define (standing-name standing)
  "Return what STANDING is called, HOST/TAG."
  (string-append (standing-host standing) "/" (standing-tag standing)))

(define %most-hints 8)

(define (only-of-tag db tag)
  "Return the standing of the only host that has TAG, or #f; raise `usage' when several have."
  (match (filter (lambda (s) (string=? tag (standing-tag s)))
                 (subjects db))
    (() #f)
    ((one) one)
    (several
     (let ((names (map (compose printable standing-name) several))
           (rest (- (length several) %most-hints)))
       (raise-error 'usage
                    (format #f "~a hosts have '~a'" (length several) (printable tag))
                    (format #f "one of: ~{~a~^, ~}~a"
                            (if (positive? rest) (take names %most-hints) names)
                            (if (positive? rest) (format #f " and ~a more" rest) "")))))))

(define (named-subject db own-host text)
  "Return the <standing> that TEXT names, or #f: HOST/TAG, or TAG alone, of OWN-HOST or of the only
host that has one; raise `usage' when several have."
  (match (string-index text #\/)
    (#f (or (find-subject db own-host text)
            (only-of-tag db text)))
    (slash (find-subject db (string-downcase (string-take text slash))
                         (string-drop text (+ slash 1))))))

(define (known-subject db place text)
  "Return the <standing> that TEXT names, as `named-subject' does; raise `usage' when there is none."
  (or (named-subject db (string-downcase (place-ref place 'name)) text)
      (let ((near (nearest-subject db text)))
        (raise-error 'usage (format #f "nothing heard of '~a'" (printable text))
                     (if near
                         (format #f "did you mean '~a'?" (printable near))
                         "'sheepdog status --all' shows what there is")))))

(define (of-tag word standings)
  "Return the name of the first of STANDINGS whose tag is WORD, in capitals or not, or #f."
  (and=> (find (lambda (s) (string-ci=? word (standing-tag s))) standings)
         standing-name))

(define (nearest-subject db text)
  "Return the name of a subject of DB that TEXT was probably meant to be, or #f."
  (let ((standings (subjects db)))
    (or (of-tag text standings)
        (nearest text (map standing-name standings)))))

(define (nearest-pattern pattern standings)
  "Return the name of one of STANDINGS, or a pattern for its host, that PATTERN was probably meant
to be, or #f.  Where there is no such host, a bare word may have been meant as a tag."
  (let* ((text (pattern-text pattern))
         (word (and (string-suffix? "/*" text) (string-drop-right text 2))))
    (or (and word
             (not (any (lambda (s) (string-ci=? word (standing-host s))) standings))
             (of-tag word standings))
        (nearest text
                 (append-map (lambda (s)
                               (list (string-append (standing-host s) "/*") (standing-name s)))
                             standings)))))

(define (warn-of-nothing db pattern)
  "Say so, when PATTERN fits nothing that was heard of: it may be a slip."
  (when (null? (subjects db pattern))
    (let ((near (nearest-pattern pattern (subjects db))))
      (%complain (format #f "nothing heard of '~a' yet" (printable (pattern-text pattern)))
                 (and near (format #f "did you mean '~a'?" (printable near)))
                 'warning))))
